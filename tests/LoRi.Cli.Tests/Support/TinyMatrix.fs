/// A matrix of experiments that runs in seconds, and changes to it.
module LoRi.Cli.Tests.TinyMatrix

open System.IO
open System.Text.Json.Nodes
open LoRi.Cli.Tests.Running

let private text =
    """{
  "version": 1,
  "tasks": { "small": { "kind": "chain", "group": "z7", "longest": 2, "rows": 64, "test_rows": 6 } },
  "models": { "tiny": { "width": 8, "layers": 2, "heads": 2, "positions": 32 } },
  "teachers": { "plain": { "steps": 3, "batch_size": 8 } },
  "defaults": { "batch_size": 8, "latent_steps": 2, "projection": "linear", "hidden_rank": 4, "layer_rank": 1 },
  "methods": { "lori": {}, "shuffled": { "method": "lori", "subspace_kind": "random" }, "no-cot": {} },
  "seeds": [1, 2],
  "budgets": ["steps:3"],
  "blocks": [ { "name": "main" } ],
  "claims": [ { "id": "C2", "says": "it lifts", "block": "main", "contrast": ["lori", "no-cot"], "margin": 0.05 } ]
}"""

/// The matrix after a change.
let changed (change: JsonObject -> unit) =
    let json = (nonNull (JsonNode.Parse text)).AsObject()
    change json
    json.ToJsonString()

/// Writes the matrix after a change and gives its path.
let write (folder: string) (change: JsonObject -> unit) =
    file folder "matrix.json" (changed change)

/// A part of a JSON object.
let part (name: string) (json: JsonObject) = (nonNull json[name]).AsObject()

/// The first of a list of objects.
let first (name: string) (json: JsonObject) =
    (nonNull ((nonNull json[name]).AsArray()[0])).AsObject()

/// Runs a matrix in a folder's `out`.
let run (folder: string) (options: string list) =
    lori (
        [
            "experiment"
            "run"
            Path.Combine(folder, "matrix.json")
            "--output"
            folder + "/out"
        ]
        @ options
    )

/// Sets a field of a JSON object.
let setting (name: string) (value: string) (json: JsonObject) = json[name] <- JsonNode.Parse value

/// The results of finished cells, in the order of their folders.
let cells (folder: string) =
    Directory.GetFiles(folder + "/out/cells", "cell.json", SearchOption.AllDirectories)
    |> Array.sort

/// The lines of `results.jsonl`.
let lines (folder: string) =
    File.ReadAllLines(folder + "/out/results.jsonl")
