/// The theorems of proofs/MultilinearSvd.v, on the code.
module LoRi.Math.Tests.Proofs.MultilinearSvdProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.FittedCorpora
open LoRi.Math.Tests.Proofs.Tensors

let private property = property<TensorCase> typeof<Cases>

/// What one mode's discarded eigenvalues hold, for all three.
let private discarded (backend: Backend) (ranks: MultilinearRank) x =
    let _, first = leading backend ranks.R1 (Tensor3.unfold1 x)
    let _, second = leading backend ranks.R2 (Tensor3.unfold2 x)
    let _, third = leading backend ranks.R3 (Tensor3.unfold3 x)
    first, second, third

let private lost x kept = energy (minus x kept)

/// The best tensor of these ranks that alternating refinement finds.
let private best (backend: Backend) ranks x =
    ok (MultilinearSvd.refined backend.Spectral 1e-14 100 ranks x)
    |> MultilinearSvd.squaredError x

/// The shared subspace keeps no less in either mode than bases that no data chose.
let private keepsTheMost otherU otherW (corpus: FittedCorpus) =
    let x = corpus.Whole
    atMost (energy x) (energy (project1 corpus.LayerBasis x)) (energy (project1 otherU x)) "layers of a corpus"
    atMost (energy x) (energy (project3 corpus.HiddenBasis x)) (energy (project3 otherW x)) "components of a corpus"

/// The corpus's squared error, as the product reports it, is that of the projection, and within the reported bound, which is
/// the discarded eigenvalues of the corpus's two outer modes.
let private withinReportedBound (backend: Backend) (corpus: FittedCorpus) =
    let x, subspace = corpus.Whole, corpus.Subspace.Fitted
    let whole = energy x
    let _, first = leading backend subspace.LayerRank (Tensor3.unfold1 x)
    let _, third = leading backend subspace.HiddenRank (Tensor3.unfold3 x)
    let bound = FittedSubspace.squaredErrorBound subspace
    let error = lost x corpus.Kept
    closeOn whole Tolerances.spectral [| first + third |] [| bound |] "the reported bound"

    closeOn
        whole
        Tolerances.spectral
        [| error |]
        [| subspace.Energy - Fitting.keptOf corpus.Subspace |]
        "the reported error"

    atMost whole bound error "a corpus"

/// No tensor of the subspace's ranks, the tokens left whole, comes nearer to the corpus than half of its squared error.
let private withinFactorOfBest (backend: Backend) (corpus: FittedCorpus) =
    let x, subspace = corpus.Whole, corpus.Subspace.Fitted

    let ranks =
        {
            R1 = subspace.LayerRank
            R2 = (Tensor3.dim2 x).Size
            R3 = subspace.HiddenRank
        }

    atMost (energy x) (2.0 * best backend ranks x) (lost x corpus.Kept) "a corpus"

let private spectra (backend: Backend) =
    [
        property "ky_fan" (fun case ->
            let size, rank, _ = case.Sizes
            let rank = min rank size
            let m = matrix<A, A> backend case.Seed size size
            // Symmetric, with eigenvalues of both signs.
            let g = Matrix.scale case.Scale (Matrix.add m (Matrix.transpose m))
            let struct (eigenvalues, vectors) = backend.Spectral.SymmetricEigen(Matrix.raw g)
            let q = ofEntries<A, Truncated<A>> vectors
            eigenvectors g eigenvalues q
            let scale = largest eigenvalues

            let kept (v: Matrix<A, Truncated<A>>) =
                trace (Matrix.product (Matrix.transpose v) (Matrix.product g v))

            let largestOnes = Array.sum eigenvalues[.. rank - 1]
            let top = ofEntries<A, Truncated<A>>(vectors.Slice(-1, 0, rank))
            closeOn scale Tolerances.spectral [| largestOnes |] [| kept top |] "the leading eigenvectors"
            atMost scale largestOnes (kept (basis<A> backend (case.Seed + 1) size rank)) "another basis")

        property "one_mode_error_is_discarded_eigenvalues" (fun case ->
            let x = tensor backend case
            let ranks = halves case.Sizes
            let u, first = leading backend ranks.R1 (Tensor3.unfold1 x)
            let v, second = leading backend ranks.R2 (Tensor3.unfold2 x)
            let w, third = leading backend ranks.R3 (Tensor3.unfold3 x)

            let found =
                [| lost x (project1 u x); lost x (project2 v x); lost x (project3 w x) |]

            closeOn (energy x) Tolerances.spectral [| first; second; third |] found "modes 1, 2, 3")

        property "leading_eigenvectors_keep_the_most" (fun case ->
            let x = tensor backend case
            let ranks = halves case.Sizes
            let u, _ = leading backend ranks.R1 (Tensor3.unfold1 x)
            let v, _ = leading backend ranks.R2 (Tensor3.unfold2 x)
            let w, _ = leading backend ranks.R3 (Tensor3.unfold3 x)
            let otherU, otherV, otherW = bases backend case
            atMost (energy x) (energy (project1 u x)) (energy (project1 otherU x)) "mode 1"
            atMost (energy x) (energy (project2 v x)) (energy (project2 otherV x)) "mode 2"
            atMost (energy x) (energy (project3 w x)) (energy (project3 otherW x)) "mode 3"

            for standardisation in Standardisation.all do
                fitted backend standardisation case |> keepsTheMost otherU otherW)

        property "discarded_eigenvalues_are_the_least_error" (fun case ->
            let x = tensor backend case
            let a, b, c = case.Sizes
            let ranks = halves case.Sizes
            let first, second, third = discarded backend ranks x

            for step in [ 1e-3; 1.0 ] do
                // Of the rank allowed in one mode, and near enough to compete.
                let noise = normals (case.Seed + 2) (a * b * c)
                let moved = Array.map2 (fun v n -> v + step * case.Scale * n) (values x) noise
                let y = ofValues backend case.Sizes moved
                let u, _ = leading backend ranks.R1 (Tensor3.unfold1 y)
                let v, _ = leading backend ranks.R2 (Tensor3.unfold2 y)
                let w, _ = leading backend ranks.R3 (Tensor3.unfold3 y)
                atMost (energy x) (lost x (project1 u y)) first $"mode 1, {step}"
                atMost (energy x) (lost x (project2 v y)) second $"mode 2, {step}"
                atMost (energy x) (lost x (project3 w y)) third $"mode 3, {step}")
    ]

let private truncation (backend: Backend) =
    let spectral = backend.Spectral

    [
        property "error_within_sum_of_modes" (fun case ->
            let x = tensor backend case
            let u, v, w = bases backend case

            let one, two, three =
                lost x (project1 u x), lost x (project2 v x), lost x (project3 w x)

            atMost (energy x) (one + three) (lost x (x |> project1 u |> project3 w)) "modes 1 and 3"
            atMost (energy x) (one + two + three) (lost x (x |> project1 u |> project2 v |> project3 w)) "all modes")

        property "reconstruction_is_projection" (fun case ->
            let x = tensor backend case
            let tucker = ok (MultilinearSvd.truncated spectral (halves case.Sizes) x)

            let u, v, w =
                orthonormal tucker.Factor1, orthonormal tucker.Factor2, orthonormal tucker.Factor3

            let projected = x |> project1 u |> project2 v |> project3 w
            let found = values (MultilinearSvd.reconstruct tucker)
            closeOn (largest (values x)) Tolerances.spectral (values projected) found "reconstruction"
            let error = MultilinearSvd.squaredError x tucker
            closeOn (energy x) Tolerances.spectral [| lost x projected |] [| error |] "its squared error")

        property "squared_error_within_discarded_eigenvalues" (fun case ->
            let x = tensor backend case
            let ranks = halves case.Sizes
            let first, second, third = discarded backend ranks x
            let cut = ok (MultilinearSvd.projectOuterModes spectral ranks.R1 ranks.R3 x)
            atMost (energy x) (first + third) (lost x cut) "modes 1 and 3"
            let bound = ok (MultilinearSvd.squaredErrorBound spectral ranks x)
            closeOn (energy x) Tolerances.spectral [| first + second + third |] [| bound |] "the bound"
            let truncated = ok (MultilinearSvd.truncated spectral ranks x)
            atMost (energy x) bound (MultilinearSvd.squaredError x truncated) "all modes"

            for standardisation in Standardisation.all do
                fitted backend standardisation case |> withinReportedBound backend)

        property "truncation_within_factor_of_best" (fun case ->
            let x = tensor backend case
            let ranks = halves case.Sizes
            let _, b, _ = case.Sizes
            let whole = energy x
            let cut = ok (MultilinearSvd.projectOuterModes spectral ranks.R1 ranks.R3 x)
            atMost whole (2.0 * best backend { ranks with R2 = b } x) (lost x cut) "modes 1 and 3"

            let truncated =
                ok (MultilinearSvd.truncated spectral ranks x) |> MultilinearSvd.squaredError x

            let refined = best backend ranks x
            atMost whole (3.0 * refined) truncated "all modes"
            atMost whole truncated refined "refinement never raises the error"
            let first, second, third = discarded backend ranks x
            atMost whole refined (max first (max second third)) "no better than the worst mode allows"

            for standardisation in Standardisation.all do
                fitted backend standardisation case |> withinFactorOfBest backend)

        property "sequential_error_within_discarded_eigenvalues" (fun case ->
            let x = tensor backend case
            let ranks = halves case.Sizes
            let tucker = ok (MultilinearSvd.sequentiallyTruncated spectral ranks x)
            let error = MultilinearSvd.squaredError x tucker
            let _, first = leading backend ranks.R1 (Tensor3.unfold1 x)
            let after1 = Tensor3.modeProduct1 (Matrix.transpose tucker.Factor1) x
            let _, second = leading backend ranks.R2 (Tensor3.unfold2 after1)
            let after2 = Tensor3.modeProduct2 (Matrix.transpose tucker.Factor2) after1
            let _, third = leading backend ranks.R3 (Tensor3.unfold3 after2)
            closeOn (energy x) Tolerances.spectral [| first + second + third |] [| error |] "step by step"

            atMost
                (energy x)
                (ok (MultilinearSvd.squaredErrorBound spectral ranks x))
                error
                "the bound of plain truncation")

        property "sequential_truncation_within_factor_of_best" (fun case ->
            let x = tensor backend case
            let ranks = halves case.Sizes

            let sequential =
                ok (MultilinearSvd.sequentiallyTruncated spectral ranks x)
                |> MultilinearSvd.squaredError x

            atMost (energy x) (3.0 * best backend ranks x) sequential "three modes")
    ]

[<Tests>]
let tests =
    testList
        "Proofs"
        [
            onEach "MultilinearSvd.v" (fun backend -> spectra backend @ truncation backend)
        ]
