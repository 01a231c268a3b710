/// What settings come to, once the rows are counted.
module LoRi.Training.Tests.RunPlanTests

open System.Globalization
open System.Numerics
open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Settings
open LoRi.Runs.Plans
open LoRi.Runs.Settings

let private plan (options: JsonObject) rows =
    let settings =
        RunSettings(Commands.Teach, Commands.Teach.Read(options, SettingSource.CommandLine))

    RunPlan(settings, rows)

let private steps (epochs: string) batch rows =
    let options =
        (nonNull (JsonNode.Parse $"""{{"epochs": {epochs}, "batch_size": {batch}}}""")).AsObject()

    (plan options rows).Steps

/// Whole numbers alone: the least number of steps that hold hundredths * rows / 100 rows.
let private expected (hundredths: int) batch rows =
    let numerator, denominator =
        BigInteger hundredths * BigInteger(rows: int), BigInteger(100 * batch)

    max 1 (int ((numerator + denominator - BigInteger.One) / denominator))

let private exact =
    [
        test "epochs are counted in decimals, as they were written" {
            for hundredths in 1..300 do
                for rows in [ 1; 7; 100; 7473 ] do
                    for batch in [ 1; 3; 32 ] do
                        let text = (decimal hundredths / 100M).ToString CultureInfo.InvariantCulture

                        Expect.equal
                            (steps text batch rows)
                            (expected hundredths batch rows)
                            $"{text} of {rows} by {batch}"
        }
        test "epochs of every form, small and large" {
            for text, batch, rows, wanted in
                [
                    "0.07", 1, 100, 7
                    "7e-2", 1, 100, 7
                    "1E1", 2, 5, 25
                    "0.000000001", 1, 100, 1
                    "0.1", 1, 2147483647, 214748365
                    "1e-300", 1, 100, 1
                    "2147483647", 1, 1, 2147483647
                ] do
                Expect.equal (steps text batch rows) wanted text

            for text in [ "2147483648"; "1e300"; "1.7976931348623157e308" ] do
                Expect.throwsC (fun () -> steps text 1 1 |> ignore) (fun e ->
                    Expect.stringContains e.Message "--epochs " "the option"
                    Expect.stringContains e.Message "more steps than can be counted" "what is wrong")
        }
        test "checkpoints and validations are a twentieth of a run apart, in short runs about ten steps" {
            for count, wanted in
                [
                    1, 1
                    6, 6
                    19, 19
                    20, 10
                    25, 12
                    40, 10
                    100, 10
                    199, 10
                    200, 10
                    400, 20
                    1000, 50
                ] do
                let options =
                    (nonNull (JsonNode.Parse $"""{{"steps": {count}, "validation_fraction": 0.1}}""")).AsObject()

                let found = plan options 50
                Expect.equal found.CheckpointEvery wanted $"checkpoints of {count}"
                Expect.equal found.EvaluateEvery.Value wanted $"validations of {count}"
        }
    ]

[<Tests>]
let tests = testList "Run plan" exact
