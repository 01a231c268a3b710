module LoRi.Cli.Commands.Compare

open System
open System.Globalization
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Training.Statistics

let private percent (share: float) =
    (100.0 * share).ToString("0.0", CultureInfo.InvariantCulture)

let private pValue (p: Nullable<float>) =
    if p.HasValue then
        p.Value.ToString("0.0000", CultureInfo.InvariantCulture)
    else
        ""

let private optional (value: Nullable<'a>) (write: 'a -> Json.Value) : Json.Value =
    if value.HasValue then write value.Value else null

let private asJson (pairs: MethodComparison seq) =
    let one (pair: MethodComparison) : Json.Value =
        Json.object
            [
                "first", Json.text pair.First
                "second", Json.text pair.Second
                "first_accuracy", Json.number pair.FirstAccuracy
                "second_accuracy", Json.number pair.SecondAccuracy
                "difference", Json.number (pair.FirstAccuracy - pair.SecondAccuracy)
                "seeds", Json.whole pair.Seeds
                "questions", Json.whole pair.Questions
                "bootstrap_ci95", optional pair.Interval (fun struct (low, high) -> Json.numbers [ low; high ])
                "mcnemar_only_first", optional pair.McNemar (fun test -> Json.whole test.OnlyFirst)
                "mcnemar_only_second", optional pair.McNemar (fun test -> Json.whole test.OnlySecond)
                "mcnemar_exact_p", optional pair.McNemar (fun test -> Json.number test.ExactP)
                "mcnemar_mid_p", optional pair.McNemar (fun test -> Json.number test.MidP)
                "t", optional pair.Paired (fun test -> if Double.IsFinite test.T then Json.number test.T else null)
                "t_p", optional pair.Paired (fun test -> if Double.IsNaN test.P then null else Json.number test.P)
                "p", optional pair.P Json.number
                "holm_p", optional pair.AdjustedP Json.number
            ]

    Json.object [ "pairs", Json.list (Seq.map one pairs) ]

let private row (pair: MethodComparison) =
    let interval =
        if pair.Interval.HasValue then
            let struct (low, high) = pair.Interval.Value
            $"{percent low} to {percent high}"
        else
            ""

    let single =
        if pair.McNemar.HasValue then
            $"{pair.McNemar.Value.OnlyFirst} / {pair.McNemar.Value.OnlySecond}"
        else
            ""

    [
        pair.First
        pair.Second
        $"{percent pair.FirstAccuracy} / {percent pair.SecondAccuracy}"
        percent (pair.FirstAccuracy - pair.SecondAccuracy)
        interval
        single
        string pair.Seeds
        pValue pair.P
        pValue pair.AdjustedP
    ]

/// Compares evaluations of the same questions, or the methods of demonstrations.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<CompareArgs> "compare" arguments
    let folders = options.GetResult Runs
    let seed = options.GetResult(CompareArgs.Seed, 0L)

    if seed < 0L then
        raise (UsageException $"--seed {seed}: must be at least 0")

    let results =
        [|
            for folder in folders do
                yield! ComparedResult.Read folder
        |]

    let pairs = MethodComparison.All(results, uint64 seed)

    if options.Contains CompareArgs.Json then
        Terminal.writeJson terminal (asJson pairs)
    else
        Terminal.writeTable
            terminal
            [
                "first"
                "second"
                "accuracy %"
                "difference"
                "95 % interval"
                "only one right"
                "seeds"
                "p"
                "Holm p"
            ]
            [ for pair in pairs -> row pair ]

        terminal.Out.WriteLine
            "Interval: paired bootstrap over questions. p: McNemar's exact test for one run of each, the paired t-test over seeds for several; Holm p is corrected for all pairs."
