/// Targets that are not the row's own: what changes, and what must not.
module LoRi.Math.Tests.RationaleTargetsTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private permuted seed rows counts coordinates =
    ok (TokenOrder.permuted seed rows counts coordinates)

/// Every row's tokens, of all layers and components each.
let private tokensOf (coordinates: Coordinates<TeacherToken>) =
    let values = Coordinates.raw coordinates
    let examples, size = values.Shape[0], values.Shape[2]
    let byToken = (values.SwapAxes(-3, -2)).ToArray()
    let each = byToken.Length / (examples * size)
    byToken |> Array.chunkBySize each |> Array.chunkBySize size

/// Two rows of two tokens whose whole states are compared.
let private whole levels width covariance standardisation =
    batch
        reference
        {
            Corpus =
                {
                    Levels = levels
                    Width = width
                    Counts = [| 2; 2 |]
                    Steps = 1
                    Seed = 1
                }
            Options =
                {
                    Covariance = covariance
                    Order = Order.Off
                    Weighting = Weighting.Off
                }
            Kind = SubspaceKind.Identity
            Standardisation = standardisation
        }

let private properties (backend: Backend) =
    [
        property<ObjectiveCase> typeof<Cases> "means do not depend on how a corpus is cut into batches" (fun case ->
            let batch, counts = batch backend case, case.Corpus.Counts
            let values = Coordinates.raw batch.Teacher
            let student = batch.Student(studentStates backend case.Corpus)

            let against (parts: (int * int) list) =
                let means = MeanMoments batch.Objective

                for first, count in parts do
                    means.Add (values.Slice(-4, first, count)) (Array.sub counts first count) |> ok

                batch.Objective.RationaleToMeans (ok (means.Finish backend.Like)) counts student
                |> ok
                |> numbers

            let rowByRow = [ for row in 0 .. counts.Length - 1 -> row, 1 ]
            closeOn 1.0 Tolerances.loss (against [ 0, counts.Length ]) (against rowByRow) "terms")

        property<ObjectiveCase> typeof<Cases> "a row without tokens is not pulled to the mean" (fun case ->
            let batch, counts = batch backend case, case.Corpus.Counts
            let means = MeanMoments batch.Objective
            means.Add (Coordinates.raw batch.Teacher) counts |> ok

            let terms =
                batch.Objective.RationaleToMeans
                    (ok (means.Finish backend.Like))
                    counts
                    (batch.Student(studentStates backend case.Corpus))
                |> ok

            for term in [ terms.Mean; terms.Covariance; terms.Order ] do
                for count, value in Array.zip counts (term.PerExample.ToArray()) do
                    if count = 0 then
                        Expect.equal value 0.0 "its term")

        property<ObjectiveCase>
            typeof<Cases>
            "a permuted rationale has the same tokens, and its padding in its place"
            (fun case ->
                let batch, counts = batch backend case, case.Corpus.Counts
                let rows = counts |> Array.mapi (fun index _ -> 10 * index)
                let own = tokensOf batch.Teacher
                let found = tokensOf (permuted (int64 case.Corpus.Seed) rows counts batch.Teacher)

                for row in 0 .. counts.Length - 1 do
                    let tokens, padding = Array.splitAt counts[row] own[row]
                    let moved, behind = Array.splitAt counts[row] found[row]
                    Expect.equal (Array.sort moved) (Array.sort tokens) "tokens"
                    Expect.equal behind padding "padding")

        property<ObjectiveCase>
            typeof<Cases>
            "a permuted rationale has the same loss, unless steps are compared in order"
            (fun case ->
                let options =
                    match case.Options.Order with
                    | Order.Lag1
                    | Order.Parts _ -> { case.Options with Order = Order.Off }
                    | Order.Off
                    | Order.Third -> case.Options

                let batch = batch backend { case with Options = options }
                let rows = [| 0 .. case.Corpus.Counts.Length - 1 |]
                let student = studentStates backend case.Corpus

                let other =
                    { batch with
                        Teacher = permuted 5L rows case.Corpus.Counts batch.Teacher
                    }

                closeOn 1.0 Tolerances.loss (numbers (batch.Terms student)) (numbers (other.Terms student)) "terms")

        property<ObjectiveCase> typeof<Cases> "a row's order does not depend on the rows beside it" (fun case ->
            let batch, counts = batch backend case, case.Corpus.Counts
            let rows = counts |> Array.mapi (fun index _ -> 100 - index)
            let values = Coordinates.raw batch.Teacher
            let together = tokensOf (permuted 9L rows counts batch.Teacher)

            for row in 0 .. counts.Length - 1 do
                let alone =
                    ok (batch.Objective.Subspace.CoordinatesOf<TeacherToken>(values.Slice(-4, row, 1)))

                let found = tokensOf (permuted 9L [| rows[row] |] [| counts[row] |] alone)
                Expect.equal found[0] together[row] "tokens")
    ]

let private examples =
    [
        test "a seed's derangement is the same again, and other seeds draw others" {
            let drawn seed = ok (Permutation.derangement seed 40)
            Expect.equal (drawn 3L) (drawn 3L) "again"
            Expect.notEqual (drawn 3L) (drawn 4L) "another seed"
        }
        test "fewer than two rows cannot get each other's targets" {
            for count in [ 0; 1 ] do
                Expect.stringContains
                    (errorText (Permutation.derangement 1L count))
                    $"{count} rows have a rationale"
                    "message"
        }
        for form in [ Order.Lag1; Order.Parts 3 ] do
            test $"the order of the steps is what a permuted rationale changes: {form}" {
                let case =
                    {
                        Corpus =
                            {
                                Levels = 1
                                Width = 2
                                Counts = [| 9; 8 |]
                                Steps = 4
                                Seed = 11
                            }
                        Options =
                            {
                                Covariance = Covariance.Modewise
                                Order = form
                                Weighting = Weighting.Off
                            }
                        Kind = SubspaceKind.Identity
                        Standardisation = Standardisation.Full
                    }

                let batch = batch reference case
                let student = studentStates reference case.Corpus

                let other =
                    { batch with
                        Teacher = permuted 5L [| 0; 1 |] case.Corpus.Counts batch.Teacher
                    }

                let order (terms: RationaleTerms) = terms.Order.PerExample.ToArray()

                for one, another in Array.zip (order (batch.Terms student)) (order (other.Terms student)) do
                    Expect.isGreaterThan (abs (one - another)) 1e-3 "the order term"
            }
        test "a corpus without tokens has no means" {
            let batch = whole 1 2 Covariance.Off Standardisation.Off

            Expect.equal
                ((MeanMoments batch.Objective).Finish reference.Like |> Result.mapError MathError.describe)
                (Error(MathError.describe EmptyCorpus))
                "nothing was read"
        }
        test "full covariances beyond 512 coordinates are not averaged" {
            let batch = whole 23 23 Covariance.Full Standardisation.Full

            Expect.stringContains
                (errorText ((MeanMoments batch.Objective).Add (Coordinates.raw batch.Teacher) [| 2; 2 |]))
                "p = r_L r_d is 529, and full covariances are averaged over a corpus up to p = 512"
                "message"
        }
        test "numbers of rows and tokens must be the batch's" {
            let values: Coordinates<TeacherToken> =
                ok (
                    Coordinates.create
                        (ok (Dim.create 1))
                        (ok (Dim.create 3))
                        (ok (Dim.create 1))
                        (ReferenceTensor([| 2; 1; 3; 1 |], Array.zeroCreate 6))
                )

            let refusal rows counts =
                errorText (TokenOrder.permuted 1L rows counts values)

            Expect.stringContains (refusal [| 0 |] [| 1; 2 |]) "the numbers of the rows" "rows"
            Expect.stringContains (refusal [| 0; 1 |] [| 1 |]) "token counts" "counts"
            Expect.stringContains (refusal [| 0; 1 |] [| 1; 4 |]) "row 1" "a count beyond the axis"
        }
    ]

[<Tests>]
let tests =
    testList "Targets" [ testList "examples" examples; onEach "properties" properties ]
