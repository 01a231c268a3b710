/// Evaluations that are killed, stopped, damaged or started again with other settings, and what they measure.
module LoRi.Cli.Tests.EvaluationTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open System.Threading
open Expecto
open LoRi.Training
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

let private succeed (outcome: Outcome) =
    Expect.equal outcome.Code Success outcome.Error

/// A command line that evaluates the tiny model on `data.jsonl`; the output is relative to the folder.
let private evaluate (folder: string) (model: string) (output: string) =
    [
        "evaluate"
        "--model"
        path folder model
        "--data"
        path folder "data.jsonl"
        "--output"
        path folder output
        "--threads"
        "1"
        "--batch-size"
        "4"
        "--max-new-tokens"
        "24"
        "--latency-questions"
        "3"
    ]

let private rows (output: string) =
    [
        for line in File.ReadAllLines(path output "predictions.jsonl") -> JsonDocument.Parse(line).RootElement
    ]

/// The predictions without their timings, as texts of JSON: equal texts are equal bits.
let private answers (output: string) =
    [
        for row in rows output ->
            [
                for value in row.EnumerateObject() do
                    if value.Name <> "seconds" then
                        value.Name, value.Value.GetRawText()
            ]
    ]

let private summary (output: string) =
    JsonDocument.Parse(File.ReadAllText(path output "evaluation.json")).RootElement

let private timed =
    set
        [
            "seconds"
            "tokens_per_second"
            "batch_latency_ms"
            "row_latency_ms"
            "single_latency_ms"
            "peak_memory_bytes"
        ]

let private untimed (output: string) =
    [
        for value in (summary output).EnumerateObject() do
            if not (timed.Contains value.Name) then
                value.Name, value.Value.GetRawText()
    ]

let private same (whole: string) (resumed: string) =
    Expect.equal (answers resumed) (answers whole) "every prediction"
    Expect.equal (untimed resumed) (untimed whole) "the summary"

/// Waits until some predictions are there.
let private untilAnswered (output: string) =
    let clock = Stopwatch.StartNew()
    let file = path output "predictions.jsonl"

    while not (File.Exists file && FileInfo(file).Length > 0L) && clock.Elapsed.TotalSeconds < 60.0 do
        Thread.Sleep 2

let private killed =
    test "an evaluation that is killed at random moments ends as if it had not been" {
        withTiny (fun folder ->
            writeData (path folder "data.jsonl") 7L 600
            let whole, broken = path folder "whole", path folder "broken"
            let clock = Stopwatch.StartNew()
            succeed (finish (start (evaluate folder "model" "whole")))
            let length = clock.Elapsed
            let random = SeededRandom(2027L, "evaluate")
            let again = evaluate folder "model" "broken" @ [ "--resume" ]
            let mutable kills = 0
            let mutable within = 0

            while kills < 8 do
                let running = start again

                if kills % 2 = 0 then
                    // Every other kill falls into the answering, wherever the start of the process takes its time.
                    untilAnswered broken

                if running.WaitForExit(length * (if kills % 2 = 0 then 0.1 else 1.0) * random.Uniform()) then
                    succeed (finish running)
                    same whole broken
                    Directory.Delete(broken, true)
                else
                    running.Kill()
                    finish running |> ignore

                    if File.Exists(path broken "predictions.jsonl") then
                        within <- within + 1

                kills <- kills + 1

            Expect.isGreaterThan within 2 "kills while it answered"
            succeed (finish (start again))
            same whole broken)
    }

let private signalled =
    test "SIGTERM keeps the complete batches, says how to go on and exits with 1" {
        withTiny (fun folder ->
            writeData (path folder "data.jsonl") 8L 1500
            let output = path folder "e"
            let running = start (evaluate folder "model" "e")
            untilAnswered output
            terminate running
            let outcome = finish running
            Expect.equal outcome.Code Failed outcome.Error
            Expect.stringContains outcome.Error "the same command with --resume goes on from here" "log"
            Expect.stringContains outcome.Error "the evaluation was stopped before its end" "error"
            let answered = (rows output).Length
            Expect.isGreaterThan answered 0 "some are answered"
            Expect.equal (answered % 4) 0 "whole batches"
            Expect.isFalse (File.Exists(path output "evaluation.json")) "no summary yet"
            let resumed = lori (evaluate folder "model" "e" @ [ "--resume" ])
            succeed resumed
            Expect.stringContains resumed.Error $"resumed after {answered:N0} of 1,500 questions" "the same place"
            succeed (lori (evaluate folder "model" "whole"))
            same (path folder "whole") output)
    }

/// An evaluation of the 40 rows, and the same as if it had been killed after `kept` bytes of its predictions.
let private broken folder (kept: byte[] -> byte[]) =
    let output = path folder "e"
    succeed (lori (evaluate folder "model" "e"))
    let whole = answers output
    let file = path output "predictions.jsonl"
    File.WriteAllBytes(file, kept (File.ReadAllBytes file))
    File.Delete(path output "evaluation.json")
    output, whole

let private again folder options =
    evaluate folder "model" "e" @ [ "--resume" ] @ options

let private withOption (option: string) (value: string) (arguments: string list) =
    match List.tryFindIndex ((=) option) arguments with
    | Some at -> List.updateAt (at + 1) value arguments
    | None -> arguments @ [ option; value ]

/// The command fails with a last line that holds the text.
let private expectFailure (text: string) arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code Failed outcome.Error
    Expect.stringContains (Array.last (outcome.Error.TrimEnd('\n').Split('\n'))) text "message"

let private torn =
    test "half a line, half a batch and damaged rows are answered again" {
        let untilRow count (bytes: byte[]) =
            let mutable seen = 0

            Array.takeWhile
                (fun b ->
                    let inside = seen < count
                    (if b = 10uy then seen <- seen + 1)
                    inside)
                bytes

        for name, kept, from in
            [
                "nothing", (fun _ -> [||]), None
                "half of the first line", Array.truncate 30, None
                "a line and a half", (fun bytes -> Array.append (untilRow 1 bytes) (bytes[..20])), None
                "a batch and a half", untilRow 6, Some 4
                "two batches and a damaged row",
                (fun bytes -> Array.append (untilRow 8 bytes) "{\"id\": 7}\nmore\n"B),
                Some 8
                "rows of other questions",
                (fun bytes ->
                    let first = untilRow 4 bytes
                    Array.append first first),
                Some 4
                "all rows", id, Some 40
            ] do
            withTiny (fun folder ->
                let output, whole = broken folder kept
                let outcome = lori (again folder [])
                succeed outcome
                Expect.equal (answers output) whole name

                match from with
                | None -> Expect.isFalse (outcome.Error.Contains "resumed") $"{name}: from the beginning"
                | Some count -> Expect.stringContains outcome.Error $"resumed after {count} of 40" name)
    }

let private refusals =
    test "what would make other predictions is refused where an evaluation goes on" {
        withTiny (fun folder ->
            let output, whole = broken folder (fun bytes -> bytes[.. bytes.Length / 2])

            for option, value, message in
                [
                    "--batch-size", "5", "--batch-size was 4 and now is 5"
                    "--max-new-tokens", "9", "--max-new-tokens was 24 and now is 9"
                    "--seed", "3", "--seed was left out and now is 3"
                    "--question-text", "codi", "--question-text was \"as-is\" and now is \"codi\""
                    "--dtype", "bfloat16", "--dtype was \"float32\" and now is \"bfloat16\""
                    "--limit", "7", "the rows of --data are not those that this evaluation was begun with"
                ] do
                expectFailure message (again folder [] |> withOption option value)

            let data = path folder "data.jsonl"
            let lines = File.ReadAllLines data
            File.WriteAllLines(data, Array.rev lines)
            expectFailure "the rows of --data are not those" (again folder [])
            File.WriteAllLines(data, lines)
            let weights = path folder "model/model.safetensors"
            let bytes = File.ReadAllBytes weights
            let other = Array.copy bytes
            other[other.Length - 3] <- other[other.Length - 3] ^^^ 1uy
            File.WriteAllBytes(weights, other)
            expectFailure "is not the one that this evaluation was begun with" (again folder [])
            File.WriteAllBytes(weights, bytes)
            succeed (lori (again folder [] |> withOption "--latency-questions" "0"))
            Expect.equal (answers output) whole "the same predictions")
    }

let private folders =
    [
        test "a folder that is not empty is refused without --resume, an unfinished start is not in the way" {
            withTiny (fun folder ->
                expectFailure "there is no such file or folder" (evaluate folder "nowhere" "e")
                File.WriteAllText(path folder "model/lori.json", "{")
                expectFailure "lori.json" (evaluate folder "model" "e")
                File.Delete(path folder "model/lori.json")
                succeed (lori (evaluate folder "model" "e"))
                let written = File.ReadAllText(path folder "e/predictions.jsonl")
                expectFailure "e: the folder is not empty; go on with --resume" (evaluate folder "model" "e")
                Expect.equal (File.ReadAllText(path folder "e/predictions.jsonl")) written "nothing is overwritten"
                let outcome = lori (again folder [])
                succeed outcome
                Expect.stringContains outcome.Error "this evaluation is finished, there is nothing to resume" "log"
                Expect.stringContains outcome.Out "rules disagree" "the table again"
                expectFailure "--batch-size was 4" (again folder [] |> withOption "--batch-size" "8"))
        }
        test "a folder that holds something else is refused with --resume" {
            withTiny (fun folder ->
                Directory.CreateDirectory(path folder "e") |> ignore
                File.WriteAllText(path folder "e/predictions.jsonl", "mine\n")
                expectFailure "holds no evaluation that can go on" (again folder [])
                Expect.equal (File.ReadAllText(path folder "e/predictions.jsonl")) "mine\n" "untouched")
        }
        test "--resume begins where there is nothing, and config.json replays the evaluation" {
            withTiny (fun folder ->
                succeed (lori (again folder []))
                let config = path folder "e/config.json"
                succeed (lori [ "evaluate"; "--config"; config; "--output"; path folder "replayed" ])
                same (path folder "e") (path folder "replayed"))
        }
    ]

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

            let table =
                (lori (evaluate folder "model" "shown" @ [ "--question-text"; "codi" ])).Out

            for text in [ "rules disagree"; "ms a batch of 4"; "ms alone (3 questions)"; "peak MiB"; "tokens" ] do
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
let tests =
    testList "Evaluation" ([ killed; signalled; torn; refusals; measures; ownPrefix ] @ folders)
