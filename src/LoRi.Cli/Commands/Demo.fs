/// `lori demo`: trains and compares small models on a task made here.
module LoRi.Cli.Commands.Demo

open System
open System.IO
open System.Text.Json
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Demo
open LoRi.Runs.Reports
open LoRi.Runs.Scoring
open LoRi.Runs.Settings

[<Literal>]
let private DefaultSeeds = 2

let private setting =
    Setting<DemoSettings>(
        "setting",
        "name",
        Forms.Choice<DemoSettings>(
            [|
                for one in [ DemoSettings.OnePerToken; DemoSettings.Compressed ] -> struct (one.Name, one)
            |]
        ),
        DemoSettings.OnePerToken,
        "{choices}"
    )

let private quick =
    Setting<bool>("quick", "", Forms.Flag, false, "a short run whose numbers mean nothing")

let private methods =
    Setting<Collections.Generic.IReadOnlyList<string>>(
        "methods",
        "name",
        Forms.List,
        DemoStudents.Usual,
        "students to train, of " + String.Join(", ", DemoStudents.Names) + "; several may follow",
        DefaultText = "all but " + String.Join(", ", Seq.except DemoStudents.Usual DemoStudents.Names)
    )

let private seeds =
    Setting<Nullable<int>>(
        "seeds",
        "n",
        Forms.Whole(1, 1_000).Optional(),
        Nullable(),
        "number of seeds",
        DefaultText = $"{DefaultSeeds}, with --quick 1"
    )

let private output =
    Setting<string>(
        "output",
        "folder",
        Forms.Output,
        Path.Combine("runs", "demo"),
        "folder for demo.json, report.html and config.json"
    )

let private threads =
    Setting<Nullable<int>>(
        "threads",
        "n",
        StageSettings.Threads.Form,
        Nullable(),
        "trainings side by side, each on one thread",
        DefaultText = "one a processor"
    )

/// Its options.
let options =
    CommandSettings(
        "demo",
        [| setting; quick; methods; seeds; output; threads; StageSettings.Json |],
        Rules =
            [|
                SettingRule((fun values -> DemoStudents.Fault(values.Get methods)), [| methods :> Setting |])
            |]
    )

let private percent (share: float) = $"%.1f{100.0 * share}"

/// Share and 95 % Wilson interval of all questions of all seeds together, in per cent.
let private pooled (counts: (int * int) list) =
    let correct, examples = List.sumBy fst counts, List.sumBy snd counts
    let interval = WilsonInterval.Of(correct, examples)
    100.0 * float correct / float examples, $"{percent interval.Low}-{percent interval.High}"

/// A method's seeds in one row of the table of methods.
let private methodRow (rows: DemoRow list) =
    let mean (value: DemoRow -> float) = List.averageBy value rows
    let first = List.head rows
    let share, interval = pooled [ for row in rows -> row.Correct, row.Examples ]

    [
        first.Method
        $"%.1f{share}"
        interval
        rows |> List.map (fun row -> percent row.Accuracy) |> String.concat " / "
        string first.Steps
        $"%.0f{mean _.Seconds}"
        $"%.1f{mean (fun row -> float row.TokensGenerated / float row.Examples)}"
        $"%.1f{mean _.LatencyMilliseconds}"
    ]

/// A method's seeds in one row of the table of chain lengths.
let private lengthRow (rows: DemoRow list) =
    let first = List.head rows

    let cell length =
        let count (row: DemoRow) = row.ExamplesPerLength[length]

        let correct (row: DemoRow) =
            int (round (row.PerLength[length] * float (count row)))

        let share, interval = pooled [ for row in rows -> correct row, count row ]
        $"%.1f{share} ({interval})"

    first.Method :: [ for length in first.PerLength.Keys -> cell length ]

let private showTables (terminal: Terminal) (report: DemoReport) =
    let methods = report.Rows |> List.ofSeq |> List.groupBy _.Method |> List.map snd

    Terminal.writeTable
        terminal
        [
            "method"
            "accuracy %"
            "95 % interval"
            "each seed"
            "steps"
            "train s"
            "tokens"
            "latency ms"
        ]
        (List.map methodRow methods)

    Terminal.writeText terminal "Accuracy in per cent by chain length K, with its 95 % interval; n questions per seed:"

    let lengths =
        [
            for pair in report.Rows[0].ExamplesPerLength -> $"K={pair.Key} (n={pair.Value})"
        ]

    Terminal.writeTable terminal ("method" :: lengths) (List.map lengthRow methods)

let private showRanks (terminal: Terminal) (report: DemoReport) =
    Terminal.writeText
        terminal
        "How low-rank the first teacher's trajectories are (energy of the Gram matrices; effective ranks):"

    Terminal.writeKeyedTable
        terminal
        2
        ("standardisation" :: RankTable.headers)
        [ for row in report.Ranks -> RankTable.cells (fun rank -> $"%.1f{rank}") row ]

let private showExamples (terminal: Terminal) (report: DemoReport) =
    if report.WorkedExamples.Count > 0 then
        Terminal.writeText
            terminal
            $"Questions of the first seed, as the teacher writes them out and as the student of {report.WorkedExamples[0].Method} answers after its latent steps:"

    for example in report.WorkedExamples do
        terminal.Out.WriteLine()

        Terminal.writeFields
            terminal
            [
                "question", example.Question
                "right answer", example.Gold
                "teacher writes", example.Teacher
                "student writes", example.Student
                "latents decode to", String.Join(" ", example.Latents)
            ]

let private show (terminal: Terminal) (settings: DemoSettings) (report: DemoReport) =
    let quick =
        if report.Quick then
            " (quick: a smoke test, its numbers mean nothing)"
        else
            ""

    terminal.Out.WriteLine()
    Terminal.writeText terminal $"Setting {settings.Name}{quick}: {settings.Purpose}."

    Terminal.writeText
        terminal
        $"{settings.LatentSteps} latent steps, chains of up to {ChainedArithmetic.TokensPerStep * settings.LongestChain} tokens; chance is %.1f{100.0 / float ChainedArithmetic.Modulus} %%. Intervals are Wilson's over all questions of all seeds together; they do not count the spread between seeds, which the column beside them shows."

    showTables terminal report

    if report.Rows |> Seq.exists (fun row -> row.Method = DemoStudents.EqualTime) then
        Terminal.writeText
            terminal
            ("Equal time: steps of no-cot-equal-time = LoRi's measured seconds (collection of trajectories included) over No-CoT's "
             + "seconds per step, each measured alone.")

    terminal.Out.WriteLine()
    showRanks terminal report
    showExamples terminal report
    terminal.Out.WriteLine()
    terminal.Out.WriteLine $"%.0f{report.Seconds} s in all."

let private indented = JsonSerializerOptions(WriteIndented = true)

let private save
    (folder: string)
    (settings: DemoSettings)
    (report: DemoReport)
    (steps: Collections.Generic.IReadOnlyDictionary<string, int>)
    =
    let config =
        {|
            setting = settings
            seeds = report.Seeds
            student_steps = steps
            seconds_per_step = report.SecondsPerStep
        |}

    File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(config, indented) + "\n")
    File.WriteAllText(Path.Combine(folder, "demo.json"), JsonSerializer.Serialize(report, indented) + "\n")

/// Runs the demonstration.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = SettingOptions.read options arguments
    let chosen = given.Get setting
    let settings = if given.Get quick then chosen.Quick() else chosen

    let count =
        (given.Get seeds).GetValueOrDefault(if given.Get quick then 1 else DefaultSeeds)

    let folder = given.Get output
    let workers = (given.Get threads).GetValueOrDefault Environment.ProcessorCount
    let students = given.Get methods
    CommandLine.refuse (OutputName.FolderFault(folder, "demo.json, config.json and report.html"))

    Directory.CreateDirectory folder |> ignore
    NativeRuntime.Load(native.WithThreads(Nullable()))

    let runner =
        DemoRunner(
            settings,
            students,
            [| 0L .. int64 count - 1L |],
            workers,
            folder,
            Action<string>(fun line -> terminal.Error.WriteLine line)
        )

    let report = runner.Run()
    save folder settings report runner.Steps
    let page = Path.Combine(folder, "report.html")
    ReportStage.Write(report, page, Action<string> ignore) |> ignore

    if given.Get StageSettings.Json then
        terminal.Out.WriteLine(JsonSerializer.Serialize report)
    else
        show terminal settings report
        let json = Path.Combine(folder, "demo.json")
        terminal.Out.WriteLine $"Written: {json} and {page}"
