/// `lori teach`, `lori distill` and `lori evaluate`.
module LoRi.Cli.Commands.Stages

open System
open System.Threading
open System.Runtime.InteropServices
open LoRi.Cli
open LoRi.Training
open LoRi.Training.Data
open LoRi.Training.Runs

/// Runs `work` with a token that Ctrl-C and SIGTERM cancel: the run saves a checkpoint and stops.
let private interruptible (work: CancellationToken -> unit) =
    use source = new CancellationTokenSource()

    let stop (context: PosixSignalContext) =
        context.Cancel <- true
        source.Cancel()

    use _ = PosixSignalRegistration.Create(PosixSignal.SIGINT, Action<_> stop)
    use _ = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Action<_> stop)
    work source.Token

let private train (terminal: Terminal) (native: NativeRuntimeOptions) (settings: RunSettings) =
    for path in Seq.append (Option.toList (Option.ofObj settings.Train.Model)) (Option.toList (Option.ofObj settings.Train.Teacher)) do
        CommandLine.existing "model" path |> ignore

    NativeRuntime.Load(native.WithThreads(settings.Train.Threads))
    interruptible (fun stop -> TrainingStage.Run(settings, terminal.Error, stop) |> ignore)

/// Trains the explicit teacher.
let teach terminal native arguments =
    train terminal native (Training.teachSettings arguments)

/// Trains one student.
let distill terminal native arguments =
    train terminal native (Training.distillSettings arguments)

let private evaluationOptions (options: Argu.ParseResults<EvaluateArgs>) =
    let reading =
        DataOptions(
            Format = Option.toNullable (options.TryGetResult EvaluateArgs.Format |> Option.map (CommandLine.choice<DataFormat> "format")),
            SkipBadLines = options.Contains EvaluateArgs.Skip_Bad_Lines,
            Limit = Option.toNullable (options.TryGetResult EvaluateArgs.Limit),
            QuestionColumn = options.GetResult(EvaluateArgs.Question_Column, "question"),
            RationaleColumn = options.GetResult(EvaluateArgs.Rationale_Column, "rationale"),
            AnswerColumn = options.GetResult(EvaluateArgs.Answer_Column, "answer")
        )

    EvaluationOptions(
        Model = CommandLine.existing "model" (options.GetResult EvaluateArgs.Model),
        Data = options.GetResult EvaluateArgs.Data,
        Output = options.GetResult EvaluateArgs.Output,
        Tokenizer = Option.toObj (options.TryGetResult EvaluateArgs.Tokenizer),
        LatentSteps = Option.toNullable (options.TryGetResult EvaluateArgs.Latent_Steps),
        AnswerPrefix = Option.toObj (options.TryGetResult EvaluateArgs.Answer_Prefix),
        WritePrefix = options.Contains Write_Prefix,
        MaxNewTokens = options.GetResult(EvaluateArgs.Max_New_Tokens, 256),
        BatchSize = options.GetResult(EvaluateArgs.Batch_Size, 16),
        Dtype = CommandLine.choiceOr "dtype" (options.TryGetResult EvaluateArgs.Dtype) DtypeOption.F32,
        Device = CommandLine.choiceOr "device" (options.TryGetResult EvaluateArgs.Device) DeviceOption.Cpu,
        Seed = Option.toNullable (options.TryGetResult EvaluateArgs.Seed),
        Reading = reading
    )

/// Answers and scores a data set.
let evaluate (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let options = CommandLine.parse<EvaluateArgs> "evaluate" arguments
    let evaluation = evaluationOptions options
    NativeRuntime.Load(native.WithThreads(Option.toNullable (options.TryGetResult EvaluateArgs.Threads)))
    let result = EvaluationStage.Run(evaluation, Action<string>(fun line -> terminal.Error.WriteLine line))

    if options.Contains EvaluateArgs.Json then
        terminal.Out.WriteLine(IO.File.ReadAllText(IO.Path.Combine(evaluation.Output, "evaluation.json")).Replace("\n", ""))
    else
        let percent count = $"%.1f{100.0 * float count / float result.Examples} %%"

        Terminal.writeTable
            terminal
            [ "examples"; "correct"; "accuracy"; "95 % interval"; "strict"; "rules disagree"; "tokens"; "s" ]
            [ [ string result.Examples
                string result.Correct
                percent result.Correct
                $"%.1f{100.0 * result.Interval.Low} to %.1f{100.0 * result.Interval.High}"
                percent result.CorrectStrict
                string result.Disagreements
                string result.TokensGenerated
                $"%.1f{result.Seconds}" ] ]
