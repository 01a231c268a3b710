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
open LoRi.Training.Ranks

/// The signal that batch systems send a while before they end a job, by its number.
let private userSignal: PosixSignal =
    enum (if OperatingSystem.IsMacOS() then 30 else 10)

/// How long further signals are taken for the first one, which a launcher and a batch system may both hand on.
let private oneSignal = TimeSpan.FromSeconds 5.0

/// Runs `work` with a token that Ctrl-C, SIGTERM and SIGUSR1 cancel: the run saves what it has and stops. A second signal, but a
/// SIGUSR1, ends the program at once, and where it was launched not before some seconds.
let interruptibleShare launched (work: CancellationToken -> 'result) =
    use source = new CancellationTokenSource()
    let since = Diagnostics.Stopwatch()

    let stop (context: PosixSignalContext) =
        context.Cancel <-
            context.Signal = userSignal
            || not source.IsCancellationRequested
            || launched && since.Elapsed < oneSignal

        since.Start()
        source.Cancel()

    let registered =
        [
            PosixSignal.SIGINT
            PosixSignal.SIGTERM
            if not (OperatingSystem.IsWindows()) then
                userSignal
        ]
        |> List.map (fun signal -> PosixSignalRegistration.Create(signal, Action<_> stop))

    try
        work source.Token
    finally
        for registration in registered do
            registration.Dispose()

/// The same of a process that works by itself.
let interruptible work = interruptibleShare false work

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

/// Trains in this process, or in this one of several; true where the run came to its end.
let private trainShare
    (terminal: Terminal)
    (native: NativeRuntimeOptions)
    (settings: RunSettings)
    (ranks: ICommunicator)
    =
    for option, path in inputs settings do
        Option.iter (CommandLine.existing option >> ignore) path

    let settings =
        if ranks.Size > 1 then
            settings.With(StageSettings.Threads, Ranks.threads settings.Train.Threads ranks)
        else
            settings

    let run (screen: IRunScreen | null) stop =
        NativeRuntime.Load(native.WithThreads(settings.Train.Threads))
        TrainingStage.Run(settings, screen, stop, ranks)

    interruptibleShare (ranks.Size > 1) (fun stop ->
        if ranks.Rank > 0 then
            run null stop
        else
            ProgressScreen.using terminal.Error (fun screen ->
                screen.Phase(RunPhase "loading libtorch")
                run screen stop))

let private train (terminal: Terminal) (native: NativeRuntimeOptions) (settings: RunSettings) =
    let follows = Ranks.follows settings.Train.Ranks

    let share =
        if settings.Train.DryRun then
            RanksOption.Alone
        else
            settings.Train.Ranks

    if follows && settings.Train.DryRun then
        ()
    // A script that uses what this run leaves must not take half a run for a whole one.
    elif
        not (Ranks.together share (settings.Values.Get StageSettings.RankTimeout) (trainShare terminal native settings))
    then
        if follows then
            raise Ranks.EndedTogether

        raise (
            InputException
                $"{settings.Train.Output}: the run was stopped before its end; the same command with --resume continues it"
        )
    elif not follows then
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

    let tell = Action<string>(fun line -> terminal.Error.WriteLine line)
    let option = evaluation.Values.Get StageSettings.Ranks

    let answer (ranks: ICommunicator) =
        CommandLine.existing "model" evaluation.Model |> ignore

        for path in evaluation.Data do
            CommandLine.existing "data" path |> ignore

        let threads = Ranks.threads evaluation.Threads ranks
        NativeRuntime.Load(native.WithThreads threads)

        interruptibleShare (ranks.Size > 1) (fun stop -> EvaluationStage.Run(evaluation, tell, stop, ranks))

    match Ranks.together option (evaluation.Values.Get StageSettings.RankTimeout) answer with
    | _ when Ranks.follows option -> ()
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

let private tellTrajectories (terminal: Terminal) json (result: TrajectoriesResult) =
    if json then
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

/// Writes a teacher's trajectories.
let trajectories (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read Commands.Trajectories arguments
    let option = settings.Get StageSettings.Ranks

    let trace (ranks: ICommunicator) =
        let model = nonNull (settings.Get AnswerSettings.Traced)
        let data = settings.Get AnswerSettings.Data
        CommandLine.existing "model" model |> ignore

        for path in data do
            CommandLine.existing "data" path |> ignore

        CommandLine.notAnInput (Seq.append [ ModelLoader.Resolve model ] data) (settings.Get AnswerSettings.TraceOutput)
        NativeRuntime.Load(native.WithThreads(Ranks.threads (settings.Get StageSettings.Threads) ranks))
        TrajectoriesStage.Run(settings, Action<string>(fun line -> terminal.Error.WriteLine line), ranks)

    let result = Ranks.together option (settings.Get StageSettings.RankTimeout) trace

    if not (Ranks.follows option) then
        tellTrajectories terminal (settings.Get StageSettings.Json) result
