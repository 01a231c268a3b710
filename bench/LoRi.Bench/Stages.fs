/// Every stage on a real checkpoint and real text, each as the whole process a user would start: seconds, tokens a second,
/// share of a 2048-cube matrix product timed in the same run, peak memory; and what a full run would take at these rates.
module LoRi.Bench.Stages

open System
open System.IO
open System.Text.Json
open LoRi.Bench.ChildProcess
open LoRi.Training.ModelFiles
open LoRi.Training.Runs
open TorchSharp

/// What is run on what.
type Settings =
    {
        Cli: string
        Model: string
        Train: string
        Test: string
        Folder: string
        Rows: int
        Steps: int
        BatchSize: int
        Dtype: string
    }

/// One line of the table.
type Row =
    {
        Stage: string
        Seconds: float
        Tokens: int64
        TokensPerSecond: float
        Share: float
        PeakMemory: int64
    }

let private lori settings arguments =
    run "dotnet" (settings.Cli :: arguments)

let private json (file: string) =
    JsonDocument.Parse(File.ReadAllText file).RootElement.Clone()

let private number (name: string) (value: JsonElement) = value.GetProperty(name).GetDouble()

/// A training stage: rates are of its steps alone, seconds of the whole process.
let private training stage settings folder arguments =
    let outcome =
        lori settings (arguments @ [ "--output"; folder; "--dtype"; settings.Dtype ])

    let summary = json (Path.Combine(folder, "summary.json"))

    {
        Stage = stage
        Seconds = outcome.Seconds
        Tokens = int64 (number "tokens" summary)
        TokensPerSecond = number "tokens_per_second" summary
        Share = number "share_of_ceiling" summary
        PeakMemory = max outcome.PeakMemory (int64 (number "peak_memory_bytes" summary))
    }

/// A stage of forward passes only: two operations a weight and token.
let private inference stage ceiling weights (outcome: Outcome) (tokens: int64) seconds =
    {
        Stage = stage
        Seconds = outcome.Seconds
        Tokens = tokens
        TokensPerSecond = float tokens / seconds
        Share = 2.0 * weights * float tokens / seconds / ceiling
        PeakMemory = outcome.PeakMemory
    }

let private losses folder (term: string) =
    let values =
        File.ReadAllLines(Path.Combine(folder, "metrics.jsonl"))
        |> Array.map (fun line -> (JsonDocument.Parse line).RootElement.GetProperty(term).GetDouble())

    let part = max 1 (values.Length / 4)
    $"%.3f{Array.average values[.. part - 1]} to %.3f{Array.average values[values.Length - part ..]}"

let private weightsOf model =
    let struct (loaded, _) =
        ModelLoader.Load(model, LoadSettings.AsStored(StageModel.PrecisionOf DtypeOption.F32))

    use owned = loaded

    owned.Parameters.Slots
    |> Seq.filter (fun slot -> slot.Shape.Length > 1)
    |> Seq.sumBy _.Count
    |> float

/// Runs all stages and gives their rows and the course of the losses.
let measure settings =
    let path name = Path.Combine(settings.Folder, name)

    let dtype =
        if settings.Dtype = "bfloat16" then
            torch.ScalarType.BFloat16
        else
            torch.ScalarType.Float32

    let ceiling = StageMeasures.Ceiling(dtype, torch.CPU)
    let weights = weightsOf settings.Model
    let rows = string settings.Rows
    let data = [ "--data"; settings.Train; "--limit"; rows; "--max-tokens"; "384" ]

    let steps =
        [
            "--steps"
            string settings.Steps
            "--batch-size"
            string settings.BatchSize
            "--log-every"
            "1"
        ]

    let teach =
        training "teach" settings (path "teacher") ([ "teach"; "--model"; settings.Model ] @ data @ steps)

    let trajectories =
        let outcome =
            lori
                settings
                ([
                    "trajectories"
                    "--model"
                    path "teacher"
                    "--output"
                    path "trajectories.safetensors"
                    "--json"
                 ]
                 @ data)

        let answer = (JsonDocument.Parse outcome.Output).RootElement
        inference "trajectories" ceiling weights outcome (int64 (number "tokens" answer)) (number "seconds" answer)

    let fit =
        lori
            settings
            [
                "subspace"
                "fit"
                "--trajectories"
                path "trajectories.safetensors"
                "--output"
                path "subspace.safetensors"
                "--json"
            ]

    let distill =
        training
            "distill (lori)"
            settings
            (path "student")
            ([ "distill"; "--method"; "lori"; "--teacher"; path "teacher" ] @ data @ steps)

    let evaluate =
        let outcome =
            lori
                settings
                [
                    "evaluate"
                    "--model"
                    path "student"
                    "--data"
                    settings.Test
                    "--limit"
                    "64"
                    "--max-new-tokens"
                    "16"
                    "--output"
                    path "evaluation"
                ]

        let answer = json (path "evaluation/evaluation.json")

        inference
            "evaluate (64 questions, latent)"
            ceiling
            weights
            outcome
            (int64 (number "tokens_generated" answer))
            (number "seconds" answer)

    let generate =
        lori
            settings
            [
                "generate"
                "--model"
                path "student"
                "--prompt"
                "Tom has 3 apples and buys 4 more. How many has he?"
            ]

    let plain stage (outcome: Outcome) =
        {
            Stage = stage
            Seconds = outcome.Seconds
            Tokens = 0L
            TokensPerSecond = nan
            Share = nan
            PeakMemory = outcome.PeakMemory
        }

    let table =
        [
            teach
            trajectories
            plain "subspace fit" fit
            distill
            evaluate
            plain "generate" generate
        ]

    table,
    ceiling,
    [
        "teach", losses (path "teacher") "task"
        "distill: task", losses (path "student") "task"
        "distill: mean", losses (path "student") "mean"
        "distill: covariance", losses (path "student") "covariance"
    ]

let private shown (format: float -> string) value =
    if Double.IsNaN value then "" else format value

/// The table as Markdown.
let report settings (rows: Row list, ceiling, courses: (string * string) list) =
    let line row =
        let rate, share =
            shown (sprintf "%.0f") row.TokensPerSecond, shown (fun share -> $"%.0f{100.0 * share} %%") row.Share

        $"| {row.Stage} | %.0f{row.Seconds} | {row.Tokens} | {rate} | {share} | %.2f{float row.PeakMemory / float (1L <<< 30)} |"

    [
        $"{settings.Rows} rows, {settings.Steps} steps of {settings.BatchSize} rows, {settings.Dtype}, {torch.get_num_threads ()} threads; ceiling %.0f{ceiling / 1e9} GFLOP/s (2048-cube product, same run)."
        ""
        "| stage | s, whole process | tokens | tokens/s | share of ceiling | peak GiB |"
        "| --- | --: | --: | --: | --: | --: |"
        for row in rows do
            line row
        ""
        "| loss, first to last quarter of the steps | |"
        "| --- | --- |"
        for name, course in courses do
            $"| {name} | {course} |"
    ]
    |> String.concat "\n"
