/// Evaluations of the tiny model, and what they leave.
module LoRi.Cli.Tests.TinyEvaluation

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

/// A path within a folder.
let path (folder: string) (name: string) = Path.Combine(folder, name)

/// A command line that evaluates the tiny model on `data.jsonl`; the output is relative to the folder.
let evaluate (folder: string) (model: string) (output: string) =
    [
        "evaluate"
        "--model"
        path folder model
        "--data"
        path folder "data.jsonl"
        "--output"
        path folder output
        "--threads"
        "1"
        "--batch-size"
        "4"
        "--max-new-tokens"
        "24"
        "--latency-questions"
        "3"
    ]

/// The predictions of an evaluation.
let rows (output: string) =
    [
        for line in File.ReadAllLines(path output "predictions.jsonl") -> JsonDocument.Parse(line).RootElement
    ]

/// The predictions without their timings, as texts of JSON: equal texts are equal bits.
let predictions (output: string) =
    [
        for row in rows output ->
            [
                for value in row.EnumerateObject() do
                    if value.Name <> "seconds" then
                        value.Name, value.Value.GetRawText()
            ]
    ]

/// The summary of an evaluation.
let summary (output: string) =
    JsonDocument.Parse(File.ReadAllText(path output "evaluation.json")).RootElement

let private timed =
    set
        [
            "seconds"
            "tokens_per_second"
            "batch_latency_ms"
            "row_latency_ms"
            "single_latency_ms"
            "peak_memory_bytes"
        ]

/// The summary without its timings.
let untimed (output: string) =
    [
        for value in (summary output).EnumerateObject() do
            if not (timed.Contains value.Name) then
                value.Name, value.Value.GetRawText()
    ]

/// Two evaluations must be equal but for their timings.
let same (whole: string) (resumed: string) =
    Expect.equal (predictions resumed) (predictions whole) "every prediction"
    Expect.equal (untimed resumed) (untimed whole) "the summary"

/// Waits until some predictions are there.
let untilAnswered (output: string) =
    let file = path output "predictions.jsonl"
    TinyRun.untilThere (fun () -> File.Exists file && FileInfo(file).Length > 0L)

/// Arguments with an option set to a value.
let withOption (option: string) (value: string) (arguments: string list) =
    match List.tryFindIndex ((=) option) arguments with
    | Some at -> List.updateAt (at + 1) value arguments
    | None -> arguments @ [ option; value ]
