/// The tensor algebra against NumPy and TensorLy.
module LoRi.Math.Tests.GoldenAlgebraTests

open System.Text.Json
open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Files.Safetensors
open LoRi.Training.Tests

type private First = interface end

type private Second = interface end

type private Third = interface end

type private Row = interface end

let private folder = "fixtures/math"

/// Arrays of one case, by the last part of their names.
type private Arrays(case: int) =
    member _.Values name =
        use file = SafetensorsFile.Open(SharedFiles.path $"{folder}/arrays.safetensors")
        file.ReadDoubles $"algebra.{case}.{name}"

    member _.Shape name =
        use file = SafetensorsFile.Open(SharedFiles.path $"{folder}/arrays.safetensors")
        [ for size in (file.Get $"algebra.{case}.{name}").Shape -> int size ]

let private dim<'axis> size : Dim<'axis> = ok (Dim.create size)

let private tensor (backend: Backend) (arrays: Arrays) name : Tensor3<First, Second, Third> =
    match arrays.Shape name with
    | [ a; b; c ] -> ok (Tensor3.ofRaw (dim a) (dim b) (dim c) (backend.Tensor [ a; b; c ] (arrays.Values name)))
    | shape -> failtest $"{name} has shape {shape}"

let private matrix<'row, 'column> (backend: Backend) (arrays: Arrays) name : Matrix<'row, 'column> =
    match arrays.Shape name with
    | [ r; c ] -> ok (Matrix.ofRaw (dim r) (dim c) (backend.Tensor [ r; c ] (arrays.Values name)))
    | shape -> failtest $"{name} has shape {shape}"

let private values (x: Tensor3<'a, 'b, 'c>) = (Tensor3.raw x).ToArray()

/// Singular values past the end are absent in the reference: what is there must agree.
let private checkSpectra (backend: Backend) (case: JsonElement) x =
    let first, second, third = ok (MultilinearSvd.singularValues backend.Spectral x)

    for expected, found in List.zip (SharedFiles.items "singular_values" case) [ first; second; third ] do
        let expected = [| for value in expected.EnumerateArray() -> value.GetDouble() |]
        close Tolerances.spectral expected (Array.truncate expected.Length found) "singular values"

        closeOn
            (largest expected)
            Tolerances.spectral
            (Array.zeroCreate (found.Length - expected.Length))
            found[expected.Length ..]
            "beyond the end"

let private number (name: string) (case: JsonElement) = case.GetProperty(name).GetDouble()

/// Squared errors agree to 1e-10, and 1e-12 of the energy where they are rounding.
let private checkError (case: JsonElement) name found =
    let expected = number name case
    let slack = 1e-12 * number "norm" case ** 2.0
    Expect.isLessThanOrEqual (abs (found - expected)) (Tolerances.spectral * expected + slack) name

let private checkTruncated (backend: Backend) (case: JsonElement) (arrays: Arrays) ranks x =
    let tucker = ok (MultilinearSvd.truncated backend.Spectral ranks x)

    let projector u =
        (Matrix.raw (Subspace.projector u)).ToArray()

    closeOn 1.0 Tolerances.projector (arrays.Values "projector0") (projector tucker.Factor1) "projector of mode 1"
    closeOn 1.0 Tolerances.projector (arrays.Values "projector1") (projector tucker.Factor2) "projector of mode 2"
    closeOn 1.0 Tolerances.projector (arrays.Values "projector2") (projector tucker.Factor3) "projector of mode 3"
    let core = values tucker.Core |> Array.map abs
    closeOn (number "norm" case) Tolerances.spectral (arrays.Values "core_abs") core "core"
    close Tolerances.spectral (arrays.Values "approx") (values (MultilinearSvd.reconstruct tucker)) "approximation"
    checkError case "hosvd_squared_error" (MultilinearSvd.squaredError x tucker)
    checkError case "hosvd_squared_error_bound" (ok (MultilinearSvd.squaredErrorBound backend.Spectral ranks x))

let private checkOthers (backend: Backend) (case: JsonElement) (arrays: Arrays) ranks x =
    let sequential = ok (MultilinearSvd.sequentiallyTruncated backend.Spectral ranks x)
    checkError case "st_hosvd_012_squared_error" (MultilinearSvd.squaredError x sequential)

    let refined =
        MultilinearSvd.squaredError x (ok (MultilinearSvd.refined backend.Spectral 1e-14 500 ranks x))

    let best = number "hooi_squared_error" case

    Expect.isLessThanOrEqual
        refined
        (best * (1.0 + 1e-9) + 1e-12 * number "norm" case ** 2.0)
        "no worse than TensorLy's"

    let free =
        ok (MultilinearSvd.projectOuterModes backend.Spectral ranks.R1 ranks.R3 x)

    close Tolerances.spectral (arrays.Values "free_mode") (values free) "modes 1 and 3 cut"

    let product =
        x
        |> Tensor3.modeProduct1 (matrix<Row, First> backend arrays "a")
        |> Tensor3.modeProduct3 (matrix<Row, Third> backend arrays "b")

    close Tolerances.spectral (arrays.Values "x_mode1_a_mode3_b") (values product) "x x_1 a x_3 b"

let private cases (backend: Backend) =
    let root = SharedFiles.json $"{folder}/expected.json"

    [
        for index, case in List.indexed (SharedFiles.items "algebra" root) ->
            example $"case {index}" (fun () ->
                let arrays = Arrays index
                let x = tensor backend arrays "x"

                let ranks =
                    match [ for rank in SharedFiles.items "ranks" case -> rank.GetInt32() ] with
                    | [ r1; r2; r3 ] -> { R1 = r1; R2 = r2; R3 = r3 }
                    | other -> failtest $"ranks {other}"

                checkSpectra backend case x
                checkTruncated backend case arrays ranks x
                checkOthers backend case arrays ranks x)
    ]

[<Tests>]
let tests =
    SharedFiles.fixtureTests "Golden algebra" (fun () -> [ onEach "NumPy and TensorLy" cases ])
