/// What an evaluation measures, and the prefix that its strict rule looks for.
module LoRi.Cli.Tests.EvaluationMeasureTests

open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.TinyEvaluation

let private measures =
    test "evaluation.json has the fixed keys, latencies of batches, rows and single questions, and peak memory" {
        withTiny (fun folder ->
            writeData (path folder "data.jsonl") 9L 10
            succeed (lori (evaluate folder "model" "e"))
            let found = summary (path folder "e")

            for key in
                [
                    "dataset"
                    "examples"
                    "correct"
                    "accuracy"
                    "accuracy_strict"
                    "ci95"
                    "method"
                    "latent_steps"
                    "seconds"
                    "tokens_generated"
                    "seed"
                    "disagreements"
                ] do
                Expect.isTrue (fst (found.TryGetProperty key)) key

            let number (name: string) (element: JsonElement) = element.GetProperty(name).GetDouble()

            for name, count in [ "batch_latency_ms", 3.0; "row_latency_ms", 10.0; "single_latency_ms", 3.0 ] do
                let times = found.GetProperty name
                Expect.equal (number "count" times) count $"{name}: count"
                Expect.isGreaterThan (number "p50" times) 0.0 $"{name}: median"
                Expect.isLessThanOrEqual (number "p50" times) (number "p90" times) $"{name}: order"
                Expect.isLessThanOrEqual (number "p90" times) (number "p99" times) $"{name}: order"
                Expect.isLessThanOrEqual (number "p99" times) (number "max" times) $"{name}: order"

            let all = rows (path folder "e")
            let tokens = all |> List.sumBy (fun row -> number "tokens" row)
            Expect.equal (number "tokens_generated" found) tokens "tokens"
            Expect.equal (number "tokens_per_question" found) (tokens / 10.0) "tokens a question"

            Expect.floatClose
                Accuracy.high
                (number "mean" (found.GetProperty "batch_latency_ms") * 3.0 / 1000.0)
                (number "seconds" found)
                "the batches make up the seconds"

            Expect.isGreaterThan (number "peak_memory_bytes" found) 1e7 "peak memory"
            succeed (lori (evaluate folder "model" "without" |> withOption "--latency-questions" "0"))
            let without = (summary (path folder "without")).GetProperty "single_latency_ms"
            Expect.equal without.ValueKind JsonValueKind.Null "none measured"

            expectError
                BadUsage
                "--latency-questions -1: must be at least 0"
                (evaluate folder "model" "none" |> withOption "--latency-questions" "-1")

            let table =
                (lori (evaluate folder "model" "shown" @ [ "--question-text"; "codi" ])).Out

            for text in
                [
                    "rules disagree"
                    "ms a batch of 4"
                    "ms alone (3 questions)"
                    "peak MiB"
                    "tokens"
                ] do
                Expect.stringContains (table.Replace("\n", " ")) text "table")
    }

let private ownPrefix =
    test "strict looks after the run's own prefix, fed or written, and scoring the file again says the same" {
        withTiny (fun folder ->
            succeed (lori (teach folder 150 "teacher"))
            succeed (lori (distill folder 100 "student"))

            for run, output in [ "teacher", "written"; "student", "fed" ] do
                succeed (lori (evaluate folder run output))
                let found = summary (path folder output)
                Expect.equal (text "answer_prefix" found) "So" "prefix"
                let all = rows (path folder output)

                for row in all do
                    let answer = (text "text" row).Split("So") |> Array.last
                    let right = (text "text" row).Contains "So" && answer.Trim() = text "gold" row
                    Expect.equal (row.GetProperty("correct_strict").GetBoolean()) right $"{row}"

                Expect.isGreaterThan (found.GetProperty("accuracy_strict").GetDouble()) 0.0 "some are right"

                for rule, key in [ "strict", "accuracy_strict"; "codi", "accuracy" ] do
                    let scored =
                        loriJson
                            [
                                "score"
                                "--predictions"
                                path folder (output + "/predictions.jsonl")
                                "--rule"
                                rule
                                "--json"
                            ]

                    Expect.equal
                        (scored.GetProperty("accuracy").GetDouble())
                        (found.GetProperty(key).GetDouble())
                        $"{run} {rule}"

                    Expect.equal
                        (scored.GetProperty("disagreements").GetInt32())
                        (found.GetProperty("disagreements").GetInt32())
                        $"{run} {rule}: disagreements")
    }

[<Tests>]
let tests = testList "Evaluation measures" [ measures; ownPrefix ]
