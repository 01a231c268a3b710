/// Claims are decided by what made-up cells found.
module LoRi.Training.Tests.ClaimTests

open System.IO
open Expecto
open LoRi.Runs.Experiments
open LoRi.Training.Tests.MadeUpCells

/// Decides the claim of a matrix with chains of up to some operations and some seeds.
let private decidedBy (seeds: int) (longest: int) (claim: string) (correct: Cell -> int list) =
    let mutable found = None

    inFolder (fun folder ->
        let matrix = matrix folder (text longest seeds claim)
        let list = cells matrix
        found <- Some(ClaimTable.Decide(matrix.Claims[0], "", list, results list correct)))

    found.Value

let private decided longest = decidedBy 4 longest

/// Right answers of a method by its seed, at each of three lengths; teachers know everything.
let private by (method: string -> int -> int list) (cell: Cell) =
    if cell.IsTeacher then
        [ 10; 10; 10 ]
    else
        method cell.Method (int cell.Seed)

let private verdicts (claim: DecidedClaim) =
    [ for one in claim.Comparisons -> one.Other, one.Verdict ]

let private against (others: string) (rest: string) =
    $"\"contrast\": [\"lori\", {others}]{rest}"

/// A method that is far ahead, one that is as good, one that is far behind.
let private three name seed =
    match name with
    | "lori" -> [ 10; 9; 7 + seed % 2 ]
    | "codi" -> [ 10; 9; 8 - seed % 2 ]
    | _ -> [ 9; 4; 1 + seed / 3 ]

let private single =
    testList
        "one comparison"
        [
            test "a difference above the margin at every seed confirms" {
                let claim = decided 3 (against "\"no-cot\"" ", \"margin\": 0.05") (by three)

                Expect.equal
                    (claim.Verdict, verdicts claim)
                    (Verdict.Confirmed, [ "no-cot", Verdict.Confirmed ])
                    "verdict"

                let one = claim.Comparisons[0]
                Expect.equal one.Seeds 4 "seeds"
                Expect.floatClose Accuracy.high one.Effect (12.0 / 30.0) "right answers more, of all"
                let struct (low, _) = one.Interval
                Expect.isGreaterThan low 0.05 "the interval"
            }
            test "a difference below the margin at every seed refutes" {
                let claim = decided 3 (against "\"codi\"" ", \"margin\": 0.2") (by three)
                Expect.equal claim.Verdict Verdict.Refuted "verdict"
            }
            test "seeds that contradict each other decide nothing" {
                let claim =
                    decided
                        3
                        (against "\"no-cot\"" "")
                        (by (fun name seed ->
                            if name = "lori" then
                                [ 10; 9; (if seed < 3 then 9 else 1) ]
                            else
                                [ 10; 9; 5 ]))

                Expect.equal claim.Verdict Verdict.Undecided "verdict"
                Expect.isTrue (claim.Comparisons[0].P.Value > 0.05) "p"
            }
            test "one seed decides nothing, and no cell even less" {
                let only seeds (cell: Cell) =
                    if cell.Seed <= seeds then by three cell else []

                for seeds, note in [ 1L, "one seed decides nothing"; 0L, "no cells yet" ] do
                    let claim = decided 3 (against "\"no-cot\"" "") (only seeds)
                    Expect.equal (claim.Verdict, claim.Comparisons[0].Note) (Verdict.Undecided, note) note
            }
            test "a length of its own is counted alone" {
                let claim =
                    decided 3 (against "\"no-cot\"" ", \"metric\": \"accuracy@1\"") (by three)

                Expect.floatClose Accuracy.high claim.Comparisons[0].Effect 0.1 "at one operation"

                let longest =
                    decided 3 (against "\"no-cot\"" ", \"metric\": \"accuracy@longest\"") (by three)

                Expect.floatClose Accuracy.high longest.Comparisons[0].Effect 0.6 "at three"
            }
            test "the sign-flip test needs five seeds to see anything" {
                let claim = decided 3 (against "\"no-cot\"" ", \"test\": \"sign-flip\"") (by three)
                Expect.floatClose Accuracy.high claim.Comparisons[0].P.Value (1.0 / 16.0) "four seeds of one sign"
                Expect.equal claim.Verdict Verdict.Undecided "verdict"
            }
        ]

let private equivalence =
    testList
        "equivalence"
        [
            let test' margin =
                decided 3 (against "\"codi\"" $", \"test\": \"equivalence\", \"margin\": {margin}") (by three)

            test "a small difference is none within a wide margin" {
                Expect.equal (test' "0.2").Verdict Verdict.Confirmed "verdict"
            }

            test "within a narrow one nothing is known" {
                Expect.equal (test' "0.02").Verdict Verdict.Undecided "verdict"
            }

            test "a difference beyond the margin refutes" {
                let claim =
                    decided 3 (against "\"no-cot\"" ", \"test\": \"equivalence\", \"margin\": 0.02") (by three)

                Expect.equal claim.Verdict Verdict.Refuted "verdict"
            }
        ]

let private trend =
    testList
        "trend"
        [
            let slope name (seed: int) =
                if name = "lori" then
                    [ 10; 10; 9 ]
                else
                    [ 10 - seed % 2; 6; 1 + seed % 2 ]

            test "a lift that grows from length to length confirms" {
                let claim = decidedBy 5 3 (against "\"no-cot\"" ", \"test\": \"trend\"") (by slope)
                Expect.equal claim.Verdict Verdict.Confirmed "verdict"
                Expect.floatClose Accuracy.high claim.Comparisons[0].Effect 0.34 "a length"
            }

            test "one that shrinks refutes" {
                let shrinks name seed = slope name seed |> List.rev
                let claim = decided 3 (against "\"no-cot\"" ", \"test\": \"trend\"") (by shrinks)
                Expect.equal claim.Verdict Verdict.Refuted "verdict"
            }

            test "one length has no trend" {
                let one (cell: Cell) =
                    [ if cell.IsTeacher then 10 else int cell.Seed ]

                let claim = decided 1 (against "\"no-cot\"" ", \"test\": \"trend\"") one

                Expect.equal
                    (claim.Verdict, claim.Comparisons[0].Note)
                    (Verdict.Undecided, "one length has no trend")
                    "neither slope nor verdict"
            }
        ]

let private several =
    testList
        "several comparisons"
        [
            let both = "\"no-cot\", \"codi\""

            test "Holm's correction weighs each p by how many are left" {
                let claim = decided 3 (against both "") (by three)

                let p name =
                    claim.Comparisons |> Seq.find (fun one -> one.Other = name)

                Expect.floatClose Accuracy.high (p "no-cot").AdjustedP.Value (2.0 * (p "no-cot").P.Value) "the smaller"
                Expect.floatClose Accuracy.high (p "codi").AdjustedP.Value (p "codi").P.Value "the larger"
            }

            test "all must be confirmed where nothing else is said" {
                let claim = decided 3 (against both ", \"margin\": 0.2") (by three)
                Expect.equal claim.Verdict Verdict.Refuted "one of them is refuted"
                Expect.equal (verdicts claim) [ "no-cot", Verdict.Confirmed; "codi", Verdict.Refuted ] "each"
            }

            test "at_least says how many are enough" {
                let claim = decided 3 (against both ", \"margin\": 0.2, \"at_least\": 1") (by three)
                Expect.equal claim.Verdict Verdict.Confirmed "one is enough"
            }

            test "a comparison that is out refutes nothing" {
                let taught (cell: Cell) =
                    match cell.Variant, cell.IsTeacher with
                    | "other", true -> [ 10; 9; 4 ]
                    | _ -> by three cell

                let claim = decided 3 (against both ", \"margin\": 0.2, \"at_least\": 2") taught
                Expect.equal (verdicts claim) [ "no-cot", Verdict.Confirmed; "codi", Verdict.Out ] "each"
                Expect.equal claim.Verdict Verdict.Undecided "one that counts cannot be two"
                Expect.stringStarts (claim.Comparisons[1].Note) "out: teachers (other) answer 76.7 %" "whose teachers"
                let rest = decided 3 (against both ", \"margin\": 0.2") taught
                Expect.equal rest.Verdict Verdict.Confirmed "all that count"
            }
        ]

let private registered =
    testList
        "Registration"
        [
            let claim = against "\"no-cot\"" ", \"margin\": 0.05"

            let mark (folder: string) (change: string -> string) (finished: Cell -> bool) =
                let matrix = matrix folder (change (text 3 2 claim))
                let list = cells matrix
                let folder = ExperimentFolder(folder + "/out")
                Directory.CreateDirectory folder.FolderPath |> ignore
                Registration.Update(folder, matrix, list)
                let mark = (Registration.Read folder).Mark matrix.Claims[0]

                for cell in list.Cells do
                    if finished cell then
                        finish folder cell [ 10; 10; 10 ]

                mark

            let all (_: Cell) = true
            let none (_: Cell) = false

            test "a claim that is changed before any cell is finished is registered anew" {
                inFolder (fun folder ->
                    mark folder id none |> ignore
                    let again = mark folder _.Replace("0.05", "0.01") none
                    Expect.stringStarts again "registered before its cells" "mark")
            }

            test "a claim that is changed afterwards is marked, and stays so" {
                inFolder (fun folder ->
                    mark folder id all |> ignore
                    Expect.stringStarts (mark folder id none) "registered before its cells" "as it was"
                    let changed = "CHANGED after 10 of its cells were finished"
                    Expect.equal (mark folder _.Replace("0.05", "0.01") none) changed "changed"
                    Expect.stringStarts (mark folder id none) "CHANGED after 10" "changed back")
            }

            test "cells that other defaults forget were seen all the same" {
                inFolder (fun folder ->
                    let others (text: string) =
                        text.Replace("\"latent_steps\": 2", "\"latent_steps\": 3")

                    let steps (text: string) =
                        (others text).Replace("\"steps\": 3", "\"steps\": 5")

                    mark folder id all |> ignore
                    mark folder (steps >> _.Replace("0.05", "0.01")) none |> ignore

                    Expect.stringStarts
                        (mark folder (steps >> _.Replace("0.05", "0.01")) none)
                        "CHANGED after"
                        "changed")
            }

            for what, before, after in
                [
                    "seeds", "\"seeds\": [1, 2]", "\"seeds\": [1, 2, 3]"
                    "budgets", "\"steps:3\"", "\"steps:4\""
                    "settings", "\"name\": \"main\"", "\"name\": \"main\", \"settings\": { \"hidden_rank\": 3 }"
                ] do
                test $"other {what} of its block change a claim" {
                    inFolder (fun folder ->
                        mark folder id all |> ignore
                        Expect.stringStarts (mark folder _.Replace(before, after) none) "CHANGED after 10" what)
                }
        ]

[<Tests>]
let tests = testList "Claims" [ single; equivalence; trend; several; registered ]
