/// The theorems of proofs/Controls.v, on the code.
module LoRi.Math.Tests.Proofs.ControlProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

/// The means of the statistics of a batch's teacher.
let private meansOf (backend: Backend) (batch: Batch) counts =
    let means = MeanMoments batch.Objective
    means.Add (Coordinates.raw batch.Teacher) counts |> ok
    ok (means.Finish backend.Like)

/// Terms averaged over the rows that have tokens: mean, covariance, order.
let private overRows (counts: int[]) (perRow: float[]) =
    let with' = counts |> Array.sumBy (fun count -> if count > 0 then 1.0 else 0.0)

    perRow
    |> Array.chunkBySize counts.Length
    |> Array.map (fun term -> Array.sum term / with')

/// One example as a student of as many steps as it has tokens, against the means.
let private againstMeans (batch: Batch) means (states: RawTensor) =
    batch.Objective.RationaleToMeans means [| 1 |] (batch.Student states) |> ok |> numbers

let private averaging (backend: Backend) =
    [
        property<ObjectiveCase> typeof<Cases> "loss_of_all_rows_is_loss_of_their_mean_and_their_variance" (fun case ->
            let corpus = case.Corpus
            let batch = batch backend case
            let means = meansOf backend batch corpus.Counts
            let one = (studentStates backend corpus).Slice(-4, 0, 1)

            let everywhere =
                one.Multiply(backend.Tensor [ corpus.Counts.Length; 1; 1; 1 ] (Array.create corpus.Counts.Length 1.0))

            let own = overRows corpus.Counts (numbers (batch.Terms everywhere))
            let teacher = teacherStates backend corpus

            let spread =
                [
                    for row in 0 .. corpus.Counts.Length - 1 do
                        if corpus.Counts[row] > 0 then
                            againstMeans batch means (teacher.Slice(-4, row, 1).Slice(-2, 0, corpus.Counts[row]))
                ]

            let variance =
                [| for term in 0..2 -> spread |> List.averageBy (fun row -> row[term]) |]

            closeOn 1.0 Tolerances.loss own (Array.map2 (+) (againstMeans batch means one) variance) "terms")
    ]

let private shuffling (_: Backend) =
    [
        property<CorpusCase> typeof<Cases> "derangement_leaves_nothing_in_its_place" (fun case ->
            for count in [ 2; 3; 2 + case.Seed % 50 ] do
                let moved = ok (Permutation.derangement (int64 case.Seed) count)
                Expect.equal (Array.sort moved) [| 0 .. count - 1 |] "every row comes once"
                Expect.all (Array.indexed moved) (fun (row, from) -> row <> from) "no row gets its own")
    ]

[<Tests>]
let tests =
    testList "Proofs" [ onEach "Controls.v" (fun backend -> shuffling backend @ averaging backend) ]
