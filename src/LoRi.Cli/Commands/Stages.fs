/// `lori teach`, `lori distill` and `lori evaluate`.
module LoRi.Cli.Commands.Stages

open System
open System.Threading
open System.Runtime.InteropServices
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Files.Data
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Runs.Evaluate
open LoRi.Runs.RunFolders
open LoRi.Runs.Settings
open LoRi.Runs.Training

/// Runs `work` with a token that Ctrl-C and SIGTERM cancel: the run saves what it has and stops. A second signal ends the
/// program at once.
let private interruptible (work: CancellationToken -> 'result) =
    use source = new CancellationTokenSource()

    let stop (context: PosixSignalContext) =
        context.Cancel <- not source.IsCancellationRequested
        source.Cancel()

    use _ = PosixSignalRegistration.Create(PosixSignal.SIGINT, Action<_> stop)
    use _ = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Action<_> stop)
    work source.Token

/// What a run reads, with the options that name it; all of it must be there before the run's folder is made.
let private inputs (settings: RunSettings) =
    let named =
        [
            "model", settings.Train.Model
            "teacher", settings.Train.Teacher
            "tokenizer", settings.Train.Tokenizer
            "subspace", settings.LoRi.SubspaceFile
        ]

    [ for option, path in named -> option, Option.ofObj path ]
    @ [ for path in settings.Train.Data -> "data", Some path ]

let private train (terminal: Terminal) (native: NativeRuntimeOptions) arguments (settings: RunSettings) =
    for option, path in inputs settings do
        Option.iter (CommandLine.existing option >> ignore) path

    match settings.TeacherShape() with
    | null -> ()
    | shape ->
        CommandLine.blaming arguments (fun () -> settings.LoRi.ValidateShape(nonNull settings.Train.Teacher, shape))

    // A script that goes on with what this run leaves must not take half a run for a whole one.
    let run stop =
        ProgressScreen.using terminal.Error (fun screen ->
            screen.Phase(RunPhase "loading libtorch")
            NativeRuntime.Load(native.WithThreads(settings.Train.Threads))
            TrainingStage.Run(settings, screen, stop))

    if not (interruptible run) then
        raise (
            InputException
                $"{settings.Train.Output}: the run was stopped before its end; the same command with --resume goes on"
        )

    NextSteps.tell terminal (NextSteps.afterTraining settings)

/// Trains the explicit teacher.
let teach terminal native arguments =
    train terminal native arguments (Training.teachSettings arguments)

/// Trains one student.
let distill terminal native arguments =
    train terminal native arguments (Training.distillSettings arguments)

let private evaluationOptions (options: Argu.ParseResults<EvaluateArgs>) =
    let reading =
        DataOptions(
            Format =
                Option.toNullable (
                    options.TryGetResult EvaluateArgs.Format
                    |> Option.map (CommandLine.choice<DataFormat> "format")
                ),
            SkipBadLines = options.Contains EvaluateArgs.Skip_Bad_Lines,
            Limit = Option.toNullable (options.TryGetResult EvaluateArgs.Limit),
            QuestionColumn = options.GetResult(EvaluateArgs.Question_Column, "question"),
            RationaleColumn = options.GetResult(EvaluateArgs.Rationale_Column, "rationale"),
            AnswerColumn = options.GetResult(EvaluateArgs.Answer_Column, "answer")
        )

    EvaluationOptions(
        Model = options.GetResult EvaluateArgs.Model,
        Data = options.GetResult EvaluateArgs.Data,
        Output = options.GetResult EvaluateArgs.Output,
        Tokenizer = Option.toObj (options.TryGetResult EvaluateArgs.Tokenizer),
        LatentSteps = Option.toNullable (options.TryGetResult EvaluateArgs.Latent_Steps),
        AnswerPrefix = Option.toObj (options.TryGetResult EvaluateArgs.Answer_Prefix),
        WritePrefix = options.Contains Write_Prefix,
        QuestionText =
            CommandLine.choiceOr "question-text" (options.TryGetResult EvaluateArgs.Question_Text) QuestionText.AsIs,
        DataName = Option.toObj (options.TryGetResult EvaluateArgs.Data_Name),
        MaxNewTokens = options.GetResult(EvaluateArgs.Max_New_Tokens, 256),
        BatchSize = options.GetResult(EvaluateArgs.Batch_Size, 16),
        LatencyQuestions = options.GetResult(Latency_Questions, 10),
        Dtype = CommandLine.choiceOr "dtype" (options.TryGetResult EvaluateArgs.Dtype) DtypeOption.F32,
        Device = CommandLine.choiceOr "device" (options.TryGetResult EvaluateArgs.Device) DeviceOption.Cpu,
        Threads = Option.toNullable (options.TryGetResult EvaluateArgs.Threads),
        Seed = Option.toNullable (options.TryGetResult EvaluateArgs.Seed),
        Resume = options.Contains EvaluateArgs.Resume,
        Reading = reading
    )

/// Refuses numbers out of range and options that contradict each other.
let private checkEvaluation (options: Argu.ParseResults<EvaluateArgs>) =
    for option, value in
        [
            "batch-size", options.TryGetResult EvaluateArgs.Batch_Size
            "max-new-tokens", options.TryGetResult EvaluateArgs.Max_New_Tokens
            "limit", options.TryGetResult EvaluateArgs.Limit
            "threads", options.TryGetResult EvaluateArgs.Threads
            "latent-steps", options.TryGetResult EvaluateArgs.Latent_Steps
        ] do
        CommandLine.atLeastOne option value

    match options.TryGetResult Latency_Questions with
    | Some count when count < 0 -> raise (UsageException $"--latency-questions {count}: must be at least 0")
    | _ -> ()

    match options.TryGetResult EvaluateArgs.Answer_Prefix with
    | Some prefix when options.Contains Write_Prefix ->
        raise (
            UsageException
                $"--answer-prefix {prefix} and --write-prefix contradict each other: a prefix is fed, or the model writes it"
        )
    | _ -> ()

/// Settings of an evaluation that cannot stand beside each other.
let replacing = [ "write_prefix", "answer_prefix" ]

/// Answers and scores a data set.
let evaluate (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let options = CommandLine.parseWithFile<EvaluateArgs> "evaluate" replacing arguments

    let evaluation =
        CommandLine.blaming arguments (fun () ->
            checkEvaluation options
            let chosen = evaluationOptions options
            chosen.Validate()
            chosen)

    CommandLine.existing "model" evaluation.Model |> ignore

    for path in evaluation.Data do
        CommandLine.existing "data" path |> ignore

    NativeRuntime.Load(native.WithThreads evaluation.Threads)
    let tell = Action<string>(fun line -> terminal.Error.WriteLine line)
    let found = interruptible (fun stop -> EvaluationStage.Run(evaluation, tell, stop))

    match found with
    | null ->
        raise (
            InputException
                $"{evaluation.Output}: the evaluation was stopped before its end; the same command with --resume goes on"
        )
    | found when options.Contains EvaluateArgs.Json ->
        let written =
            IO.File.ReadAllText(IO.Path.Combine(evaluation.Output, "evaluation.json"))

        EvaluationTable.warn terminal found
        terminal.Out.WriteLine(written.Replace("\n", ""))
    | found ->
        EvaluationTable.warn terminal found
        EvaluationTable.show terminal found
        NextSteps.tell terminal (NextSteps.afterEvaluation evaluation)

let private trajectoriesOptions (options: Argu.ParseResults<TrajectoriesArgs>) =
    let reading =
        DataOptions(
            Format =
                Option.toNullable (
                    options.TryGetResult TrajectoriesArgs.Format
                    |> Option.map (CommandLine.choice<DataFormat> "format")
                ),
            SkipBadLines = options.Contains TrajectoriesArgs.Skip_Bad_Lines,
            Limit = Option.toNullable (options.TryGetResult TrajectoriesArgs.Limit),
            QuestionColumn = options.GetResult(TrajectoriesArgs.Question_Column, "question"),
            RationaleColumn = options.GetResult(TrajectoriesArgs.Rationale_Column, "rationale"),
            AnswerColumn = options.GetResult(TrajectoriesArgs.Answer_Column, "answer"),
            Annotations =
                CommandLine.choiceOr
                    "annotations"
                    (options.TryGetResult TrajectoriesArgs.Annotations)
                    AnnotationHandling.Strip
        )

    TrajectoriesOptions(
        Model = options.GetResult TrajectoriesArgs.Model,
        Data = options.GetResult TrajectoriesArgs.Data,
        Output = options.GetResult TrajectoriesArgs.Output,
        Tokenizer = Option.toObj (options.TryGetResult TrajectoriesArgs.Tokenizer),
        Levels = CommandLine.asUsage (fun () -> LevelSelection.Parse(options.GetResult(TrajectoriesArgs.Levels, "all"))),
        TeacherText =
            CommandLine.choiceOr
                "teacher-text"
                (options.TryGetResult TrajectoriesArgs.Teacher_Text)
                TeacherTextOption.Full,
        AnswerPrefix = Option.toObj (options.TryGetResult TrajectoriesArgs.Answer_Prefix),
        BatchSize = options.GetResult(TrajectoriesArgs.Batch_Size, 16),
        Dtype = CommandLine.choiceOr "dtype" (options.TryGetResult TrajectoriesArgs.Dtype) DtypeOption.F32,
        Device = CommandLine.choiceOr "device" (options.TryGetResult TrajectoriesArgs.Device) DeviceOption.Cpu,
        MaxTokens = Option.toNullable (options.TryGetResult TrajectoriesArgs.Max_Tokens),
        ShardSize = StorageSize.Parse("--shard-size", options.GetResult(TrajectoriesArgs.Shard_Size, "4GiB")),
        Reading = reading
    )

/// Writes a teacher's trajectories.
let trajectories (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let options =
        CommandLine.parseWithFile<TrajectoriesArgs> "trajectories" [] arguments

    let settings =
        CommandLine.blaming arguments (fun () ->
            for option, value in
                [
                    "batch-size", options.TryGetResult TrajectoriesArgs.Batch_Size
                    "limit", options.TryGetResult TrajectoriesArgs.Limit
                    "max-tokens", options.TryGetResult TrajectoriesArgs.Max_Tokens
                    "threads", options.TryGetResult TrajectoriesArgs.Threads
                ] do
                CommandLine.atLeastOne option value

            let chosen = trajectoriesOptions options
            chosen.Validate()
            chosen)

    CommandLine.existing "model" settings.Model |> ignore

    for path in settings.Data do
        CommandLine.existing "data" path |> ignore

    CommandLine.notAnInput (Seq.append [ ModelLoader.Resolve settings.Model ] settings.Data) settings.Output
    NativeRuntime.Load(native.WithThreads(Option.toNullable (options.TryGetResult TrajectoriesArgs.Threads)))

    let result =
        TrajectoriesStage.Run(settings, Action<string>(fun line -> terminal.Error.WriteLine line))

    if options.Contains TrajectoriesArgs.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "files", Json.list (Seq.map Json.text result.Files)
                    "examples", Json.whole result.Examples
                    "tokens", Json.number (float result.Tokens)
                    "without_rationale", Json.whole result.WithoutRationale
                    "too_long", Json.whole result.TooLong
                    "seconds", Json.number result.Seconds
                ])
    else
        Terminal.writeFields
            terminal
            [
                "written", String.Join(", ", result.Files)
                "examples",
                $"{result.Examples} ({result.WithoutRationale} without rationale, {result.TooLong} left out as too long)"
                "tokens", string result.Tokens
                "seconds", $"%.1f{result.Seconds}"
            ]
