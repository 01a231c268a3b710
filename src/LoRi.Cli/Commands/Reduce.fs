/// `lori model reduce`.
module LoRi.Cli.Commands.Reduce

open System
open LoRi.Cli
open LoRi.Models.Native
open LoRi.Runs.Reduce
open LoRi.Runs.Settings

/// Cuts a model to the directions of a subspace.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read ReduceSettings.All arguments
    CommandLine.existing "model" (settings.Get ReduceSettings.Model) |> ignore

    CommandLine.existing "subspace" (settings.Get ReduceSettings.Subspace) |> ignore

    let path = settings.Get ReduceSettings.Output
    NativeRuntime.Load native

    let made =
        ReduceStage.Run(settings, Action<string>(fun line -> terminal.Error.WriteLine line))

    if settings.Get StageSettings.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "output", Json.text path
                    "width", Json.whole made.Width
                    "from_width", Json.whole made.FromWidth
                    "weights", Json.count made.Weights
                    "from_weights", Json.count made.FromWeights
                ])
    else
        let weights (count: int64) = count.ToString "N0"

        Terminal.writeFields
            terminal
            [
                "written", path
                "width", $"{made.Width} of {made.FromWidth}"
                "weights", $"{weights made.Weights} of {weights made.FromWeights}"
            ]
