/// A subspace that ranks fit together: the bits of one process, whatever their number. The ranks are threads here.
module LoRi.Training.Tests.SharedFitTests

open System.IO
open Expecto
open LoRi.Files
open LoRi.Math
open LoRi.Models
open LoRi.Models.Native
open LoRi.Models.Tensors
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open TorchSharp

/// Trajectories of some examples of up to six tokens, some of them without any, far from zero.
let private write (path: string) seed levels width examples =
    use writer = new TrajectoryWriter(path, System.Int64.MaxValue)
    use _ = torch.NewDisposeScope()

    let made (name: string) (shape: int64 array) =
        let states = torch.zeros shape
        SeededRandom(seed, name).FillNormal(states, 2.0)
        HeldScalars.Plus(states, 3.0)

    let lengths = [| for row in 0 .. examples - 1 -> (row * 5 + 3) % 7 |]
    let states = made "states" [| int64 examples; int64 levels; 6L; int64 width |]
    let anchors = made "anchors" [| int64 examples; int64 levels; int64 width |]
    writer.Add(TrajectoryBatch([| 0 .. examples - 1 |], states, lengths, anchors))
    writer.Finish [| for row in 0 .. examples - 1 -> string row |] |> ignore

type private Case =
    {
        Name: string
        Levels: int
        Width: int
        Examples: int
        Options: SubspaceOptions
        Weighting: Weighting
        LowMemory: bool
        /// Values of a batch of the corpus at most.
        Batch: int64
    }

let private plain =
    {
        Name = "the multilinear SVD"
        Levels = 5
        Width = 7
        Examples = 40
        Options =
            {
                Kind = SubspaceKind.MultilinearSvd
                Standardisation = Standardisation.Full
                LayerRank = RankChoice.Exactly 2
                HiddenRank = RankChoice.Exactly 3
            }
        Weighting = Weighting.Statistic
        LowMemory = false
        Batch = 1000L
    }

let private ofKind name kind =
    { plain with
        Name = name
        Options = { plain.Options with Kind = kind }
    }

let private cases =
    [
        plain
        { plain with
            Name = "variances of components"
            Weighting = Weighting.Variance
        }
        { plain with
            Name = "two readings"
            LowMemory = true
        }
        { plain with
            Name = "two readings of wide states"
            Width = 66
            LowMemory = true
            Batch = 4000L
        }
        { plain with
            Name = "two readings of fewer components than ranks"
            Width = 3
            LowMemory = true
            Batch = 400L
        }
        { plain with
            Name = "fewer levels than ranks"
            Levels = 2
            Batch = 400L
        }
        { plain with
            Name = "one batch"
            Batch = 1_000_000L
        }
        // Its covariances are so large that a batch is measured in parts.
        { plain with
            Name = "a batch in parts"
            Levels = 4
            Width = 66
            Examples = 90
            Options =
                { plain.Options with
                    LayerRank = RankChoice.Exactly 4
                    HiddenRank = RankChoice.Energy(0.99, 64)
                }
            Batch = 40_000L
        }
        ofKind "random bases" (SubspaceKind.Random 3L)
        ofKind "gradients" SubspaceKind.Gradient
        ofKind "the complement" SubspaceKind.Complement
        ofKind "no reduction" SubspaceKind.Identity
    ]

let private settings (case: Case) =
    let demo = LoRiSettings.Demo

    LoRiSettings(
        case.Options,
        { demo.Objective with
            Rationale =
                { demo.Objective.Rationale with
                    Weighting = case.Weighting
                }
        }
    )

/// The subspace's file, as some ranks fit it.
let private fitted (folder: string) (case: Case) size =
    let opened name =
        TrajectoryFiles.Open([ Path.Combine(folder, name) ], case.Batch)

    let found =
        ThreadRanks.run size (fun ranks ->
            use corpus = opened "states.safetensors"
            use gradients = opened "gradients.safetensors"
            SharedFit(corpus, settings case, ranks).Run(case.LowMemory, gradients))

    Expect.equal [ for one in found -> isNull one ] [ for rank in 0 .. size - 1 -> rank > 0 ] "the first rank has it"
    let path = Path.Combine(folder, "subspace.safetensors")
    SubspaceFile.Write(path, nonNull found.Head, 0L, "")
    File.ReadAllBytes path

let private withCorpus (case: Case) (check: string -> unit) =
    NativeRuntime.Load((NativeRuntimeOptions()).WithThreads 1)
    let folder = (Directory.CreateTempSubdirectory "lori-shared-fit-").FullName

    try
        for seed, name in [ 1L, "states"; 2L, "gradients" ] do
            write (Path.Combine(folder, name + ".safetensors")) seed case.Levels case.Width case.Examples

        check folder
    finally
        Directory.Delete(folder, true)

let private equalBits (case: Case) =
    test $"{case.Name}: the bytes of one process" {
        withCorpus case (fun folder ->
            use corpus =
                TrajectoryFiles.Open([ Path.Combine(folder, "states.safetensors") ], case.Batch)

            Expect.equal (Seq.length (corpus.Batches()) > 2) (case.Batch < 1_000_000L) "batches"
            let alone = fitted folder case 1

            for size in [ 2; 3; 4 ] do
                Expect.isTrue (fitted folder case size = alone) $"{size} ranks")
    }

let private unlike =
    test "ranks that read other states are refused" {
        withCorpus plain (fun folder ->
            for lowMemory in [ false; true ] do
                let run () =
                    ThreadRanks.run 2 (fun ranks ->
                        let name = if ranks.Rank = 0 then "states" else "gradients"

                        use corpus =
                            TrajectoryFiles.Open([ Path.Combine(folder, name + ".safetensors") ], plain.Batch)

                        SharedFit(corpus, settings plain, ranks).Run(lowMemory, null))

                Expect.throwsC (fun () -> run () |> ignore) (fun e ->
                    Expect.isTrue (e :? InputException) "bad input"
                    Expect.stringContains e.Message "the SHA-256 of the sums of all states differs: rank 1 on " "what"))
    }

[<Tests>]
let tests =
    testSequenced (testList "Shared fits" [ yield! List.map equalBits cases; unlike ])
