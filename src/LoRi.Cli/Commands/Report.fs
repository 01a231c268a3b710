/// `lori report`: one page about runs or a demonstration.
module LoRi.Cli.Commands.Report

open System
open System.Collections.Generic
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Reports
open LoRi.Runs.Settings

let private runs =
    Setting<IReadOnlyList<string>>(
        "runs",
        "run",
        Forms.Places,
        [||],
        "run directories, drawn into the same charts, or the folder of one demonstration",
        IsMain = true,
        Required = "name at least one run directory"
    )

let private output =
    Setting<string | null>(
        "output",
        "file",
        Forms.Output.OrNone(),
        null,
        "the page to write (default: report.html in the first run); a .svg goes beside it"
    )

let private evaluations =
    Setting<IReadOnlyList<string>>(
        "evaluation",
        "folder",
        Forms.Places,
        [||],
        "folders of evaluations that do not lie in a run; several may follow"
    )

let private data =
    Setting<IReadOnlyList<string>>(
        "data",
        "file",
        Forms.Places,
        [||],
        "questions whose latent steps are decoded",
        DefaultText = "each run's own data"
    )

let private questions =
    Setting<int>("questions", "n", Forms.Whole(0, 10_000), 4, "number of those questions, 0 for none")

/// Its options.
let settings =
    CommandSettings("report", [| runs; output; evaluations; data; questions; StageSettings.Threads |])

let private options (given: SettingValues) =
    let chosen =
        ReportOptions(
            Runs = given.Get runs,
            Output = given.Get output,
            Evaluations = given.Get evaluations,
            Data = given.Get data,
            Questions = given.Get questions
        )

    CommandLine.asUsage chosen.Validate
    chosen

/// Writes the page.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = SettingOptions.read settings arguments
    let chosen = options given

    if ReportStage.NeedsTorch chosen then
        NativeRuntime.Load(native.WithThreads(given.Get StageSettings.Threads))

    let page =
        ReportStage.Run(chosen, Action<string>(fun line -> terminal.Error.WriteLine line))

    terminal.Out.WriteLine $"written: {page}"
