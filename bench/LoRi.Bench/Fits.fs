/// What fitting a subspace costs: bases alone, the whole fit with its variances, the same with little memory, beside the same corpus
/// through a plain Gram matrix in float32.
module LoRi.Bench.Fits

open System
open System.Globalization
open LoRi.Bench.Clock
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open TorchSharp

type Settings = { Rounds: int; Threads: int }

let private levels, width, longest, rows = 30L, 576L, 100L, 8

/// Rows of 57 to 100 tokens in batches of eight, about 5,000 tokens in all, far from zero and of unequal directions.
let private batches () =
    let scale = torch.logspace (0.0, -2.0, width)

    [
        for number in 0..7 ->
            let states = torch.randn [| int64 rows; levels; longest; width |]
            states.mul_(scale).add_ scale |> ignore
            let lengths = [| for row in 0 .. rows - 1 -> 57 + (number * rows + row) * 13 % 44 |]
            TrajectoryBatch([| 0 .. rows - 1 |], states, lengths, torch.randn [| int64 rows; levels; width |])
    ]

let private source (batches: TrajectoryBatch list) =
    { new ITrajectorySource with
        member _.ForEach take =
            for batch in batches do
                use _ = torch.NewDisposeScope()
                take.Invoke batch
    }

/// Every level's Gram matrix and the products across levels, batch by batch, padding included.
let private plainGram (batches: TrajectoryBatch list) () =
    use _ = torch.NewDisposeScope()
    let hidden = torch.zeros (levels, width, width)
    let layers = torch.zeros (levels, levels)

    for batch in batches do
        use _ = torch.NewDisposeScope()
        let byLevel = batch.Trajectories.transpose(0L, 1L).reshape(levels, -1L, width)

        for level in 0L .. levels - 1L do
            hidden[level].addmm_(byLevel[level].t(), byLevel[level]) |> ignore

        let flat = byLevel.reshape (levels, -1L)
        layers.addmm_ (flat, flat.t ()) |> ignore

let private measures () =
    let batches = batches ()
    let corpus = source batches
    let settings = LoRiSettings.Demo

    [
        "plain Gram matrix, float32", plainGram batches
        "bases", (fun () -> TeacherFit.Bases(corpus, settings) |> ignore)
        "whole fit, with variances", (fun () -> TeacherFit.Fit(corpus, settings, false, true) |> ignore)
        "whole fit with little memory", (fun () -> TeacherFit.Fit(corpus, settings, true, true) |> ignore)
    ]

/// Measures all of them by turns, after one round that does not count; the ceiling's seconds of every round come beside.
let measure (settings: Settings) =
    torch.set_num_threads settings.Threads
    let ceiling = snd (Ceilings.product torch.float32)
    let all = measures ()

    let round () =
        (once ceiling).Wall, all |> List.map (fun (name, run) -> name, (once run).Wall)

    round () |> ignore
    List.init settings.Rounds (fun _ -> round ())

/// Seconds of each, median and range.
let markdown (settings: Settings) (rounds: (float * (string * float) list) list) =
    let line name (seconds: float list) =
        String.Format(
            CultureInfo.InvariantCulture,
            "| {0} | {1:F2} [{2:F2} - {3:F2}] |",
            name,
            median seconds,
            List.min seconds,
            List.max seconds
        )

    let named name =
        rounds |> List.map (fun (_, all) -> snd (List.find (fun (other, _) -> other = name) all))

    String.Join(
        '\n',
        [
            $"{settings.Threads} threads, {settings.Rounds} rounds; seconds, median [range]"
            ""
            "| measure | seconds |"
            "| --- | --: |"
            line "2048-cube product, float32" (List.map fst rounds)
            for name, _ in snd rounds.Head do
                line name (named name)
        ]
    )
