module LoRi.Cli.Tests.MathGoldenTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
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

let private golden =
    [
        for corpus in 0..2 do
            for standardise in [ "full"; "scale"; "none" ] do
                for covariance in [ "modewise"; "full" ] ->
                    test $"corpus {corpus}, {standardise}, {covariance}: fit and losses agree with the golden numbers" {
                        use expected =
                            JsonDocument.Parse(File.ReadAllText(sharedFile "fixtures/math/expected.json"))

                        let case = expected.RootElement.GetProperty("lori")[corpus]

                        let variant =
                            case.GetProperty("variants").EnumerateArray()
                            |> Seq.find (fun v ->
                                text "standardise" v = standardise && text "covariance" v = covariance)

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
                                        standardise
                                        "--layer-rank"
                                        rank "layer_rank"
                                        "--hidden-rank"
                                        rank "hidden_rank"
                                        "--weighting"
                                        "none"
                                    ]

                            checkFit case variant fitted

                            checkLosses
                                variant
                                (objective
                                    subspace
                                    teacher
                                    student
                                    [ "--covariance"; covariance; "--weighting"; "none" ]))
                    }
    ]

[<Tests>]
let tests = testList "Math from the command line, golden" golden
