/// Statistics whose unit is the seed, against numbers that can be counted by hand.
module LoRi.Training.Tests.SeedStatisticsTests

open System
open Expecto
open LoRi.Runs.Compare

let private near (expected: float) (found: float) what =
    Expect.isTrue (abs (found - expected) <= 1e-9) $"{what}: found {found}, expected {expected}"

let private signFlip =
    testList
        "sign flips"
        [
            test "differences of one sign leave one assignment of all" {
                near (1.0 / 32.0) (SignFlip.PGreater [| 1.0; 2.0; 3.0; 4.0; 5.0 |]) "one-sided"
            }
            test "one small difference of the other sign" {
                // Sums of at least 3+2-1 = 4: +++ and ++-.
                near (2.0 / 8.0) (SignFlip.PGreater [| 3.0; 2.0; -1.0 |]) "one-sided"
            }
            test "no difference at all is no evidence" { near 1.0 (SignFlip.PGreater [| 0.0; 0.0; 0.0 |]) "p" }
            test "equal sums count whatever the rounding" {
                // All of the sixteen assignments that have three or four positive signs.
                near (5.0 / 16.0) (SignFlip.PGreater [| 0.1; 0.1; 0.1; -0.1 |]) "p"
            }
            test "its p agrees with all assignments one by one" {
                let random = Random 7

                for _ in 1..20 do
                    let values = Array.init 7 (fun _ -> random.NextDouble() - 0.4)

                    let sums =
                        [
                            for assignment in 0..127 ->
                                Array.indexed values
                                |> Array.sumBy (fun (bit, value) ->
                                    if assignment >>> bit &&& 1 = 1 then value else -value)
                        ]

                    let found = Array.sum values
                    let count = sums |> List.filter (fun sum -> sum >= found - 1e-12) |> List.length
                    near (float count / 128.0) (SignFlip.PGreater values) "p"
            }
        ]

let private equivalence =
    test "equivalence is the worse of two one-sided tests" {
        let first, second = [| 0.90; 0.92; 0.91; 0.93 |], [| 0.91; 0.91; 0.92; 0.92 |]
        let p = Equivalence.P(first, second, 0.02)
        // Differences -0.01, 0.01, -0.01, 0.01: mean 0, deviation 0.011547; t = 0.02 / 0.0057735 = 3.4641 with 3 degrees of freedom.
        near (PairedTTest.Of([| 0.03; 0.01; 0.03; 0.01 |], [| 0.0; 0.0; 0.0; 0.0 |]).PGreater) p "p"
        Expect.isLessThan p 0.05 "within two points"
        Expect.isGreaterThan (Equivalence.P(first, second, 0.005)) 0.05 "not within half a point"
        Expect.isGreaterThan (Equivalence.P(Array.map ((+) 0.05) first, second, 0.02)) 0.5 "five points apart"
    }

let private trend =
    test "a slope is that of the least squares" {
        near 2.0 (Trend.Slope [| 1.0; 3.0; 5.0; 7.0 |]) "a line"
        near 0.0 (Trend.Slope [| 1.0; 2.0; 1.0 |]) "up and down"
        near 1.5 (Trend.Slope [| 0.0; 0.0; 3.0 |]) "by hand: (1 * 3) / 2"
    }

let private bootstrap =
    testList
        "bootstrap of seeds and questions"
        [
            test "the same answers leave no interval" {
                let marks = [| [| true; false; true |]; [| false; false; true |] |]
                let struct (low, high) = TwoLevelBootstrap.Interval(marks, marks, 0.95, 200, 1UL)
                Expect.equal (low, high) (0.0, 0.0) "no difference"
            }
            test "the spread between seeds is counted, which questions alone do not show" {
                let all value = Array.create 400 value
                let first = [| all true; all true; all false; all false |]
                let second = [| all false; all false; all false; all false |]
                let struct (low, high) = TwoLevelBootstrap.Interval(first, second, 0.95, 2_000, 1UL)
                // Seeds drawn of two at 100 and two at 0 points: quarters with the weights of a binomial of four.
                Expect.equal (low, high) (0.0, 1.0) "as wide as seeds are apart"
            }
            test "many seeds that agree leave the spread of questions" {
                let marks = Array.init 100 (fun question -> question % 2 = 0)
                let none = Array.create 100 false

                let struct (low, high) =
                    TwoLevelBootstrap.Interval(Array.create 4 marks, Array.create 4 none, 0.95, 4_000, 3UL)
                // The deviation of a mean of 400 draws of a half is 0.025.
                Expect.isTrue (abs (low - 0.451) < 0.01 && abs (high - 0.549) < 0.01) $"{low} to {high}"
            }
        ]

[<Tests>]
let tests = testList "Seed statistics" [ signFlip; equivalence; trend; bootstrap ]
