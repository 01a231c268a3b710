/// `lori plan-scale`: what training would take on many hosts.
module LoRi.Cli.Commands.PlanScale

open System.Globalization
open LoRi.Cli
open LoRi.Files.Text
open LoRi.Models.Native
open LoRi.Runs.Scale
open LoRi.Runs.Settings

let private shown (digits: int) (value: float) =
    value.ToString($"0.{System.String('#', digits)}", CultureInfo.InvariantCulture)

let private percent (share: float) = shown 1 (100.0 * share)

let private json (plan: ScalePlan) =
    Json.object
        [
            "parameters", Json.number plan.Parameters
            "trained", Json.number plan.Trained
            "rows",
            Json.list
                [
                    for row in plan.Rows ->
                        Json.object
                            [
                                "hosts", Json.whole row.Hosts
                                "gpus", Json.whole row.Ranks
                                "memory_bytes", Json.number row.Memory
                                "memory_bytes_moments_shared", Json.number row.SharedMemory
                                "step_seconds", Json.number row.Seconds
                                "communication_seconds", Json.number row.Communication
                                "weak_efficiency", Json.number row.Weak
                                "strong_efficiency", Json.number row.Strong
                                "tokens_for_90_percent", Json.number row.TokensWanted
                            ]
                ]
            "limits", Json.list (Seq.map Json.text plan.Limits)
        ]

let private table (terminal: Terminal) (plan: ScalePlan) =
    Terminal.writeTable
        terminal
        [
            "hosts"
            "GPUs"
            "memory a GPU"
            "moments shared"
            "s a step"
            "of it sums"
            "weak %"
            "strong %"
            "tokens for 90 %"
        ]
        [
            for row in plan.Rows ->
                [
                    string row.Hosts
                    string row.Ranks
                    MessageText.Bytes(int64 row.Memory)
                    MessageText.Bytes(int64 row.SharedMemory)
                    shown 4 row.Seconds
                    shown 4 row.Communication
                    percent row.Weak
                    percent row.Strong
                    row.TokensWanted.ToString("N0", CultureInfo.InvariantCulture)
                ]
        ]

/// Computes the plan and shows it.
let run (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ScaleSettings.All arguments
    CommandLine.existing "model" (nonNull (settings.Get ScaleSettings.Model)) |> ignore
    let plan = ScalePlan.Of settings

    if settings.Get StageSettings.Json then
        Terminal.writeJson terminal (json plan)
    else
        table terminal plan

        terminal.Out.WriteLine
            "weak: as many rows on each GPU, against one GPU; strong: the rows of one host, shared by all. A model, not a measurement."

        for place, limit in List.indexed (List.ofSeq plan.Limits) do
            terminal.Out.WriteLine $"""{if place = 0 then "first to break" else "then"}: {limit}"""

        if plan.Limits.Count = 0 then
            terminal.Out.WriteLine "nothing breaks up to that many hosts"
