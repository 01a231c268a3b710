/// Gradients of micro-batches are added as one binary tree over their numbers, so that whoever adds a whole subtree gets its bits.
module LoRi.Training.Tests.GradientTreeTests

open Expecto
open LoRi.Models.Native
open LoRi.Training
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// Gradients whose sums depend on the order of adding.
let private gradients count =
    let random = System.Random 3

    let value () =
        (random.NextDouble() - 0.5) * 10.0 ** float (random.Next(-6, 6))

    [
        for _ in 1..count -> torch.tensor (Array.init 33 (fun _ -> float32 (value ())))
    ]

/// What the tree gives, added one after the other as a trainer does.
let private summed (parts: torch.Tensor list) =
    let buffer = torch.zeros_like parts.Head
    use tree = new GradientTree(buffer, parts.Length)

    parts
    |> List.iter (fun part ->
        buffer.add_ part |> ignore
        tree.Add())

    buffer

/// The tree by its definition: two halves where they are whole, else the largest power of two below the count to the left, the rest to
/// the right.
let rec private defined (parts: torch.Tensor list) =
    match parts with
    | [ one ] -> one
    | _ when parts.Length % 2 = 0 ->
        (defined (List.take (parts.Length / 2) parts))
        + (defined (List.skip (parts.Length / 2) parts))
    | _ ->
        let mutable left = 1

        while 2 * left < parts.Length do
            left <- 2 * left

        (defined (List.take left parts)) + (defined (List.skip left parts))

[<Tests>]
let tests =
    testList
        "Gradient tree"
        [
            test "the sum is that of the tree, bit for bit" {
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()

                for count in 1..17 do
                    let parts = gradients count
                    Expect.equal (doubles (summed parts)) (doubles (defined parts)) $"{count} micro-batches"
            }
            test "who adds a whole subtree gets its bits, however many share the step" {
                NativeRuntime.Load()
                use _ = torch.NewDisposeScope()

                for count, sharing in [ 16, 2; 16, 4; 16, 8; 16, 16; 6, 2; 12, 2; 12, 4; 20, 4; 40, 8 ] do
                    let parts = gradients count
                    let shares = parts |> List.chunkBySize (count / sharing) |> List.map summed
                    Expect.equal (doubles (summed shares)) (doubles (summed parts)) $"{count} of {sharing} ranks"

                let parts = gradients 16
                let whole = doubles (summed parts)
                let inOrder = parts |> List.reduce (fun a b -> a + b)
                Expect.notEqual (doubles inOrder) whole "the order of adding can be seen"
            }
        ]
