module LoRi.Cli.Commands.Compare

open System
open System.Collections.Generic
open System.Globalization
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Files.Settings
open LoRi.Runs.Compare
open LoRi.Runs.Settings

let private percent (share: float) =
    (100.0 * share).ToString("0.0", CultureInfo.InvariantCulture)

let private shown (p: Nullable<float>) =
    if not p.HasValue then
        ""
    elif p.Value < 0.00005 then
        "<0.0001"
    else
        p.Value.ToString("0.0000", CultureInfo.InvariantCulture)

let private optional (value: Nullable<'a>) (write: 'a -> Json.Value) : Json.Value =
    if value.HasValue then write value.Value else null

/// Each seed once, in the order of the results; nothing for a result without one.
let private seeds (group: ComparedGroup) =
    [
        for result in group.Results do
            if result.Seed.HasValue then
                result.Seed.Value
    ]

let private rows (group: ComparedGroup) = group.Results |> Seq.sumBy _.Examples

let private groupJson (group: ComparedGroup) : Json.Value =
    Json.object
        [
            "label", Json.text group.Label
            "dataset", Json.text group.Dataset
            "folders", Json.list [ for result in group.Results -> Json.text result.Source ]
            "seeds", Json.list (List.map Json.count (seeds group))
            "examples", Json.whole (rows group)
            "accuracy", Json.number group.Accuracy
            "disagreements", optional group.Disagreements Json.whole
            "cut_off", optional group.CutOff Json.whole
            "empty", optional group.Empty Json.whole
        ]

let private pairJson (pair: MethodComparison) : Json.Value =
    Json.object
        [
            "dataset", Json.text pair.Dataset
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
            "mcnemar_holm_p", optional pair.McNemarAdjustedP Json.number
            "t", optional pair.Paired (fun test -> if test.Varies then Json.number test.T else null)
            "t_p", optional pair.PairedP Json.number
            "t_holm_p", optional pair.PairedAdjustedP Json.number
            "p", optional pair.P Json.number
            "holm_p", optional pair.AdjustedP Json.number
        ]

let private known (count: Nullable<int>) =
    if count.HasValue then string count.Value else "-"

/// Says where a group's accuracy is that of answers which a budget ended.
let private warn (terminal: Terminal) (groups: ComparedGroup seq) =
    for group in groups do
        for line in EvaluationTable.unfinished group.CutOff group.Empty (rows group) do
            terminal.Error.WriteLine $"warning: {group.Label} on {group.Dataset}: {line}"

let private showGroups (terminal: Terminal) (groups: ComparedGroup seq) =
    let unfinished =
        groups
        |> Seq.exists (fun group -> group.CutOff.GetValueOrDefault() > 0 || group.Empty.GetValueOrDefault() > 0)

    Terminal.writeKeyedTable
        terminal
        2
        [
            "data"
            "method"
            "seeds"
            "rows"
            "accuracy %"
            "rules disagree"
            if unfinished then
                "cut off"
                "empty"
        ]
        [
            for group in groups ->
                [
                    group.Dataset
                    group.Label
                    seeds group |> List.map string |> String.concat ", "
                    string (rows group)
                    percent group.Accuracy
                    if group.Disagreements.HasValue then
                        string group.Disagreements.Value
                    else
                        "one rule only"
                    if unfinished then
                        known group.CutOff
                        known group.Empty
                ]
        ]

/// Whether the difference is the same under each of several seeds, which a t-test can say nothing about.
let private isSame (pair: MethodComparison) =
    pair.Paired.HasValue && not pair.Paired.Value.Varies

let private pairRow (pair: MethodComparison) =
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

    let adjusted (p: Nullable<float>) (holm: Nullable<float>) =
        if p.HasValue then $"{shown p} ({shown holm})" else ""

    let mcNemar =
        if pair.McNemar.HasValue then
            Nullable pair.McNemar.Value.ExactP
        else
            Nullable()

    [
        pair.First
        pair.Second
        $"{percent pair.FirstAccuracy} / {percent pair.SecondAccuracy}"
        percent (pair.FirstAccuracy - pair.SecondAccuracy)
        string pair.Questions
        interval
        single
        adjusted mcNemar pair.McNemarAdjustedP
        string pair.Seeds
        if isSame pair then
            "same difference"
        else
            adjusted pair.PairedP pair.PairedAdjustedP
    ]

let private showPairs (terminal: Terminal) (pairs: MethodComparison seq) =
    for dataset, pairsOfOne in pairs |> Seq.groupBy _.Dataset do
        terminal.Out.WriteLine $"On {dataset}:"

        Terminal.writeKeyedTable
            terminal
            2
            [
                "first"
                "second"
                "accuracy %"
                "difference"
                "questions"
                "95 % interval"
                "only one right"
                "McNemar p (Holm)"
                "seeds"
                "t-test p (Holm)"
            ]
            [ for pair in pairsOfOne -> pairRow pair ]

    Terminal.writeText
        terminal
        "Interval: paired bootstrap over questions, of the means over seeds. McNemar: exact, over the answers of all seeds; where there are several, answers to one question are not independent and its p is a little too small. t-test: paired, over seeds, of the accuracies. In brackets: after Holm's correction for all pairs."

    if Seq.exists isSame pairs then
        Terminal.writeText
            terminal
            "Same difference: under every seed, so that there is no t-test (its deviation would be zero, whatever the difference); McNemar's p decides there."

let private runs =
    Setting<IReadOnlyList<string>>(
        "runs",
        "folder",
        Forms.Places,
        [||],
        "folders that evaluate or demo wrote; NAME=FOLDER,FOLDER puts the seeds of one setting together under a name of your choice",
        IsMain = true,
        Required = "name folders that evaluate or demo wrote"
    )

let private baseline =
    Setting<string | null>(
        "baseline",
        "label",
        Forms.Text.OrNone(),
        null,
        "compare with this method or name only",
        DefaultText = "all pairs"
    )

let private seed =
    Setting<int64>("seed", "n", Forms.Seed, 0L, "seed of the resampling")

/// Its options.
let settings =
    CommandSettings("compare", [| runs; baseline; seed; StageSettings.Json |])

/// Compares evaluations of the same questions, or the methods of demonstrations.
let run (terminal: Terminal) _ arguments =
    let options = SettingOptions.read settings arguments
    let seed = options.Get seed

    if seed < 0L then
        raise (UsageException $"--seed {seed}: must be at least 0")

    let groups = options.Get runs |> ComparedFolders.ReadAll |> ComparedGroup.Of
    let pairs = MethodComparison.All(groups, uint64 seed, options.Get baseline)

    warn terminal groups

    if options.Get StageSettings.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "groups", Json.list (Seq.map groupJson groups)
                    "pairs", Json.list (Seq.map pairJson pairs)
                ])
    else
        showGroups terminal groups
        showPairs terminal pairs
