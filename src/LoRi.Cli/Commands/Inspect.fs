module LoRi.Cli.Commands.Inspect

open LoRi.Cli
open LoRi.Training.Runs

let private asJson (inspection: Inspection) =
    let tensor (info: LoRi.Training.Checkpoints.WeightInfo) =
        Json.object
            [
                "name", Json.text info.Name
                "dtype", Json.text info.Dtype
                "shape", Json.list (Seq.map Json.count info.Shape)
            ]

    let details =
        [
            for pair in inspection.Details do
                match pair.Value with
                | null -> ()
                | value -> pair.Key, Json.copy value
        ]

    Json.object (
        [
            "format", Json.text inspection.Format
            "tensors", Json.list (Seq.map tensor inspection.Tensors)
        ]
        @ details
    )

/// Lists the tensors of a file or a model.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<InspectArgs> "inspect" arguments
    let path = options.GetResult Path
    let inspection = Inspection.Of path

    if options.Contains InspectArgs.Json then
        Terminal.writeJson terminal (asJson inspection)
    else
        terminal.Out.WriteLine $"{path}: {inspection.Format}, {inspection.Tensors.Count} tensors"

        if inspection.Tensors.Count > 0 then
            Terminal.writeFields
                terminal
                [
                    for info in inspection.Tensors ->
                        let shape = info.Shape |> Seq.map string |> String.concat " x "
                        info.Name, $"{info.Dtype} {shape}"
                ]
