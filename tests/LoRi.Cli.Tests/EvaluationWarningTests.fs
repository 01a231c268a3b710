/// `lori evaluate` where golds are no numbers.
module LoRi.Cli.Tests.EvaluationWarningTests

open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Files.Safetensors

let private silence (model: string) =
    SafetensorsWriter.Write(
        Path.Combine(model, "model.safetensors"),
        [
            for one in TinyFolder.weights ->
                if one.Name = "model.norm.weight" then
                    SafetensorsContent.FromDoubles(one.Name, [ 8L ], Array.zeroCreate 8)
                else
                    one
        ]
    )

[<Tests>]
let tests =
    test "Evaluation: rows where neither side is a number are counted in the file and warned of" {
        inFolder (fun folder ->
            // All logits are alike, so that it writes the first of its tokens, which is a word.
            TinyFolder.model folder "model" |> silence

            let gold (answer: string) =
                $"""{{"question": "What is 1 + 2 ?", "answer": "{answer}"}}"""

            TinyFolder.data folder "data.jsonl" [ gold "Alex"; gold "5; 15"; gold "3" ] |> ignore

            let run output options =
                let outcome = lori (evaluate folder "model" output @ options)
                Expect.equal outcome.Code Success outcome.Error
                outcome

            let outcome = run "e" []

            let unread =
                rows (path folder "e") |> List.filter (fun row -> text "prediction" row = "inf")

            let expected =
                unread |> List.filter (fun row -> text "gold" row <> "3") |> List.length

            Expect.equal expected 2 "this model writes no number"
            let found = summary (path folder "e")
            Expect.equal (found.GetProperty("both_unreadable").GetInt32()) expected "count"
            Expect.equal (found.GetProperty("correct").GetInt32()) expected "the rule itself stays"
            Expect.equal (found.GetProperty("accuracy_strict").GetDouble()) 0.0 "strict"

            let warning =
                "warning: at 2 of 3 questions neither the data set's answer nor the prediction is a number"

            Expect.stringContains outcome.Error warning "warning"
            let asJson = run "j" [ "--json" ]
            Expect.stringContains asJson.Error warning "beside JSON too"
            Expect.isFalse (asJson.Out.Contains "warning") "the object alone on the output stream"
            let finished = run "e" [ "--resume" ]
            Expect.stringContains finished.Error warning "a finished one says it again"
            let summaryFile = path folder "e/evaluation.json"
            File.WriteAllText(summaryFile, File.ReadAllText(summaryFile).Replace("  \"both_unreadable\": 2,\n", ""))
            Expect.isFalse ((run "e" [ "--resume" ]).Error.Contains "neither") "files of older versions do not say")
    }
