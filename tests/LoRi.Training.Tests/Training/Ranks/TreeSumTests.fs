/// Sums over ranks are those of one fixed tree, whatever the length of what is summed.
module LoRi.Training.Tests.TreeSumTests

open System
open Expecto
open LoRi.Models.Native
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// Values whose sums depend on the order of adding.
let private valuesOf (length: int) (rank: int) =
    let random = System.Random(100 * length + rank)
    Array.init length (fun _ -> float32 ((random.NextDouble() - 0.5) * 10.0 ** float (random.Next(-6, 6))))

/// The tree by its definition: two halves.
let rec private defined (parts: float32[] list) =
    match parts with
    | [ one ] -> one
    | _ ->
        let half = parts.Length / 2
        Array.map2 (+) (defined (List.take half parts)) (defined (List.skip half parts))

[<Tests>]
let tests =
    testList
        "Sums over ranks"
        [
            test "every rank gets the bits of the tree" {
                NativeRuntime.Load()

                for size in [ 1; 2; 4; 8 ] do
                    // More values than are added at a time, and fewer than there are ranks.
                    for length in [ 1; 2; 3; 7; 33; 1000; (1 <<< 20) + 5 ] do
                        let parts = [ for rank in 0 .. size - 1 -> valuesOf length rank ]
                        let expected = Array.map float (defined parts)

                        let found =
                            ThreadRanks.run size (fun ranks ->
                                use _ = torch.NewDisposeScope()
                                let flat = torch.tensor parts[ranks.Rank]
                                ranks.Sum flat
                                doubles flat)

                        for rank, values in List.indexed found do
                            Expect.isTrue (values = expected) $"rank {rank} of {size}, {length} values"
            }
            test "what is gathered comes in the order of the ranks" {
                let found =
                    ThreadRanks.run 4 (fun ranks ->
                        let own = Array.create ranks.Rank (byte ranks.Rank)
                        [ for bytes in ranks.Gather(ReadOnlySpan<byte> own) -> List.ofArray bytes ])

                for all in found do
                    Expect.equal all [ []; [ 1uy ]; [ 2uy; 2uy ]; [ 3uy; 3uy; 3uy ] ] "all of all"
            }
        ]
