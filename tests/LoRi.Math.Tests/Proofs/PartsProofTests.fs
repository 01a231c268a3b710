/// The theorem of proofs/Parts.v, on the code.
module LoRi.Math.Tests.Proofs.PartsProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Trajectories

/// How much of each of `parts` equal stretches each of `tokens` equal tokens fills.
let private shares parts tokens =
    Array.init parts (fun part ->
        Array.init tokens (fun token ->
            let first = max (float part / float parts) (float token / float tokens)
            let last = min (float (part + 1) / float parts) (float (token + 1) / float tokens)
            float parts * max 0.0 (last - first)))

/// The mean of every stretch.
let private partMeans parts (slices: Slices) : Slices =
    shares parts slices.Length
    |> Array.map (fun row ->
        Array.map2 (fun share slice -> slice |> Array.map (fun x -> share * x)) row slices
        |> Array.reduce (Array.map2 (+)))

/// Mean and order term of one example.
let private meanAndOrder backend (case: TrajectoryCase) student =
    let terms =
        termsOf backend case.Sizes (compared Covariance.Off (Order.Parts case.Steps)) undivided case.Teacher student

    [| terms[0]; terms[2] |]

let private theorem (backend: Backend) =
    [
        property<TrajectoryCase> typeof<TrajectoryCases> "parts_agree_exactly_when_every_step_is_its_part" (fun case ->
            let filled = shares case.Steps case.Tokens

            closeOn 1.0 Tolerances.algebra (Array.create case.Steps 1.0) (filled |> Array.map Array.sum) "a part's"

            closeOn
                1.0
                Tolerances.algebra
                (Array.create case.Tokens (float case.Steps / float case.Tokens))
                (filled |> Array.reduce (Array.map2 (+)))
                "a token's"

            let parts = partMeans case.Steps case.Teacher
            closeOn 1.0 Tolerances.loss [| 0.0; 0.0 |] (meanAndOrder backend case parts) "every step its part"

            // Each step once somewhere else.
            for step in 0 .. case.Steps - 1 do
                let moved =
                    parts
                    |> Array.mapi (fun at slice ->
                        if at = step then
                            Array.map (fun x -> x + 0.5) slice
                        else
                            slice)

                Expect.isGreaterThan (Array.sum (meanAndOrder backend case moved)) 1e-3 "a step is not its part")
    ]

[<Tests>]
let tests = testList "Proofs" [ onEach "Parts.v" theorem ]
