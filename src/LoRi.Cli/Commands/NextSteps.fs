/// What is likely to be done after a stage: whole command lines, as a shell reads them.
module LoRi.Cli.Commands.NextSteps

open System
open System.IO
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Runs.Answers
open LoRi.Runs.Settings
open LoRi.Training

/// Stands where a path is not known.
[<Literal>]
let private TestData = "TEST_DATA"

let private line (words: string list) = "next: lori " + String.concat " " words

/// A folder beside another.
let private beside (folder: string) (name: string) =
    match Path.GetDirectoryName(Path.GetFullPath(folder).TrimEnd('/')) with
    | null -> name
    | parent -> Path.Combine(parent, name)

let private own (folder: string) : string =
    DirectoryInfo(Path.GetFullPath(folder).TrimEnd('/')).Name

/// What lies beside training data under a name that says test; a placeholder where nothing does.
let private tests (data: string seq) =
    let found =
        [
            for path in data do
                let name = nonNull (Path.GetFileName path)

                let other =
                    Path.Combine(nonNull (Path.GetDirectoryName(Path.GetFullPath path)), name.Replace("train", "test"))

                if name.Contains "train" && File.Exists other then
                    Shell.path other
        ]

    if found.IsEmpty then TestData else String.concat " " found

let private paths (files: string seq) =
    files |> Seq.map Shell.path |> String.concat " "

/// The first method that reads its rows in the form that a teacher was trained in.
let private methodOf (settings: RunSettings) =
    use taught = settings.Method.Plan settings.Values

    KnownMethods.Students
    |> Seq.tryFind (fun student ->
        use plan = student.Plan SettingValues.None
        plan.Form = taught.Form)
    |> Option.defaultValue (Seq.head KnownMethods.Students)

/// The student that a teacher is for.
let private afterTeach (settings: RunSettings) =
    let train, student = settings.Train, (methodOf settings).About

    [
        line
            [
                $"distill --method {student.Name} --teacher"
                Shell.path train.Output
                if student.StartsFromBase then
                    "--model " + Shell.path (nonNull train.Model)
                "--data"
                paths train.Data
                "--output"
                Shell.path (beside train.Output "student")
            ]
    ]

/// How good the student is, and how it answers.
let private afterDistill (train: TrainOptions) =
    let against =
        match train.Teacher with
        | null -> []
        | teacher when Path.Exists teacher && not (AnsweringModel.WritesChains teacher) -> []
        | teacher ->
            [
                "--against"
                (if Path.Exists teacher then
                     Shell.path teacher
                 else
                     Shell.quote teacher)
            ]

    [
        line
            [
                "evaluate --model"
                Shell.path train.Output
                "--data"
                tests train.Data
                "--output"
                Shell.path (beside train.Output (own train.Output + "-evaluation"))
            ]
        line ([ "generate --interactive --model"; Shell.path train.Output ] @ against)
    ]

/// After a training run.
let afterTraining (settings: RunSettings) =
    if settings.Train.DryRun then []
    elif settings.Command = "teach" then afterTeach settings
    else afterDistill settings.Train

/// After an evaluation: a page about the run, where it is one, and how it stands beside others.
let afterEvaluation (options: EvaluationOptions) =
    [
        if File.Exists(Path.Combine(options.Model, "metrics.jsonl")) then
            line
                [
                    "report"
                    Shell.path options.Model
                    "--evaluation"
                    Shell.path options.Output
                    "--output"
                    Shell.path (beside options.Output (own options.Output + ".html"))
                ]
        line [ "compare"; Shell.path options.Output; "OTHER_EVALUATION" ]
    ]

/// Says what is likely to be next.
let tell (terminal: Terminal) (steps: string list) =
    for step in steps do
        terminal.Error.WriteLine step
