/// The theorems of proofs/Controls.v, on the code.
module LoRi.Math.Tests.Proofs.ControlProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

let private shuffling (_: Backend) =
    [
        property<CorpusCase> typeof<Cases> "derangement_leaves_nothing_in_its_place" (fun case ->
            for count in [ 2; 3; 2 + case.Seed % 50 ] do
                let moved = ok (Permutation.derangement (int64 case.Seed) count)
                Expect.equal (Array.sort moved) [| 0 .. count - 1 |] "every row comes once"
                Expect.all (Array.indexed moved) (fun (row, from) -> row <> from) "no row gets its own")
    ]

[<Tests>]
let tests = testList "Proofs" [ onEach "Controls.v" shuffling ]
