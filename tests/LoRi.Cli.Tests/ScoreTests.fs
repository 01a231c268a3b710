/// `lori score`: letters and truth values by the rows' own data set, disagreements, and files without predictions.
module LoRi.Cli.Tests.ScoreTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private score (file: string) rule options =
    [ "score"; "--predictions"; file; "--rule"; rule; "--json" ] @ options

let private verdicts (result: JsonElement) =
    [
        for row in result.GetProperty("rows").EnumerateArray() ->
            text "value" row, row.GetProperty("correct").GetBoolean()
    ]

let private golden =
    test "letters and truth values are scored by each row's data_name" {
        let file = sharedFile "fixtures/scoring/letters.jsonl"

        let cases =
            [ for line in File.ReadAllLines file -> JsonDocument.Parse(line).RootElement ]

        for rule in [ "codi"; "simcot" ] do
            let expected =
                [
                    for case in cases ->
                        match case.GetProperty(rule).TryGetProperty "error" with
                        | true, _ -> "", false
                        | _ ->
                            let value =
                                Seq.exactlyOne (case.GetProperty(rule).GetProperty("value").EnumerateObject())

                            value.Value.ToString(), case.GetProperty(rule).GetProperty("correct").GetBoolean()
                ]

            Expect.equal (verdicts (loriJson (score file rule []))) expected rule
    }

let private options =
    [
        test "--data-name and --answer-prefix speak for rows that do not" {
            inFolder (fun folder ->
                let predictions =
                    file
                        folder
                        "p.jsonl"
                        "{\"text\": \"It is B\", \"gold\": \"B\"}\n{\"text\": \"B\", \"gold\": \"B\", \"data_name\": \"gsm8k\"}\n"

                Expect.equal
                    (verdicts (loriJson (score predictions "codi" [ "--data-name"; "commonsense" ])))
                    [ "C", false; "inf", false ]
                    "the row's own name wins"

                let strict =
                    file
                        folder
                        "s.jsonl"
                        "{\"text\": \"So 5\", \"gold\": \"5\"}\n{\"text\": \"= 6\", \"gold\": 6, \"answer_prefix\": \"=\"}\n{\"text\": \"The answer is: 7\", \"gold\": \"7\"}\n"

                let found = loriJson (score strict "strict" [ "--answer-prefix"; "So" ])
                Expect.equal (verdicts found) [ "5", true; "6", true; "", false ] "after So, after =, nothing"

                Expect.equal
                    (found.GetProperty("disagreements").GetInt32())
                    1
                    "CODI's rule takes the last one for right"

                Expect.equal (text "compared_with" found) "codi" "the other rule")
        }
        test "rows and disagreements are in the table" {
            inFolder (fun folder ->
                let predictions =
                    file
                        folder
                        "p.jsonl"
                        "{\"text\": \"18\", \"gold\": \"18\"}\n{\"text\": \"The answer is: 4\", \"gold\": \"4\"}\n{\"text\": \"\", \"gold\": \"A\", \"data_name\": \"commonsense\"}\n"

                let outcome = lori [ "score"; "--predictions"; predictions; "--rule"; "codi" ]
                Expect.equal outcome.Code Success outcome.Error
                Expect.stringContains outcome.Out "strict disagrees" "heading"
                Expect.stringContains outcome.Out "At 1 of these the published program would stop" "stops"
                let cells = outcome.Out.Split('\n') |> Array.find _.Contains("66.7 %")
                let cells = cells.Split('│') |> Array.map _.Trim()
                Expect.equal (cells[1], cells[2], Array.last (Array.filter ((<>) "") cells)) ("3", "2", "1") "numbers")
        }
        test "a file without predictions is an error" {
            inFolder (fun folder ->
                for content in [ ""; "\n \n" ] do
                    expectError Failed "p.jsonl: holds no prediction" (score (file folder "p.jsonl" content) "codi" []))
        }
    ]

[<Tests>]
let tests = testList "Score" (golden :: options)
