/// What an evaluation found, as tables.
module LoRi.Cli.Commands.EvaluationTable

open System
open LoRi.Cli
open LoRi.Runs.Evaluate

/// Why the accuracy by CODI's rule says little, where golds are not numbers.
let unreadable (count: int) (examples: int) =
    $"at {count} of {examples} questions neither the data set's answer nor the prediction is a number, and CODI's rule counts two unreadable values as equal; the strict accuracy is the one to read here"

/// More answers than this share that the budget ended, or that are empty, are more than a matter of chance.
let private few = 0.03

let private isMany (count: int) (examples: int) = float count > few * float examples

/// What answers that a budget ended, and empty ones, do to an accuracy; nothing where there are few.
let unfinished (cutOff: Nullable<int>) (empty: Nullable<int>) (examples: int) =
    [
        if cutOff.HasValue && isMany cutOff.Value examples then
            $"{cutOff.Value} of {examples} answers were cut off before an end token, and score as they stand; ask again with more than --max-new-tokens"

        if empty.HasValue && isMany empty.Value examples then
            $"{empty.Value} of {examples} answers are empty, and count as wrong or as what the rule makes of an empty text"
    ]

let private warnUnfinished (terminal: Terminal) (found: EvaluationSummary) =
    let positions = found.CutOffByPositions.GetValueOrDefault()

    let cut =
        if found.CutOff.HasValue && isMany found.CutOff.Value found.Examples then
            let limit = found.CutOff.Value - positions

            let where =
                [
                    if limit > 0 then
                        $"{limit} at --max-new-tokens {found.MaxNewTokens}"
                    if positions > 0 then
                        $"{positions} at the end of the model's positions"
                ]
                |> String.concat ", "

            [
                $"{found.CutOff.Value} of {found.Examples} answers were cut off before an end token ({where}) and score as they stand"
                + (if limit > 0 then
                       "; a larger --max-new-tokens lets them end"
                   else
                       "")
            ]
        else
            []

    for line in cut @ unfinished (Nullable()) found.Empty found.Examples do
        terminal.Error.WriteLine $"warning: {line}"

/// The same for an evaluation; nothing where there is nothing to warn of.
let warn (terminal: Terminal) (found: EvaluationSummary) =
    warnUnfinished terminal found

    if found.BothUnreadable.HasValue && found.BothUnreadable.Value > 0 then
        terminal.Error.WriteLine $"warning: {unreadable found.BothUnreadable.Value found.Examples}"

let private percent (share: float) = $"%.1f{100.0 * share} %%"

let private accuracy (found: EvaluationSummary) =
    [
        "examples", string found.Examples
        "correct", string found.Correct
        "accuracy", percent found.Accuracy
        "95 % interval", $"%.1f{100.0 * found.Ci95[0]} to %.1f{100.0 * found.Ci95[1]}"
        "strict", percent found.AccuracyStrict
        "rules disagree", string found.Disagreements
        if found.CutOff.HasValue then
            "cut off", string found.CutOff.Value
        if found.Empty.HasValue then
            "empty", string found.Empty.Value
        "bad rows skipped", string found.BadRowsSkipped
    ]

let private times (times: LatencySummary) =
    $"%.1f{times.Mean} (%.1f{times.P50}, %.1f{times.P90}, %.1f{times.P99})"

let private cost (found: EvaluationSummary) =
    [
        "tokens", string found.TokensGenerated
        "a question", $"%.1f{found.TokensPerQuestion}"
        "s", $"%.1f{found.Seconds}"
        "tokens/s", $"%.1f{found.TokensPerSecond}"
        $"ms a batch of {found.BatchSize}", times found.BatchLatencyMs
        "ms a row of it", times found.RowLatencyMs
        match found.SingleLatencyMs with
        | null -> ()
        | single -> $"ms alone ({single.Count} questions)", times single
        "peak MiB", $"%.0f{float found.PeakMemoryBytes / float (1 <<< 20)}"
    ]

let private write terminal (cells: (string * string) list) =
    Terminal.writeTable terminal (List.map fst cells) [ List.map snd cells ]

/// Shows the accuracy by both rules, then what the answers cost.
let show (terminal: Terminal) (found: EvaluationSummary) =
    write terminal (accuracy found)
    write terminal (cost found)
    terminal.Out.WriteLine "Times: the mean and, in brackets, the 50th, 90th and 99th percentile."
