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
        property "losses_are_non_negative" (fun case ->
            let terms = (batch backend case).Terms(studentStates backend case.Corpus)
            Expect.all (numbers terms) (fun x -> x >= -1e-12) "terms")

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

/// The same case without weights that tie a basis to its variances.
let private unweighted covariance (case: ObjectiveCase) =
    { case with
        Kind = SubspaceKind.MultilinearSvd
        Options =
            {
                Covariance = covariance
                Order = Order.Off
                Weighting = Weighting.Off
            }
    }

/// An orthogonal matrix of a seed.
let private rotation (backend: Backend) seed size =
    let numbers = backend.Tensor [ size; size ] (normals seed (size * size))
    let struct (left, _, _) = backend.Spectral.ThinSvd numbers
    left

/// The terms after the bases were turned within their spans: columns U Q.
let private turned (backend: Backend) (case: ObjectiveCase) layers hidden =
    let corpus = case.Corpus
    let states = teacherStates backend corpus

    let subspace =
        fit backend (options corpus case.Kind case.Standardisation) states corpus.Counts
        |> measured backend corpus Weighting.Off

    let times size rank (basis: float[]) turn =
        if turn then
            ((backend.Tensor [ size; rank ] basis).MatMul(rotation backend (corpus.Seed + rank) rank)).ToArray()
        else
            basis

    let moved =
        { subspace with
            LayerBasis = times corpus.Levels subspace.LayerRank subspace.LayerBasis layers
            HiddenBasis = times corpus.Width subspace.HiddenRank subspace.HiddenBasis hidden
        }

    let options =
        {
            Rationale = case.Options
            Anchor = AnchorForm.Off
            AnchorScale = AnchorScale.Corpus
        }

    let objective = ok (BoundObjective.Create moved options backend.Like)
    numbers ((against objective states corpus.Counts corpus.Steps).Terms(studentStates backend corpus))

let private rotations (backend: Backend) =
    [
        for covariance in [ Covariance.Modewise; Covariance.Full ] do
            property $"{covariance}_and_mean_survive_rotations_of_both_modes" (fun case ->
                let case = unweighted covariance case
                close 1e-9 (turned backend case false false) (turned backend case true true) "terms")

        property "PerLayer_survives_rotations_of_the_hidden_mode" (fun case ->
            let case = unweighted Covariance.PerLayer case
            close 1e-9 (turned backend case false false) (turned backend case false true) "terms")

        example "PerLayer and Diagonal do not survive rotations of the layer mode" (fun () ->
            for covariance in [ Covariance.PerLayer; Covariance.Diagonal ] do
                let case =
                    {
                        Corpus =
                            {
                                Levels = 3
                                Width = 3
                                Counts = [| 5; 4 |]
                                Steps = 3
                                Seed = 2
                            }
                        Options =
                            {
                                Covariance = covariance
                                Order = Order.Off
                                Weighting = Weighting.Off
                            }
                        Kind = SubspaceKind.MultilinearSvd
                        Standardisation = Standardisation.Full
                    }

                let still, moved = turned backend case false false, turned backend case true false
                Expect.isGreaterThan (largest (Array.map2 (-) still moved)) 1e-3 $"{covariance}")

        property "every_term_survives_sign_changes_of_the_basis" (fun case ->
            let batch = batch backend case
            let subspace = batch.Objective.Subspace.Subspace

            let flip rank (basis: float[]) =
                basis |> Array.mapi (fun index x -> if index % rank = 0 then -x else x)

            let flipped =
                { subspace with
                    LayerBasis = flip subspace.LayerRank subspace.LayerBasis
                    HiddenBasis = flip subspace.HiddenRank subspace.HiddenBasis
                }

            let again = measured backend case.Corpus case.Options.Weighting flipped

            let options =
                {
                    Rationale = case.Options
                    Anchor = AnchorForm.Off
                    AnchorScale = AnchorScale.Corpus
                }

            let objective = ok (BoundObjective.Create again options backend.Like)
            let states = teacherStates backend case.Corpus
            let moved = against objective states case.Corpus.Counts case.Corpus.Steps
            let student = studentStates backend case.Corpus
            close Tolerances.loss (numbers (batch.Terms student)) (numbers (moved.Terms student)) "terms")
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

        property "the_full_covariance_through_token_grams_is_the_plain_one" (fun case ->
            let options =
                { case.Options with
                    Covariance = Covariance.Full
                    Weighting = Weighting.Off
                    Order = Order.Off
                }

            let batch = batch backend { case with Options = options }
            let bound = batch.Objective.Subspace

            let student =
                bound.Coordinates(bound.Standardise(batch.Student(studentStates backend case.Corpus)))

            let t, s =
                Moments.centre batch.TeacherWeights batch.Teacher, Moments.centre batch.StudentWeights student

            let plain =
                (MomentMatching.terms options (fun _ -> None) t s).Covariance.PerExample.ToArray()

            let grams = (MomentMatching.fullCovarianceByGrams t s).PerExample.ToArray()
            closeOn 1.0 Tolerances.loss plain grams "covariance")

        property "variance_weighting_divides_components_before_any_moment" (fun case ->
            let options =
                { case.Options with
                    Weighting = Weighting.Variance
                }

            let batch = batch backend { case with Options = options }
            let bound = batch.Objective.Subspace
            let layers, width = SharedSubspace.coordinateRanks bound.Subspace
            let variances = bound.Subspace.Variances["component.variance"]
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
    testList "Moment matching" [ onEach "signs" signs; onEach "rotations" rotations; onEach "batches" batches ]
