/// Every stage on a real checkpoint and real text, each as the whole process a user would start: seconds, tokens a second,
/// share of a 2048-cube matrix product timed in the same run, peak memory; and what a full run would take at these rates.
module LoRi.Bench.Stages

open System
open System.IO
open System.Text.Json
open LoRi.Bench.ChildProcess
open LoRi.Files.Tokenizers
open LoRi.Models.ModelFiles
open LoRi.Runs.Answers
open LoRi.Runs.Plans
open LoRi.Runs.Settings
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
        /// Of the whole process.
        Seconds: float
        /// Tokens that went through the stage's arithmetic, written ones and latent steps included; 0 where there are none.
        Tokens: int64
        /// Over the seconds of the work itself, without start and loading where the stage tells them; NaN where no token is read.
        TokensPerSecond: float
        Share: float
        PeakMemory: int64
    }

let private lori settings arguments =
    eprintfn "%s" (String.Join(' ', List.truncate 2 arguments))
    runLine (program settings.Cli @ arguments)

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

/// A stage that passes tokens at so many operations each in so many seconds.
let private passing stage ceiling operations (outcome: Outcome) (tokens: int64) seconds =
    {
        Stage = stage
        Seconds = outcome.Seconds
        Tokens = tokens
        TokensPerSecond = float tokens / seconds
        Share = operations * float tokens / seconds / ceiling
        PeakMemory = outcome.PeakMemory
    }

/// A stage of forward passes only: two operations a weight and token.
let private inference stage ceiling weights = passing stage ceiling (2.0 * weights)

let private losses folder (term: string) =
    let values =
        jsonLines (Path.Combine(folder, "metrics.jsonl")) |> Array.map (number term)

    let part = max 1 (values.Length / 4)
    $"%.3f{Array.average values[.. part - 1]} to %.3f{Array.average values[values.Length - part ..]}"

let private weightsOf model =
    let struct (loaded, _) =
        ModelLoader.Load(model, LoadSettings.OnCpu(StageModel.PrecisionOf DtypeOption.F32))

    use owned = loaded

    StageMeasures.BlockWeights owned

/// The options that all stages share which read the training rows.
let private rows settings =
    [
        "--data"
        settings.Train
        "--limit"
        string settings.Rows
        "--max-tokens"
        "384"
    ]

let private steps settings =
    [
        "--steps"
        string settings.Steps
        "--batch-size"
        string settings.BatchSize
        "--log-every"
        "1"
        // A long run saves every twentieth of its steps; one of a dozen steps would mostly save.
        "--checkpoint-every"
        string settings.Steps
    ]

let private teach settings =
    let arguments =
        [ "teach"; "--model"; settings.Model ] @ rows settings @ steps settings

    training "teach" settings (Path.Combine(settings.Folder, "teacher")) arguments

let private trajectories settings ceiling weights =
    let output =
        [
            "--output"
            Path.Combine(settings.Folder, "trajectories.safetensors")
            "--json"
        ]

    let outcome =
        lori
            settings
            ([ "trajectories"; "--model"; Path.Combine(settings.Folder, "teacher") ]
             @ output
             @ rows settings)

    let answer = (JsonDocument.Parse outcome.Output).RootElement
    inference "trajectories" ceiling weights outcome (int64 (number "tokens" answer)) (number "seconds" answer)

/// A stage that reads no tokens.
let private plain stage (outcome: Outcome) =
    {
        Stage = stage
        Seconds = outcome.Seconds
        Tokens = 0L
        TokensPerSecond = nan
        Share = nan
        PeakMemory = outcome.PeakMemory
    }

/// Both Gram matrices of a token's `L x d` states are the least work: `2 L d (L + d)` operations.
let private subspace settings ceiling =
    let file =
        [ "--output"; Path.Combine(settings.Folder, "subspace.safetensors"); "--json" ]

    let fit =
        [
            "subspace"
            "fit"
            "--trajectories"
            Path.Combine(settings.Folder, "trajectories.safetensors")
        ]
        @ file

    let outcome = lori settings fit
    let answer = (JsonDocument.Parse outcome.Output).RootElement
    let levels, width = number "layers" answer, number "width" answer

    passing
        "subspace fit"
        ceiling
        (2.0 * levels * width * (levels + width))
        outcome
        (int64 (number "tokens" answer))
        outcome.Seconds

let private report settings =
    plain
        "subspace report"
        (lori
            settings
            [
                "subspace"
                "report"
                "--subspace"
                Path.Combine(settings.Folder, "subspace.safetensors")
            ])

let private distill settings =
    let arguments =
        [
            "distill"
            "--method"
            "lori"
            "--teacher"
            Path.Combine(settings.Folder, "teacher")
        ]

    training
        "distill (lori)"
        settings
        (Path.Combine(settings.Folder, "student"))
        (arguments @ rows settings @ steps settings)

let private prompt = "Tom has 3 apples and buys 4 more. How many has he?"

/// Counts the tokens of questions as the student reads them.
let private reader settings =
    let tokenizer = TokenizerFile.Load(Path.Combine(settings.Folder, "student/final"))
    fun (question: string) -> tokenizer.Encode(question, false).Length

let private evaluate settings ceiling weights =
    let questions =
        [ "--data"; settings.Test; "--limit"; "64"; "--max-new-tokens"; "16" ]

    let output = [ "--output"; Path.Combine(settings.Folder, "evaluation") ]

    let outcome =
        lori settings ([ "evaluate"; "--model"; Path.Combine(settings.Folder, "student") ] @ questions @ output)

    let answer = json (Path.Combine(settings.Folder, "evaluation/evaluation.json"))

    let count = reader settings

    let asked =
        jsonLines (Path.Combine(settings.Folder, "evaluation/predictions.jsonl"))
        |> Array.sumBy (fun row -> count (nonNull (row.GetProperty("question").GetString())))

    let latents = number "examples" answer * number "latent_steps" answer
    let passed = int64 (float asked + latents + number "tokens_generated" answer)
    inference "evaluate (64 questions, latent)" ceiling weights outcome passed (number "seconds" answer)

/// The student's and its explicit teacher's answer to one question, both in one process.
let private generate settings ceiling weights =
    let models =
        [
            "--model"
            Path.Combine(settings.Folder, "student")
            "--against"
            Path.Combine(settings.Folder, "teacher")
        ]

    let outcome =
        lori settings ([ "generate" ] @ models @ [ "--prompt"; prompt; "--max-new-tokens"; "64"; "--json" ])

    let answer = (JsonDocument.Parse outcome.Output).RootElement
    let asked = reader settings prompt

    let row name (measured: JsonElement) =
        let passed =
            int64 (float asked + number "latent_steps" measured + number "tokens" measured)

        inference $"generate ({name})" ceiling weights outcome passed (number "seconds" measured)

    [
        row "one question, latent" answer
        row "the same, explicit" (answer.GetProperty "against")
    ]

/// Runs all stages in their order and gives their rows, the ceiling in operations a second, and the course of the losses.
let measure settings =
    let dtype =
        if settings.Dtype = "bfloat16" then
            torch.ScalarType.BFloat16
        else
            torch.ScalarType.Float32

    let ceiling = StageMeasures.Ceiling(dtype, torch.CPU)
    let weights = weightsOf settings.Model
    let taught = teach settings
    let traced = trajectories settings ceiling weights
    let fitted = subspace settings ceiling
    let reported = report settings
    let distilled = distill settings
    let evaluated = evaluate settings ceiling weights

    [ taught; traced; fitted; reported; distilled; evaluated ]
    @ generate settings ceiling weights,
    ceiling,
    [
        "teach", losses (Path.Combine(settings.Folder, "teacher")) "task"
        for term in [ "task"; "mean"; "covariance"; "anchor" ] do
            $"distill: {term}", losses (Path.Combine(settings.Folder, "student")) term
    ]

let private shown (format: float -> string) value =
    if Double.IsNaN value then "" else format value

/// The table as Markdown.
let markdown settings (rows: Row list, ceiling, courses: (string * string) list) =
    let line row =
        let rate, share =
            shown (sprintf "%.0f") row.TokensPerSecond, shown (fun share -> $"%.1f{100.0 * share} %%") row.Share

        $"| {row.Stage} | %.1f{row.Seconds} | {row.Tokens} | {rate} | {share} | %.2f{float row.PeakMemory / float (1L <<< 30)} |"

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
