module LoRi.Cli.Commands.Inspect

open System.Globalization
open System.Text.Json
open System.Text.Json.Nodes
open System.Text.RegularExpressions
open LoRi.Cli
open LoRi.Files
open LoRi.Files.Settings
open LoRi.Models.Weights
open LoRi.Runs.Inspect
open LoRi.Runs.Plans
open LoRi.Runs.Settings

let private asJson (inspection: Inspection) =
    let tensor (info: WeightInfo) =
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

/// Memory by use, in words: what answering takes by type, and what training takes by method, type and what is trained.
let private writeMemory (terminal: Terminal) (details: JsonObject) =
    let gib (row: JsonObject) =
        let bytes = (nonNull row["bytes"]).GetValue<int64>()
        (float bytes / float (1 <<< 30)).ToString("F2", CultureInfo.InvariantCulture)

    match objects details "memory" |> List.partition (fun row -> shown row["trained"] = "nothing") with
    | [], [] -> ()
    | answering, training ->
        let types =
            [ for row in answering -> $"""{gib row} in {shown row["dtype"]}""" ] |> String.concat ", "

        terminal.Out.WriteLine $"memory for one answer, in GiB, roughly: {types}"

        terminal.Out.WriteLine(
            $"memory for training, in GiB, roughly, on {MemoryEstimate.Rows} rows a step, each of "
            + $"{MemoryEstimate.QuestionTokens} + {MemoryEstimate.RationaleTokens} + {MemoryEstimate.AnswerTokens} tokens "
            + $"(LoRA of rank {MemoryEstimate.Rank}):"
        )

        let column (row: JsonObject) =
            let what =
                if shown row["trained"] = "lora" then
                    "LoRA"
                else
                    "all weights"

            $"""{what}, {shown row["dtype"]}"""

        let columns = training |> List.map column |> List.distinct
        let uses = training |> List.map (fun row -> shown row["use"]) |> List.distinct

        let cell (usage: string) (name: string) =
            training
            |> List.tryFind (fun row -> shown row["use"] = usage && column row = name)
            |> Option.map gib
            |> Option.defaultValue ""

        Terminal.writeTable
            terminal
            ("method" :: columns)
            [ for usage in uses -> usage :: [ for name in columns -> cell usage name ] ]

/// More tensors than these are told in one line for all blocks.
[<Literal>]
let private MostListed = 24

let private described (info: WeightInfo) =
    let shape = info.Shape |> Seq.map (uint64 >> string) |> String.concat " x "
    $"{info.Dtype} {shape}"

/// Tensors as names and forms; those that differ in the number of their block alone stand in one line, where there are many.
let private tensorLines (isEach: bool) (tensors: WeightInfo seq) =
    if isEach || Seq.length tensors <= MostListed then
        [ for info in tensors -> info.Name, described info ]
    else
        let pattern (info: WeightInfo) =
            Regex.Replace(info.Name, @"(?<=^|\.)\d+(?=\.|$)", "*"), described info

        tensors
        |> List.ofSeq
        |> List.groupBy pattern
        |> List.map (fun ((name, form), group) ->
            match group with
            | [ only ] -> only.Name, form
            | several -> name, $"{form}, {several.Length} of them")

/// A folder with a configuration claims to be a model; where it cannot be used as one, that is the outcome.
let private check path (inspection: Inspection) =
    let wrong =
        objects inspection.Details "findings"
        |> List.tryFind (fun finding -> shown finding["level"] = "error")

    match inspection.Details["config"], wrong with
    | null, _
    | _, None -> ()
    | _, Some finding -> raise (InputException $"""{path}: {shown finding["text"]}""")

let private place =
    Setting<string>(
        "path",
        "path",
        Forms.Place,
        "",
        "a safetensors or GGUF file, a model folder, a run directory or a teacher cache",
        IsMain = true,
        Required = "name a file or a folder"
    )

let private tensors =
    Setting<bool>(
        "tensors",
        "",
        Forms.Flag,
        false,
        "list each tensor",
        DefaultText = "those of all blocks in one line, where there are many"
    )

/// Its options.
let settings = CommandSettings("inspect", [| place; tensors; StageSettings.Json |])

/// Lists the tensors of a file or a model.
let run (terminal: Terminal) _ arguments =
    let options = SettingOptions.read settings arguments
    let path = options.Get place
    let inspection = Inspection.Of path

    if options.Get StageSettings.Json then
        Terminal.writeJson terminal (asJson inspection)
    else
        // What matters stands last, where a terminal shows it.
        terminal.Out.WriteLine $"{path}: {inspection.Format}, {inspection.Tensors.Count} tensors"

        if inspection.Tensors.Count > 0 then
            Terminal.writeFields terminal (tensorLines (options.Get tensors) inspection.Tensors)

        writeModel terminal inspection.Details
        writeMemory terminal inspection.Details

        for finding in objects inspection.Details "findings" do
            terminal.Out.WriteLine $"""{shown finding["level"]}: {shown finding["text"]}"""

    check path inspection
