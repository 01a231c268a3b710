/// Runs that are killed, stopped, damaged or started again with other settings.
module LoRi.Cli.Tests.ResumeTests

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open LoRi.Training
open LoRi.Training.Runs
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private succeed (outcome: Outcome) =
    Expect.equal outcome.Code Success outcome.Error

let private path (folder: string) (name: string) = Path.Combine(folder, name)

/// What an evaluation of a run says, timings apart.
let private evaluation (folder: string) (run: string) =
    let output = path folder (run + "-evaluation")

    succeed (
        lori
            [
                "evaluate"
                "--model"
                path folder run
                "--data"
                path folder "data.jsonl"
                "--output"
                output
                "--threads"
                "1"
            ]
    )

    [
        for line in File.ReadAllLines(path output "predictions.jsonl") do
            let row = Text.Json.JsonDocument.Parse(line).RootElement

            [
                for value in row.EnumerateObject() do
                    if value.Name <> "seconds" then
                        value.Name, value.Value.GetRawText()
            ]
    ]

let private same folder (whole: string) (resumed: string) =
    Expect.equal (finalFiles (path folder resumed)) (finalFiles (path folder whole)) "every file of the final model"
    Expect.equal (metrics (path folder resumed)) (metrics (path folder whole)) "metrics without timings"
    Expect.equal (evaluation folder resumed) (evaluation folder whole) "answers"

/// Kills a process after `delay`; true where it was still at work.
let private kill (delay: TimeSpan) (running: Process) =
    let early = not (running.WaitForExit delay)

    if early then
        running.Kill()

    let outcome = finish running

    if not early then
        succeed outcome

    early

let private killed =
    test "runs that are killed at twenty random moments end as if they had not been" {
        withTiny (fun folder ->
            let random = SeededRandom(2026L, "moments")
            let mutable kills = 0

            for name, command in [ "teach", teach folder 120; "lori", distill folder 120 ] do
                let whole, broken = name + "-whole", name + "-broken"
                let clock = Stopwatch.StartNew()
                succeed (finish (start (command whole)))
                let length = clock.Elapsed
                let more = [ "--checkpoint-every"; "4"; "--resume" ]
                let last = kills + 10

                while kills < last do
                    if kill (length * random.Uniform()) (start (command broken @ more)) then
                        kills <- kills + 1
                    else
                        // It came to its end before it was killed ten times: again from the beginning.
                        same folder whole broken
                        Directory.Delete(path folder broken, true)

                succeed (finish (start (command broken @ more)))
                same folder whole broken
                Expect.hasLength (checkpoints (path folder broken)) 2 "checkpoints that are kept")
    }

[<Tests>]
let tests = testList "Resume" [ killed ]
