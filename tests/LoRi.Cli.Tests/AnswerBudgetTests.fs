/// Answers that a budget ends, and empty ones: counted wherever an accuracy is shown.
module LoRi.Cli.Tests.AnswerBudgetTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Files.Safetensors

let private count (name: string) (output: string) =
    (summary output).GetProperty(name).GetInt32()

let private budget tokens folder output =
    evaluate folder "model" output |> withOption "--max-new-tokens" (string tokens)

/// Rows of an evaluation whose answers go on where there is room: the oracle of those that a smaller budget cut off.
let private longer than (output: string) =
    rows output |> List.filter (fun row -> row.GetProperty("tokens").GetInt32() > than)

/// Rows as older versions wrote them.
let private strip (output: string) =
    let file = path output "predictions.jsonl"

    File.WriteAllLines(
        file,
        [
            for line in File.ReadAllLines file ->
                let row = (nonNull (JsonNode.Parse line)).AsObject()
                row.Remove "cut_off" |> ignore
                row.Remove "empty" |> ignore
                row.ToJsonString()
        ]
    )

let private counted =
    test "answers that the limit cut off are counted, warned of, and the same after a resume" {
        withTiny (fun folder ->
            succeed (lori (budget 40 folder "long"))
            let outcome = lori (budget 4 folder "short")
            succeed outcome
            let cut = (longer 4 (path folder "long")).Length
            Expect.isGreaterThan cut 2 "some go on"
            Expect.equal (count "cut_off" (path folder "short")) cut "those that go on with more"
            Expect.equal (count "cut_off_by_positions" (path folder "short")) 0 "no table of positions"

            let warning =
                $"warning: {cut} of 40 answers were cut off before an end token ({cut} at --max-new-tokens 4)"

            Expect.stringContains outcome.Error warning "said"
            Expect.stringContains (outcome.Out.Replace("\n", " ")) "cut off" "in the table"

            for row, whole in List.zip (rows (path folder "short")) (rows (path folder "long")) do
                Expect.equal
                    (row.GetProperty("cut_off").GetBoolean())
                    (whole.GetProperty("tokens").GetInt32() > 4)
                    "every row"

            let predictions = path folder "short/predictions.jsonl"
            let lines = File.ReadAllLines predictions
            File.Delete(path folder "short/evaluation.json")
            File.WriteAllLines(predictions, lines[..5])
            let resumed = lori (budget 4 folder "short" @ [ "--resume" ])
            succeed resumed
            Expect.stringContains resumed.Error warning "after a resume"
            Expect.equal (count "cut_off" (path folder "short")) cut "after a resume"
            Expect.stringContains (lori (budget 4 folder "short" @ [ "--resume" ])).Error warning "a finished one")
    }

let private older =
    test "evaluations of older versions are resumed and read, and say nothing of what they do not know" {
        withTiny (fun folder ->
            succeed (lori (budget 4 folder "e"))
            strip (path folder "e")
            File.Delete(path folder "e/evaluation.json")
            let resumed = lori (budget 4 folder "e" @ [ "--resume" ])
            succeed resumed
            Expect.isFalse (resumed.Error.Contains "cut off") "not known"
            let found = summary (path folder "e")
            Expect.equal (found.GetProperty("cut_off").GetRawText()) "null" "not known"
            Expect.equal (found.GetProperty("empty").GetRawText()) "null" "not known"
            let file = path folder "e/evaluation.json"
            let old = (nonNull (JsonNode.Parse(File.ReadAllText file))).AsObject()

            for key in [ "cut_off"; "cut_off_by_positions"; "empty" ] do
                old.Remove key |> ignore

            File.WriteAllText(file, old.ToJsonString())
            succeed (lori (budget 4 folder "e" @ [ "--resume" ]))
            succeed (lori (budget 6 folder "other"))
            succeed (lori [ "compare"; path folder "e"; path folder "other" ]))
    }

/// A model whose logits are all alike, so that it writes the first token, which ends an answer.
let private silent folder =
    let model = TinyFolder.model folder "model"

    SafetensorsWriter.Write(
        path model "model.safetensors",
        [
            for one in TinyFolder.weights ->
                if one.Name = "model.norm.weight" then
                    SafetensorsContent.FromDoubles(one.Name, [ 8L ], Array.zeroCreate 8)
                else
                    one
        ]
    )

    let config = path model "config.json"
    File.WriteAllText(config, (File.ReadAllText config).Replace("\"eos_token_id\": 1", "\"eos_token_id\": 0"))
    TinyFolder.data folder "data.jsonl" TinyFolder.rows |> ignore

let private empty =
    test "empty answers are counted and warned of, also with --json" {
        inFolder (fun folder ->
            silent folder

            for options in [ []; [ "--json" ] ] do
                let output = $"e{options.Length}"
                let outcome = lori (evaluate folder "model" output @ options)
                succeed outcome
                Expect.stringContains outcome.Error "warning: 4 of 4 answers are empty" "said"
                Expect.isFalse (outcome.Error.Contains "cut off") "an end token ended them"
                Expect.equal (count "empty" (path folder output)) 4 "counted"
                Expect.equal (count "cut_off" (path folder output)) 0 "not cut off"

            for row in rows (path folder "e0") do
                Expect.isTrue (row.GetProperty("empty").GetBoolean()) "every row")
    }

let private shownElsewhere =
    test "compare and report show what a budget ended, and refuse counts that the rows do not have" {
        withTiny (fun folder ->
            succeed (lori (teach folder 2 "run"))
            succeed (lori (evaluate folder "run" "run/short" |> withOption "--max-new-tokens" "4"))
            succeed (lori (evaluate folder "run" "run/long" |> withOption "--max-new-tokens" "40"))
            let cut = count "cut_off" (path folder "run/short")
            Expect.isGreaterThan cut 2 "some are cut off"
            let folders = [ path folder "run/short"; path folder "run/long" ]
            let compared = lori ("compare" :: folders)
            succeed compared
            Expect.stringContains compared.Error $"{cut} of 40 answers were cut off before an end token" "compare"
            Expect.stringContains compared.Out "cut off" "compare's table"
            let asJson = loriJson ([ "compare"; "--json" ] @ folders)

            let first = asJson.GetProperty("groups")[0]
            Expect.equal (first.GetProperty("cut_off").GetInt32()) cut "compare's JSON"

            succeed (
                lori
                    [
                        "report"
                        path folder "run"
                        "--output"
                        path folder "r.html"
                        "--questions"
                        "0"
                    ]
            )

            let page = File.ReadAllText(path folder "r.html")
            Expect.stringContains page "cut off" "the page's table"
            let file = path folder "run/short/evaluation.json"
            File.WriteAllText(file, (File.ReadAllText file).Replace($"\"cut_off\": {cut}", "\"cut_off\": 1"))

            for command in [ ("compare" :: folders); [ "report"; path folder "run"; "--questions"; "0" ] ] do
                let outcome = lori command
                Expect.equal outcome.Code Failed outcome.Error
                Expect.stringContains outcome.Error $"'cut_off' is 1, but the 40 rows of" "the two are not of one")
    }

[<Tests>]
let tests = testList "Answer budgets" [ counted; older; empty; shownElsewhere ]
