module LoRi.Math.Tests.MomentMatchingTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private property = property<ObjectiveCase> typeof<Cases>

/// Student states with the teacher's own tokens: one step per token, for rows that all have the same number of tokens.
let private asTeacher (case: ObjectiveCase) =
    let corpus =
        { case.Corpus with
            Counts = Array.create case.Corpus.Counts.Length case.Corpus.Counts[0]
            Steps = case.Corpus.Counts[0]
        }

    { case with Corpus = corpus }

let private signs (backend: Backend) =
    [
        property "losses_are_zero_when_the_moments_agree" (fun case ->
            let same = asTeacher case
            let batch = batch backend same
            let other = numbers (batch.Terms(studentStates backend same.Corpus))
            let own = numbers (batch.Terms(teacherStates backend same.Corpus))
            closeOn (largest other + 1.0) 1e-10 (Array.zeroCreate own.Length) own "terms of the teacher against itself")

        property "teachers_without_tokens_contribute_nothing" (fun case ->
            let counts = Array.copy case.Corpus.Counts
            counts[1] <- 0

            let emptied =
                { case with
                    Corpus = { case.Corpus with Counts = counts }
                }

            let terms =
                numbers ((batch backend emptied).Terms(studentStates backend emptied.Corpus))

            let examples = counts.Length

            Expect.equal
                [ terms[1]; terms[examples + 1]; terms[2 * examples + 1] ]
                [ 0.0; 0.0; 0.0 ]
                "row without rationale")
    ]

let private batches (backend: Backend) =
    [
        property "batched_equals_stacked_singles" (fun case ->
            let whole = batch backend case
            let corpus = case.Corpus
            let teacher, student = teacherStates backend corpus, studentStates backend corpus
            let examples = corpus.Counts.Length

            let single example =
                let alone =
                    against whole.Objective (teacher.Slice(-4, example, 1)) [| corpus.Counts[example] |] corpus.Steps

                numbers (alone.Terms(student.Slice(-4, example, 1)))

            let singles = Array.init examples single

            let stacked =
                Array.collect (fun term -> Array.init examples (fun example -> singles[example][term])) [| 0..2 |]

            closeOn 1.0 Tolerances.loss stacked (numbers (whole.Terms student)) "terms")

        property "variance_weighting_divides_components_before_any_moment" (fun case ->
            let options =
                { case.Options with
                    Weighting = Weighting.Variance
                }

            let batch = batch backend { case with Options = options }
            let bound = batch.Objective.Subspace
            let layers, width = bound.Subspace.CoordinateRanks
            let variances = Option.get batch.Objective.Measured.ComponentVariances
            let floor = 0.02 * Array.average variances

            let roots =
                variances |> Array.map (fun v -> if v + floor > 0.0 then sqrt (v + floor) else 1.0)

            let divide (z: Coordinates<'token>) : Coordinates<'token> =
                let raw = (Coordinates.raw z).Divide(backend.Tensor [ layers; 1; width ] roots)
                ok (bound.CoordinatesOf<'token> raw)

            let student =
                bound.Coordinates(bound.Standardise(batch.Student(studentStates backend case.Corpus)))

            let t = Moments.centre batch.TeacherWeights (divide batch.Teacher)
            let s = Moments.centre batch.StudentWeights (divide student)
            let expected = numbers (MomentMatching.terms options (fun _ -> None) t s)
            closeOn 1.0 Tolerances.loss expected (numbers (batch.Terms(studentStates backend case.Corpus))) "terms")
    ]

[<Tests>]
let tests =
    testList "Moment matching" [ onEach "signs" signs; onEach "batches" batches ]
