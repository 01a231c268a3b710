/// `lori teach`, `lori distill` and `lori evaluate`.
module LoRi.Cli.Commands.Stages

open System
open System.Threading
open System.Runtime.InteropServices
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Runs.Evaluate
open LoRi.Runs.Probe
open LoRi.Runs.RunFolders
open LoRi.Runs.Settings
open LoRi.Runs.Training

/// Runs `work` with a token that Ctrl-C and SIGTERM cancel: the run saves what it has and stops. A second signal ends the
/// program at once.
let interruptible (work: CancellationToken -> 'result) =
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
            for input in settings.Method.About.Inputs do
                input.Key, settings.Values.Get input
        ]

    [ for option, path in named -> option, Option.ofObj path ]
    @ [ for path in settings.Train.Data -> "data", Some path ]

let private train (terminal: Terminal) (native: NativeRuntimeOptions) (settings: RunSettings) =
    for option, path in inputs settings do
        Option.iter (CommandLine.existing option >> ignore) path

    // A script that uses what this run leaves must not take half a run for a whole one.
    let run stop =
        ProgressScreen.using terminal.Error (fun screen ->
            screen.Phase(RunPhase "loading libtorch")
            NativeRuntime.Load(native.WithThreads(settings.Train.Threads))
            TrainingStage.Run(settings, screen, stop))

    if not (interruptible run) then
        raise (
            InputException
                $"{settings.Train.Output}: the run was stopped before its end; the same command with --resume continues it"
        )

    NextSteps.tell terminal (NextSteps.afterTraining settings)

/// Trains the explicit teacher.
let teach terminal native arguments =
    train terminal native (RunSettings(Commands.Teach, SettingOptions.read Commands.Teach arguments))

/// Trains one student.
let distill terminal native arguments =
    train terminal native (RunSettings(Commands.Distill, SettingOptions.read Commands.Distill arguments))

/// Answers and scores a data set.
let evaluate (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let evaluation = EvaluationOptions(SettingOptions.read Commands.Evaluate arguments)

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
                $"{evaluation.Output}: the evaluation was stopped before its end; the same command with --resume continues it"
        )
    | found when evaluation.Values.Get StageSettings.Json ->
        let written =
            IO.File.ReadAllText(IO.Path.Combine(evaluation.Output, "evaluation.json"))

        EvaluationTable.warn terminal found
        terminal.Out.WriteLine(written.Replace("\n", ""))
    | found ->
        EvaluationTable.warn terminal found
        EvaluationTable.show terminal found
        NextSteps.tell terminal (NextSteps.afterEvaluation evaluation)

/// Answers questions with and without what latent steps are fed.
let probe (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = SettingOptions.read ProbeSettings.All arguments
    let model = nonNull (given.Get AnswerSettings.Model)
    CommandLine.existing "model" model |> ignore

    for path in given.Get AnswerSettings.Data do
        CommandLine.existing "data" path |> ignore

    let output = given.Get ProbeSettings.Output

    // A probe that lies in a model's folder may be made anew.
    let read =
        [
            yield! given.Get AnswerSettings.Data
            if IO.Path.GetFileName output <> ProbeSettings.UsualName then
                ModelLoader.Resolve model
        ]

    CommandLine.notAnInput read output

    NativeRuntime.Load(native.WithThreads(given.Get StageSettings.Threads))
    let tell = Action<string>(fun line -> terminal.Error.WriteLine line)

    let found =
        try
            interruptible (fun stop -> ProbeStage.Run(given, tell, stop))
        with :? OperationCanceledException ->
            raise (
                InputException
                    $"{given.Get ProbeSettings.Output}: the probe was stopped before its end; nothing was written"
            )

    if given.Get StageSettings.Json then
        terminal.Out.WriteLine((IO.File.ReadAllText(given.Get ProbeSettings.Output)).Replace("\n", ""))
    else
        ProbeTable.show terminal found

/// Writes a teacher's trajectories.
let trajectories (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read Commands.Trajectories arguments
    let model = nonNull (settings.Get AnswerSettings.Traced)
    let data = settings.Get AnswerSettings.Data
    CommandLine.existing "model" model |> ignore

    for path in data do
        CommandLine.existing "data" path |> ignore

    CommandLine.notAnInput (Seq.append [ ModelLoader.Resolve model ] data) (settings.Get AnswerSettings.TraceOutput)
    NativeRuntime.Load(native.WithThreads(settings.Get StageSettings.Threads))

    let result =
        TrajectoriesStage.Run(settings, Action<string>(fun line -> terminal.Error.WriteLine line))

    if settings.Get StageSettings.Json then
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
