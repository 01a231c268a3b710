/// Evaluations that are killed, stopped, damaged or started again with other settings.
module LoRi.Cli.Tests.EvaluationResumeTests

open System.Diagnostics
open System.IO
open Expecto
open LoRi.Models
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.TinyEvaluation

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
            Expect.stringContains outcome.Error "the same command with --resume continues from here" "log"
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
    let whole = predictions output
    let file = path output "predictions.jsonl"
    File.WriteAllBytes(file, kept (File.ReadAllBytes file))
    File.Delete(path output "evaluation.json")
    output, whole

let private again folder options =
    evaluate folder "model" "e" @ [ "--resume" ] @ options

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

                    (if b = 10uy then
                         seen <- seen + 1)

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
                Expect.equal (predictions output) whole name

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
            Expect.equal (predictions output) whole "the same predictions")
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
                expectFailure "e: the folder is not empty; continue with --resume" (evaluate folder "model" "e")
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
                expectFailure "holds no evaluation that can be resumed" (again folder [])
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

[<Tests>]
let tests =
    testList "Evaluation resumes" ([ killed; signalled; torn; refusals ] @ folders)
