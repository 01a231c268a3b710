/// How often the rows of each data file are taken in one pass over the data.
module LoRi.Training.Tests.DataWeightsTests

open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Data
open LoRi.Files.Settings
open LoRi.Runs.Plans
open LoRi.Runs.Settings

let private example (file: int) row =
    ReasoningExample($"{file}:{row}", $"question {row} of file {file}", [], "", "1")

/// Two files of so many rows.
let private set first second =
    let examples =
        [|
            for row in 1..first -> example 0 row
            for row in 1..second -> example 1 row
        |]

    ReasoningSet(examples, 0, 0, Sources = [| for at in 0 .. first + second - 1 -> if at < first then 0 else 1 |])

let private applied weights seed (set: ReasoningSet) =
    [ for row in (DataWeights(weights, seed)).Apply(set.Examples, set) -> row.Id ]

let private count (prefix: string) ids =
    List.length (List.filter (fun (id: string) -> id.StartsWith prefix) ids)

[<Tests>]
let tests =
    testList
        "data weights"
        [
            test "without weights, and with 1 each, every row once" {
                let data = set 3 4
                let all = [ for row in data.Examples -> row.Id ]
                Expect.equal (applied [||] 0L data) all "none"
                Expect.equal (applied [| 1.0; 1.0 |] 0L data) all "1 each"
            }
            test "whole parts repeat, fractions take that share of the rows" {
                for first, second, weights, expected in
                    [
                        3, 4, [| 2.0; 1.0 |], (6, 4)
                        10, 4, [| 0.5; 3.0 |], (5, 12)
                        10, 8, [| 1.25; 0.07 |], (13, 1)
                        7, 7, [| 2.5; 0.25 |], (18, 2)
                    ] do
                    let found = applied weights 3L (set first second)
                    Expect.equal (count "0:" found, count "1:" found) expected $"%A{weights} of {first} and {second}"

                    let times =
                        List.countBy id found |> List.filter (fst >> fun id -> id.StartsWith "0:")

                    for id, number in times do
                        Expect.isLessThanOrEqual number (int (ceil weights[0])) id
                        Expect.isGreaterThanOrEqual number (int (floor weights[0])) id
            }
            test "a share is the seed's" {
                let data = set 40 0
                let drawn seed = applied [| 0.5; 1.0 |] seed data
                Expect.equal (drawn 1L) (drawn 1L) "the same seed"
                Expect.notEqual (drawn 1L) (drawn 2L) "another"
                Expect.equal (drawn 1L) (List.sortBy (fun id -> int (id.Substring 2)) (drawn 1L)) "in the file's order"
            }
            test "a share without a row is refused" {
                Expect.throwsC (fun () -> applied [| 1.0; 0.01 |] 0L (set 3 8) |> ignore) (fun e ->
                    Expect.stringContains e.Message "0.01 of the 8 training rows of file 2 of --data is none" "which")
            }
            test "as many weights as files, each above 0" {
                let refusal (options: string) =
                    let values = (nonNull (JsonNode.Parse options)).AsObject()

                    try
                        let read = Commands.Teach.Read(values, SettingSource.CommandLine)
                        Commands.Teach.Check read
                        ""
                    with :? SettingException as e ->
                        e.Message

                let asked weights =
                    refusal $"""{{"model": "m", "output": "o", "data": ["a", "b"], "data_weights": {weights}}}"""

                Expect.stringContains (asked "[1]") "--data-weights 1: --data names 2; give as many numbers" "too few"
                Expect.stringContains (asked "[1, 0]") "larger than 0 and at most 1000" "nothing of a file"
                Expect.equal (asked "[1, 0.5]") "" "sound"
            }
        ]
