/// `lori report`: one page about runs or a demonstration.
module LoRi.Cli.Commands.Report

open System
open LoRi.Cli
open LoRi.Models.Native
open LoRi.Runs.Reports

let private options (given: Argu.ParseResults<ReportArgs>) =
    let chosen =
        ReportOptions(
            Runs = given.GetResult ReportArgs.Runs,
            Output = Option.toObj (given.TryGetResult ReportArgs.Output),
            Evaluations = given.GetResult(ReportArgs.Evaluation, []),
            Data = given.GetResult(ReportArgs.Data, []),
            Questions = given.GetResult(ReportArgs.Questions, 4)
        )

    CommandLine.asUsage chosen.Validate
    chosen

/// Writes the page.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = CommandLine.parse<ReportArgs> "report" arguments
    let chosen = options given
    CommandLine.atLeastOne "threads" (given.TryGetResult ReportArgs.Threads)

    if ReportStage.NeedsTorch chosen then
        NativeRuntime.Load(native.WithThreads(Option.toNullable (given.TryGetResult ReportArgs.Threads)))

    let page =
        ReportStage.Run(chosen, Action<string>(fun line -> terminal.Error.WriteLine line))

    terminal.Out.WriteLine $"written: {page}"
