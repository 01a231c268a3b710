/// The theorems of proofs/Moments.v, on the code.
module LoRi.Math.Tests.Proofs.MomentsProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Proofs.Tensors
open LoRi.Math.Tests.Proofs.Trajectories

let private property = property<TrajectoryCase> typeof<TrajectoryCases>

let private teacher backend (case: TrajectoryCase) : Centred<TeacherToken> = centred backend case.Sizes case.Teacher

let private covariance form c = numbersOf (Moments.covariance form c)

/// U' A V
let private between (u: Matrix<A, J>) (v: Matrix<C, J>) (a: RawTensor) =
    ((Matrix.raw (Matrix.transpose u)).MatMul a).MatMul(Matrix.raw v)

/// Orthonormal bases of half of each mode.
let private halfBases backend (case: TrajectoryCase) =
    ofEntries<A, J>(Matrix.raw (basis<A> backend (case.Seed + 5) case.Layers (half case.Layers))),
    ofEntries<C, J>(Matrix.raw (basis<C> backend (case.Seed + 6) case.Width (half case.Width)))

let private projections (backend: Backend) =
    [
        property "mean_commutes_with_projection" (fun case ->
            let u, v = halfBases backend case
            let ranks = half case.Layers, half case.Width

            let inside: Centred<TeacherToken> =
                case.Teacher |> projected backend case.Sizes u v |> centred backend ranks

            let outside =
                backend.Tensor [ case.Layers; case.Width ] (numbersOf [ Moments.mean (teacher backend case) ])

            closeOn 1.0 Tolerances.algebra ((between u v outside).ToArray()) (numbersOf [ Moments.mean inside ]) "mean")

        property "full_covariance_commutes_with_projection" (fun case ->
            let u, v = halfBases backend case
            let r, s = half case.Layers, half case.Width

            let inside: Centred<TeacherToken> =
                case.Teacher |> projected backend case.Sizes u v |> centred backend (r, s)

            let p = case.Layers * case.Width
            let left, right = entries u, entries v

            let kronecker =
                Array.init (p * r * s) (fun index ->
                    let x, y = index / (r * s), index % (r * s)
                    left[x / case.Width * r + y / s] * right[x % case.Width * s + y % s])
                |> backend.Tensor [ p; r * s ]

            let outside =
                backend.Tensor [ p; p ] (covariance Covariance.Full (teacher backend case))

            let expected = ((kronecker.SwapAxes(-1, -2)).MatMul outside).MatMul kronecker
            closeOn 1.0 Tolerances.spectral (expected.ToArray()) (covariance Covariance.Full inside) "covariance")

        example "modewise_covariances_do_not_commute_with_projection" (fun () ->
            let exchange = [| [| 0.0; 1.0; 1.0; 0.0 |]; [| 0.0; -1.0; -1.0; 0.0 |] |]
            let e (_: 'axis) = backend.Tensor [ 2; 1 ] [| 1.0; 0.0 |]
            let u, v = ofEntries<A, J>(e ()), ofEntries<C, J>(e ())

            let inside: Centred<TeacherToken> =
                exchange |> projected backend (2, 2) u v |> centred backend (1, 1)

            let outside: Centred<TeacherToken> = centred backend (2, 2) exchange
            close 0.0 [| 0.0; 0.0 |] (covariance Covariance.Modewise inside) "of the projection"

            for statistic in Moments.covariance Covariance.Modewise outside do
                let projection = between u v (backend.Tensor [ 2; 2 ] (statistic.Entries.ToArray()))

                close
                    Tolerances.algebra
                    [| 0.5 |]
                    (projection.ToArray())
                    $"projection of {Statistic.name statistic.Statistic}")
    ]

/// Square matrices, one after another.
let private squares size (numbers: float[]) = Array.chunkBySize (size * size) numbers

/// All covariances that are matrices, with their sizes.
let private matrices (case: TrajectoryCase) c =
    let p = case.Layers * case.Width

    match Moments.covariance Covariance.Modewise c with
    | [ layer; hidden ] ->
        [
            "layer", case.Layers, squares case.Layers (numbersOf [ layer ])
            "hidden", case.Width, squares case.Width (numbersOf [ hidden ])
            "full", p, squares p (covariance Covariance.Full c)
            "per layer", case.Width, squares case.Width (covariance Covariance.PerLayer c)
        ]
    | other -> failtest $"{other.Length} mode-wise covariances"

let private eigenvalues (backend: Backend) size (numbers: float[]) =
    let struct (found, _) =
        backend.Spectral.SymmetricEigen(backend.Tensor [ size; size ] numbers)

    found

let private forms (backend: Backend) =
    [
        property "other_covariances_are_contractions_of_the_full_one" (fun case ->
            let c = teacher backend case
            let layers, width = case.Sizes
            let p = layers * width
            let full = covariance Covariance.Full c

            let sigma a k b l =
                full[(a * width + k) * p + b * width + l]

            let layer =
                [|
                    for a in 0 .. layers - 1 do
                        for b in 0 .. layers - 1 ->
                            (Seq.sum (seq { for k in 0 .. width - 1 -> sigma a k b k })) / float width
                |]

            let hidden =
                [|
                    for k in 0 .. width - 1 do
                        for l in 0 .. width - 1 ->
                            (Seq.sum (seq { for a in 0 .. layers - 1 -> sigma a k a l })) / float layers
                |]

            let blocks =
                [|
                    for a in 0 .. layers - 1 do
                        for k in 0 .. width - 1 do
                            for l in 0 .. width - 1 -> sigma a k a l
                |]

            let check expected form what =
                closeOn 1.0 Tolerances.algebra expected (covariance form c) what

            check (Array.append layer hidden) Covariance.Modewise "mode-wise"
            check blocks Covariance.PerLayer "per layer"
            check (Array.init p (fun i -> full[i * p + i])) Covariance.Diagonal "diagonal")

        property "covariances_are_symmetric" (fun case ->
            for name, size, found in matrices case (teacher backend case) do
                for numbers in found do
                    let transposed =
                        Array.init numbers.Length (fun i -> numbers[i % size * size + i / size])

                    closeOn 1.0 Tolerances.algebra transposed numbers name)

        property "covariances_are_positive_semidefinite" (fun case ->
            for name, size, found in matrices case (teacher backend case) do
                for numbers in found do
                    for value in eigenvalues backend size numbers do
                        atMost (1.0 + largest numbers) value 0.0 name)
    ]

/// At most this many steps, so that the teacher's covariance has a higher rank than theirs.
let private tooFew (case: TrajectoryCase) =
    min case.Steps (min (case.Tokens - 1) (case.Layers * case.Width))

let private ranks (backend: Backend) =
    [
        property "full_covariance_of_m_steps_has_rank_below_m" (fun case ->
            let c: Centred<LatentStep> = centred backend case.Sizes case.Student
            let sigma = covariance Covariance.Full c
            let found = eigenvalues backend (case.Layers * case.Width) sigma

            for value in Array.skip (min found.Length (case.Steps - 1)) found do
                closeOn (1.0 + largest sigma) Tolerances.spectral [| 0.0 |] [| value |] "eigenvalue M and beyond")

        property "full_match_can_be_impossible" (fun case ->
            let p, steps =
                case.Layers * case.Width, tooFew { case with Tokens = case.Tokens + 1 }

            let own = case.Slices 0 (case.Tokens + 1)
            let c: Centred<TeacherToken> = centred backend case.Sizes own
            let found = eigenvalues backend p (covariance Covariance.Full c)
            Expect.isGreaterThan found[steps - 1] 1e-12 "the teacher's covariance has rank M or more"
            let options = compared Covariance.Full Order.Off
            let terms = termsOf backend case.Sizes options undivided own (case.Slices 1 steps)
            // No matrix of rank M - 1 comes nearer than the eigenvalues from the M-th on.
            let least =
                (Array.skip (steps - 1) found |> Array.sumBy (fun x -> x * x)) / float (p * p)

            Expect.isGreaterThan terms[1] 0.0 "never zero"
            atMost (1.0 + terms[1]) terms[1] least "at least what rank M - 1 leaves")

        example "modewise_can_match_where_full_cannot" (fun () ->
            let one, other = [| 1.0; 0.0; 0.0; 1.0 |], [| 1.0; 0.0; 0.0; -1.0 |]
            let negative = Array.map (fun x -> -x)
            let axes = [| one; negative one; other; negative other |]

            let against student form =
                termsOf backend (2, 2) (compared form Order.Off) undivided axes student

            close 0.0 [| 0.0; 0.0; 0.0 |] (against [| one; negative one |] Covariance.Modewise) "mode-wise"

            for seed in 1..20 do
                let student = Array.chunkBySize 4 (Generators.normals seed 8)
                // The teacher's covariance has the eigenvalues 1, 1; two steps make one of them at most.
                let full = (against student Covariance.Full)[1]
                atMost 1.0 full (1.0 / 16.0) "full")
    ]

[<Tests>]
let tests =
    testList
        "Proofs"
        [
            onEach "Moments.v" (fun backend -> projections backend @ forms backend @ ranks backend)
        ]
