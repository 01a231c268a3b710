/// The theorems of proofs/Anchor.v, on the code.
module LoRi.Math.Tests.Proofs.AnchorProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Trajectories
open LoRi.Models.Tensors

let private property = property<TrajectoryCase> typeof<TrajectoryCases>

let private smoothL1 (backend: Backend) (x: float[]) =
    ((backend.Tensor [ x.Length ] x).SmoothL1()).ToArray()

let private clip x = max -1.0 (min 1.0 x)

/// Pairs of points, normal numbers of a seed with a scale.
let private points seed scale =
    let numbers = normals seed 40 |> Array.map (fun x -> scale * x)
    numbers[..19], numbers[20..]

let private isBetween what scale (least: float) (most: float) (found: float) =
    if not (found >= least - 1e-12 * scale && found <= most + 1e-12 * scale) then
        failtest $"{what}: found {found}, must be from {least} to {most}"

/// The gradient that Torch finds; nothing where the backend cannot differentiate.
let private automatic (backend: Backend) deviations sizes (a: float[]) =
    match backend.Tensor sizes a with
    | :? TorchTensor as tensor ->
        let states = (TorchTensor.Unwrap tensor).requires_grad_ true

        let loss =
            Anchor.loss (backend.Tensor [ List.head sizes ] deviations) (TorchTensor states)

        (TorchTensor.Unwrap loss.PerExample).sum().backward()
        Some((TorchTensor(states.grad |> Option.ofObj |> Option.get)).ToArray())
    | _ -> None

let private anchors (backend: Backend) =
    [
        property "smooth_l1_derivative_piece_by_piece" (fun case ->
            let pairs =
                [ -1.0; 0.0; 1.0 ]
                |> List.collect (fun piece ->
                    let xs, ys = points case.Seed 0.8

                    let inside x =
                        if piece = 0.0 then clip x else piece * (1.0 + abs x)

                    [ for x, y in Array.zip xs ys -> piece, inside x, inside y ])

            for piece, x, y in pairs do
                let found = smoothL1 backend [| x; y |]
                let h = y - x
                let rest = if piece = 0.0 then h * h / 2.0 else 0.0

                closeOn
                    (1.0 + abs x + abs y)
                    Tolerances.algebra
                    [| found[0] + clip x * h + rest |]
                    [| found[1] |]
                    "piece")

        property "smooth_l1_remainder" (fun case ->
            let xs, hs = points case.Seed 2.0
            let still, found = smoothL1 backend xs, smoothL1 backend (Array.map2 (+) xs hs)

            for i in 0 .. xs.Length - 1 do
                isBetween "remainder" 10.0 0.0 (hs[i] * hs[i] / 2.0) (found[i] - still[i] - clip xs[i] * hs[i]))

        property "gradient_of_the_anchor_term" (fun case ->
            let levels, width = case.Layers, case.Width
            let count = levels * width

            let numbers other =
                normals (case.Seed + other) count |> Array.map (fun x -> 2.0 * x)

            let a, h = numbers 0, numbers 1

            let deviations = normals (case.Seed + 2) levels |> Array.map (fun x -> 0.1 + abs x)

            let over i = float count * deviations[i / width]
            let gradient = a |> Array.mapi (fun i x -> clip x / over i)

            let loss (difference: float[]) =
                let result =
                    Anchor.loss (backend.Tensor [ levels ] deviations) (backend.Tensor [ levels; width ] difference)

                result.PerExample.ToArray()[0]

            let rest = loss (Array.map2 (+) a h) - loss a - dot gradient h
            let most = h |> Array.mapi (fun i x -> x * x / 2.0 / over i) |> Array.sum
            isBetween "remainder" (1.0 + abs (loss a) + most) 0.0 most rest

            automatic backend deviations [ levels; width ] a
            |> Option.iter (fun found -> close Tolerances.algebra gradient found "what autograd finds"))
    ]

[<Tests>]
let tests = testList "Proofs" [ onEach "Anchor.v" anchors ]
