/// What a probe found, as a table.
module LoRi.Cli.Commands.ProbeTable

open System
open LoRi.Cli
open LoRi.Runs.Probe

let private percent (share: float) = $"%.1f{100.0 * share} %%"

let private interval (ends: float[]) =
    $"%.1f{100.0 * ends[0]} to %.1f{100.0 * ends[1]}"

let private row (found: ProbeResult) (effect: ProbeEffect) =
    [
        (if effect.Draw.HasValue then
             $"{effect.Intervention}, draw {effect.Draw.Value}"
         else
             effect.Intervention)
        (if effect.Steps.Length = found.LatentSteps then
             "all"
         else
             String.Join(", ", effect.Steps))
        percent effect.Accuracy.Accuracy
        interval effect.Accuracy.Ci95
        $"%+.1f{100.0 * effect.Difference}"
        interval effect.DifferenceCi95
        $"%.3g{effect.P}"
        percent (float effect.SameAnswers / float found.Examples)
    ]

/// Shows the accuracies with every intervention, then the verdict.
let show (terminal: Terminal) (found: ProbeResult) =
    Terminal.writeTable
        terminal
        [
            "latent inputs"
            "steps"
            "accuracy"
            "95 % interval"
            "difference"
            "95 % interval"
            "p"
            "same answers"
        ]
        ([
            "as they are"
            "all"
            percent found.Untouched.Accuracy
            interval found.Untouched.Ci95
            ""
            ""
            ""
            ""
         ]
         :: List.map (row found) (List.ofSeq found.Effects))

    terminal.Out.WriteLine $"{found.Verdict}: {found.Says}"
