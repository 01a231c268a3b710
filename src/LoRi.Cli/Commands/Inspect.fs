module LoRi.Cli.Commands.Inspect

open System.Globalization
open System.Text.Json
open System.Text.Json.Nodes
open LoRi.Cli
open LoRi.Training
open LoRi.Training.Runs

let private asJson (inspection: Inspection) =
    let tensor (info: LoRi.Training.Checkpoints.WeightInfo) =
        Json.object
            [
                "name", Json.text info.Name
                "dtype", Json.text info.Dtype
                "shape", Json.list (Seq.map (uint64 >> Json.size) info.Shape)
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

/// The text of a field, a number grouped by thousands.
let private shown (value: JsonNode | null) =
    match value with
    | null -> ""
    | :? JsonObject as fields -> fields |> Seq.map (fun pair -> $"{pair.Key} {pair.Value}") |> String.concat ", "
    | value when value.GetValueKind() = JsonValueKind.Number ->
        match System.Int64.TryParse(value.ToJsonString(), CultureInfo.InvariantCulture) with
        | true, whole -> whole.ToString("N0", CultureInfo.InvariantCulture)
        | _ -> value.ToJsonString()
    | value -> value.ToString()

let private objects (details: JsonObject) (key: string) =
    match details[key] with
    | :? JsonArray as rows ->
        [
            for row in rows do
                match row with
                | :? JsonObject as fields -> fields
                | _ -> ()
        ]
    | _ -> []

let private writeModel (terminal: Terminal) (details: JsonObject) =
    match details["model"] with
    | :? JsonObject as model ->
        Terminal.writeFields
            terminal
            [
                for pair in model do
                    if not (isNull pair.Value) then
                        pair.Key.Replace('_', ' '), shown pair.Value
            ]
    | _ -> ()

/// Memory by use, one column for every type and for what is trained.
let private writeMemory (terminal: Terminal) (details: JsonObject) =
    match objects details "memory" with
    | [] -> ()
    | rows ->
        let column (row: JsonObject) =
            $"""{shown row["dtype"]} {shown row["trained"]}"""

        let columns = rows |> List.map column |> List.distinct
        let uses = rows |> List.map (fun row -> shown row["use"]) |> List.distinct

        let cell (usage: string) (name: string) =
            rows
            |> List.tryFind (fun row -> shown row["use"] = usage && column row = name)
            |> Option.map (fun row ->
                let bytes = (nonNull row["bytes"]).GetValue<int64>()
                (float bytes / float (1 <<< 30)).ToString("F2", CultureInfo.InvariantCulture))
            |> Option.defaultValue ""

        terminal.Out.WriteLine(
            $"GiB, roughly: one answer, or training on {MemoryEstimate.Rows} rows a step, each of "
            + $"{MemoryEstimate.QuestionTokens} + {MemoryEstimate.RationaleTokens} + {MemoryEstimate.AnswerTokens} tokens, "
            + $"of all weights or of LoRA of rank {MemoryEstimate.Rank}"
        )

        Terminal.writeTable
            terminal
            ("use" :: columns)
            [ for usage in uses -> usage :: [ for name in columns -> cell usage name ] ]

/// A folder with a configuration claims to be a model; where it cannot be used as one, that is the outcome.
let private check path (inspection: Inspection) =
    let wrong =
        objects inspection.Details "findings"
        |> List.tryFind (fun finding -> shown finding["level"] = "error")

    match inspection.Details["config"], wrong with
    | null, _
    | _, None -> ()
    | _, Some finding -> raise (InputException $"""{path}: {shown finding["text"]}""")

/// Lists the tensors of a file or a model.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<InspectArgs> "inspect" arguments
    let path = options.GetResult Path
    let inspection = Inspection.Of path

    if options.Contains InspectArgs.Json then
        Terminal.writeJson terminal (asJson inspection)
    else
        terminal.Out.WriteLine $"{path}: {inspection.Format}, {inspection.Tensors.Count} tensors"
        writeModel terminal inspection.Details
        writeMemory terminal inspection.Details

        for finding in objects inspection.Details "findings" do
            terminal.Out.WriteLine $"""{shown finding["level"]}: {shown finding["text"]}"""

        if inspection.Tensors.Count > 0 then
            Terminal.writeFields
                terminal
                [
                    for info in inspection.Tensors ->
                        let shape = info.Shape |> Seq.map (uint64 >> string) |> String.concat " x "
                        info.Name, $"{info.Dtype} {shape}"
                ]

    check path inspection
