/// Pages made of files as runs and demonstrations leave them, for those that look at pages.
module LoRi.Training.Tests.SamplePages

open System
open System.IO
open LoRi.Math
open LoRi.Models.Reasoning
open LoRi.Runs.Demo
open LoRi.Runs.LowRank
open LoRi.Runs.Reports
open LoRi.Training.Trajectories

/// A subspace of a small random corpus.
let private subspace () =
    let states =
        ReferenceTensor([| 2; 3; 4; 6 |], Array.init 144 (fun i -> sin (float (i * i))))

    let options: SubspaceOptions =
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = Standardisation.Full
            LayerRank = RankChoice.Exactly 2
            HiddenRank = RankChoice.Energy(0.95, 4)
        }

    SharedSubspace.fit (ReferenceSpectral()) options Weighting.Off states [| 4; 3 |] None
    |> Result.defaultWith (MathError.describe >> failwith)

/// Losses as large as those of a student that has learnt nothing, and one that is no number.
let private metrics =
    [
        for step in 1..30 ->
            let loss = 54_507_904.0 / float step

            $$"""{"step": {{step}}, "tokens": {{step * 1000}}, "loss": {{loss}}, "task": {{10.0 / float step}}, "rationale": {{loss}}, "learning_rate": 0.0001, "gradient_norm": {{if step = 3 then "\"NaN\"" else "1.5e8"}}, "tokens_per_second": 812.5, "seconds": {{step}}, "latent_spread": 0.25}"""
            + "\n"
    ]

let private latency =
    """{"count": 3, "mean": 1234.56, "p50": 1200.1, "p90": 1300.2, "p99": 1400.9}"""

let private evaluation =
    $$"""{"dataset": "test.jsonl", "method": "lori", "examples": 1319, "correct": 13, "accuracy": {{13.0 / 1319.0}}, "accuracy_strict": 0.5, "ci95": [0.005, 0.017], "seconds": 2000, "tokens_generated": 120000, "batch_latency_ms": {{latency}}, "single_latency_ms": {{latency}}, "peak_memory_bytes": 8000000000}"""

/// Writes the files of a run of some name below a folder; its path.
let writeRun (folder: string) (name: string) =
    let run = Path.Combine(folder, name)

    let evaluated =
        Directory.CreateDirectory(Path.Combine(run, "student-gsm8k")).FullName

    let config =
        $$"""{"command": "distill", "version": "0.1.0", "method": "lori", "data": ["/data/gsm8k/{{String('x', 90)}}.jsonl"], "seed": 7, "steps": 30, "learning_rate": 1e-4, "layer_rank": null}"""

    File.WriteAllText(Path.Combine(run, "config.json"), config)
    File.WriteAllText(Path.Combine(run, "metrics.jsonl"), String.concat "" metrics)

    File.WriteAllText(
        Path.Combine(run, "summary.json"),
        """{"tokens_per_second": 812.5, "peak_memory_bytes": 900000000, "share_of_ceiling": 0.31}"""
    )

    File.WriteAllText(Path.Combine(evaluated, "evaluation.json"), evaluation)
    SubspaceFile.Write(Path.Combine(run, "subspace.safetensors"), subspace (), 0L, "none")
    run

/// Steps of a weak student: its likeliest tokens are hardly likelier than all others, and one of them is a line feed.
let private strip =
    let level (first: string) =
        [|
            first, 0.12
            "\n", 2.1e-5
            " the", 2.0e-5
            "\\n", 1e-9
            " internationalisation", 0.0
        |]
        |> Array.map LatentToken
        :> Collections.Generic.IReadOnlyList<_>

    let step (first: string) =
        [| level "a"; level first |] :> Collections.Generic.IReadOnlyList<_>

    LatentStrip("chain in the data", [| "2"; " +"; " 2"; " ="; " 4" |], "The", [| step " 2"; step "4"; step "\n" |])

let private decoded = DecodedQuestion("How many?\nTwo lines.", "4", "5", strip)

/// The page about runs, with questions of the first.
let runPage (folders: string list) =
    let runs = RunRecord.ReadAll folders

    RunPage(
        runs,
        [||],
        [|
            struct (runs[0].Name, [| decoded |] :> Collections.Generic.IReadOnlyList<_>)
        |],
        [| "a note" |]
    )
        .Html()

/// The page about a demonstration of a name.
let demoPage (setting: string) =
    let row name seed : DemoRow =
        Text.Json.JsonSerializer.Deserialize<DemoRow>(
            $$"""{"method": "{{name}}", "seed": {{seed}}, "examples": 40, "correct": 30, "accuracy": 0.75, "ci95": [0.6, 0.9], "per_length": {"1": 1, "2": 0.5}, "examples_per_length": {"1": 20, "2": 20}, "steps": 700, "seconds": 61.5, "tokens_generated": 400, "latency_ms": 9.5}"""
        )
        |> Option.ofObj
        |> Option.get

    let names = [ "cot"; "lori"; "rationale-only"; "no-cot-equal-time" ]

    DemoPage(
        DemoReport(
            Setting = setting,
            Quick = false,
            Seeds = [| 0L; 1L |],
            SecondsPerStep = readOnlyDict [ "lori", 0.1 ],
            Rows =
                [|
                    for name in names do
                        for seed in 0..1 -> row name seed
                |],
            Ranks = [| RankRow("full", "layer", 3, 1.5, 1.25, 1, 2, 3) |],
            WorkedExamples = [| WorkedExample("2 + 2 =", "4", "2 + 2 = 4", "4", [| "4"; "=" |]) |],
            Seconds = 400.0
        )
    )
        .Html()
