/// Matrices whose cells were never run: their results are made up.
module LoRi.Training.Tests.MadeUpCells

open System
open System.IO
open System.Text.Json.Nodes
open LoRi.Runs.Experiments

/// A matrix of chains up to some length, of three methods and some seeds; the claim is written into it.
let text (longest: int) (seeds: int) (claim: string) =
    let numbers = String.Join(", ", [ 1..seeds ])

    $"""{{
  "version": 1,
  "tasks": {{ "chains": {{ "kind": "chain", "group": "z7", "longest": {longest}, "rows": 64, "test_rows": 10 }} }},
  "models": {{ "tiny": {{ "width": 8, "layers": 2, "heads": 2, "positions": 32 }} }},
  "teachers": {{ "plain": {{ "steps": 3, "batch_size": 8 }}, "other": {{ "steps": 4, "batch_size": 8 }} }},
  "defaults": {{ "batch_size": 8, "latent_steps": 2, "projection": "linear", "hidden_rank": 4, "layer_rank": 1 }},
  "methods": {{ "lori": {{}}, "codi": {{ "teacher": "other" }}, "no-cot": {{}} }},
  "seeds": [{numbers}],
  "budgets": ["steps:3"],
  "blocks": [ {{ "name": "main" }} ],
  "claims": [ {{ "id": "C", "says": "it lifts", "block": "main", {claim} }} ]
}}"""

/// Does something in a folder that is removed afterwards.
let inFolder (check: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-cells").FullName

    try
        check folder
    finally
        Directory.Delete(folder, true)

/// Reads a matrix from its text.
let matrix (folder: string) (text: string) =
    let path = folder + "/matrix.json"
    File.WriteAllText(path, text)
    MatrixReader.Read path

/// The cells of a matrix without equal time.
let cells (matrix: Matrix) = CellList.Of(matrix, Calibration.None)

/// A result of ten questions at each length, of which some are answered rightly: the first ones.
let result (cell: Cell) (correct: int list) =
    let examples = 10 * correct.Length

    CellResult(
        CellVersion = Cell.Version,
        Id = cell.Id,
        Name = cell.Name,
        Task = cell.Task,
        Model = cell.Model,
        Method = cell.Method,
        Variant = cell.Variant,
        Budget = cell.Budget,
        Seed = cell.Seed,
        Examples = examples,
        Correct = List.sum correct,
        Accuracy = float (List.sum correct) / float examples,
        Ci95 = [| 0.0; 1.0 |],
        AccuracyStrict = 0.0,
        Strata =
            [|
                for index, one in List.indexed correct -> StratumResult(string (index + 1), 10, one)
            |],
        Right = String.Concat [ for one in correct -> String('1', one) + String('0', 10 - one) ],
        Steps = cell.Steps,
        TrainingSeconds = 1.0,
        Seconds = 2.0,
        Tokens = 1L,
        Operations = 1.0,
        PeakMemoryBytes = 1L,
        TokensGenerated = int64 examples,
        LatencyMs = 1.0,
        Last = readOnlyDict [],
        Build = "test",
        Machine = "test",
        Threads = 1,
        Started = "",
        Settings = JsonObject()
    )

/// Results of all cells, from a cell to its right answers at each length; none where there are none.
let results (list: CellList) (correct: Cell -> int list) =
    readOnlyDict
        [
            for cell in list.Cells do
                match correct cell with
                | [] -> ()
                | some -> cell.Id, result cell some
        ]

/// Writes a result as the cell's own program would.
let finish (folder: ExperimentFolder) (cell: Cell) (correct: int list) =
    Directory.CreateDirectory(folder.CellOf cell.Id) |> ignore
    (result cell correct).Write(folder.ResultOf cell.Id)
