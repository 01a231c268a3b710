module LoRi.Cli.Tests.MathGoldenTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Training.Tests
open LoRi.Math
open LoRi.Cli.Tests.MathRunning

let private checkFit (corpus: JsonElement) (variant: JsonElement) (fitted: JsonElement) =
    for name in [ "eigenvalues_layer"; "eigenvalues_hidden" ] do
        expectNumbers sumTolerance (numbers (variant.GetProperty name)) (numbers (fitted.GetProperty name)) name

    expectNumbers
        sumTolerance
        (numbers (corpus.GetProperty "anchor_std"))
        (numbers (fitted.GetProperty "anchor_std"))
        "anchor_std"

    let energy = number "energy" variant

    for name in [ "energy"; "energy_kept"; "squared_error"; "squared_error_bound" ] do
        let difference = abs (number name fitted - number name variant)
        Expect.isLessThanOrEqual difference (sumTolerance * number name variant + 1e-12 * energy) name

let private checkLosses (variant: JsonElement) (losses: JsonElement) =
    for name in [ "mean_loss"; "covariance_loss"; "anchor_loss" ] do
        expectNumbers lossTolerance [| number name variant |] [| number name losses |] name

    Expect.equal (number "order_loss" losses) 0.0 "order_loss"

    let rows (element: JsonElement) =
        [|
            for row in element.GetProperty("per_example").EnumerateArray() -> numbers row
        |]

    for expected, found in Array.zip (rows variant) (rows losses) do
        for term in 0..2 do
            expectNumbers lossTolerance [| expected[term] |] [| found[term] |] "per_example"

/// Fit and losses of one corpus under one choice of options.
let private agrees corpus (case: JsonElement) (variant: JsonElement) =
    inFolder (fun folder ->
        let teacher, student = files corpus

        let rank name =
            string (case.GetProperty(name: string).GetInt32())

        let subspace, fitted =
            fit
                folder
                teacher
                [
                    "--standardise"
                    text "standardise" variant
                    "--layer-rank"
                    rank "layer_rank"
                    "--hidden-rank"
                    rank "hidden_rank"
                    "--weighting"
                    "none"
                ]

        checkFit case variant fitted
        let options = [ "--covariance"; text "covariance" variant; "--weighting"; "none" ]
        checkLosses variant (objective subspace teacher student options))

[<Tests>]
let tests =
    SharedFiles.fixtureTests "Math from the command line, golden" (fun () ->
        [
            for corpus, case in
                List.indexed (SharedFiles.items "lori" (SharedFiles.json "fixtures/math/expected.json")) do
                for variant in SharedFiles.items "variants" case do
                    let options = $"""{text "standardise" variant}, {text "covariance" variant}"""

                    test $"corpus {corpus}, {options}: fit and losses agree with the golden numbers" {
                        agrees corpus case variant
                    }
        ])
