/// The theorems of proofs/Counterexamples.v, on the code.
module LoRi.Math.Tests.Proofs.CounterexampleProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.BasisProofTests
open LoRi.Math.Tests.Proofs.Tensors
open LoRi.Math.Tests.Proofs.Trajectories

let private lag1 = compared Covariance.Off Order.Lag1

/// The lag-1 term between trajectories of one component.
let private lagBetween backend (teacher: float list) (student: float list) =
    let slices numbers = [| for x in numbers -> [| x |] |]
    (termsOf backend (1, 1) lag1 undivided (slices teacher) (slices student))[2]

let private steps (backend: Backend) =
    [
        example "lag_1_depends_on_the_order_of_tokens" (fun () ->
            // (-1 * 0 + 0 * 1) / 2 against (-1 * 1 + 1 * 0) / 2, in both modes.
            let found = lagBetween backend [ -1.0; 0.0; 1.0 ] [ -1.0; 1.0; 0.0 ]
            close Tolerances.algebra [| 0.5 |] [| found |] "term")

        example "lag_1_depends_on_repetition" (fun () ->
            // -1 / 1 against (1 - 1 + 1) / 3, in both modes.
            let found = lagBetween backend [ -1.0; 1.0 ] [ -1.0; -1.0; 1.0; 1.0 ]
            close Tolerances.algebra [| 2.0 * (16.0 / 9.0) |] [| found |] "term")

        example "matching_moments_does_not_mean_matching_trajectories" (fun () ->
            let slices numbers = [| for x in numbers -> [| x |] |]
            let teacher = slices [ 2.0; 2.0; -3.0; -3.0; 2.0 ]
            let student = slices [ -4.0; -1.0; 3.0; 0.0; 2.0 ]
            Expect.notEqual (Array.sort teacher) (Array.sort student) "no reordering of each other"

            for options in pairsOfForms everyOrder do
                let found = termsOf backend (1, 1) options undivided teacher student
                closeOn 1.0 Tolerances.algebra [| 0.0; 0.0; 0.0 |] found $"{options.Covariance} {options.Order}")
    ]

/// The rotation by cos = 3/5, sin = 4/5.
let private turn (backend: Backend) =
    backend.Tensor [ 2; 2 ] [| 0.6; -0.8; 0.8; 0.6 |]

let private one (backend: Backend) = backend.Tensor [ 1; 1 ] [| 1.0 |]

/// 2, -1, -1 times the first of two axes.
let private pulse: Slices = [| for z in [ 2.0; -1.0; -1.0 ] -> [| z; 0.0 |] |]

/// One step along the first axis.
let private step: Slices = [| [| 1.0; 0.0 |] |]

/// The terms of the pulse against the step after a rotation of the mode of two, and before it.
let private turned (backend: Backend) sizes options =
    let layers, hidden =
        if fst sizes = 2 then
            turn backend, one backend
        else
            one backend, turn backend

    let move = projected backend sizes (ofEntries<A, J> layers) (ofEntries<C, J> hidden)

    let terms = termsOf backend sizes options undivided
    terms (move pulse) (move step), terms pulse step

let private differ (backend: Backend) sizes options term (after: float) (before: float) =
    let found, unturned = turned backend sizes options
    close Tolerances.algebra [| after; before |] [| Array.item term found; Array.item term unturned |] $"{options}"

/// 2 (x^n + y^n) for the coordinates x, y of the first axis.
let private powers n = 2.0 * (0.6 ** n + 0.8 ** n)

/// The mean term with divisors from the variances 2 x^2 of a family of slices along the axes.
let private divided (backend: Backend) (move: Slices -> Slices) =
    let centredPulse: Centred<TeacherToken> = centred backend (2, 1) (move pulse)

    let divisors =
        numbersOf (Moments.covariance Covariance.Diagonal centredPulse) |> Weighting.divisors

    let divisor (_: Statistic) = Some(backend.Tensor [ 2; 1 ] divisors)

    (termsOf backend (2, 1) (compared Covariance.Off Order.Off) divisor (move pulse) (move step))[0]

let private rotations (backend: Backend) =
    [
        example "per_layer_and_diagonal_change_under_rotations_of_the_layer_mode" (fun () ->
            differ backend (2, 1) (compared Covariance.PerLayer Order.Off) 1 (powers 4.0) 2.0
            differ backend (2, 1) (compared Covariance.Diagonal Order.Off) 1 (powers 4.0) 2.0)

        example "diagonal_and_third_change_under_rotations_of_the_hidden_mode" (fun () ->
            differ backend (1, 2) (compared Covariance.Diagonal Order.Off) 1 (powers 4.0) 2.0
            differ backend (1, 2) (compared Covariance.Off Order.Third) 2 (powers 6.0) 2.0)

        example "weightings_change_under_rotations" (fun () ->
            let move =
                projected backend (2, 1) (ofEntries<A, J>(turn backend)) (ofEntries<C, J>(one backend))

            let found = [| divided backend id; divided backend move |]
            close Tolerances.algebra [| 25.0 / 101.0; 9.0 / 37.0 + 16.0 / 65.0 |] found "mean term"

            // The same through a fitted objective, whose variances are measured in the turned basis.
            for weighting in [ Weighting.Variance; Weighting.Statistic ] do
                let case =
                    {
                        Corpus =
                            {
                                Levels = 3
                                Width = 3
                                Counts = [| 5; 4; 3 |]
                                Steps = 3
                                Seed = 2
                            }
                        Options =
                            {
                                Covariance = Covariance.Modewise
                                Order = Order.Off
                                Weighting = weighting
                            }
                        Kind = SubspaceKind.MultilinearSvd
                        Standardisation = Standardisation.Full
                    }

                let unturned = after backend case (still backend) (still backend)
                let turned = after backend case (rotation backend 3) (rotation backend 4)

                for term in [ 0; 1 ] do
                    let of' (terms: float[]) = terms[term * 3 .. term * 3 + 2]
                    let apart = largest (Array.map2 (-) (of' unturned) (of' turned))
                    Expect.isGreaterThan apart (1e-3 * largest (of' unturned)) $"{weighting}, term {term}")
    ]

[<Tests>]
let tests =
    testList
        "Proofs"
        [
            onEach "Counterexamples.v" (fun backend -> steps backend @ rotations backend)
        ]
