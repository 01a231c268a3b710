/// Runs that are killed, stopped, damaged or started again with other settings.
module LoRi.Cli.Tests.ResumeTests

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Files
open LoRi.Models
open LoRi.Runs.RunFolders
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

/// The command fails with a last line that holds the text; lines of the log may stand before it.
let private expectErrorAfterLog (text: string) arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code Failed outcome.Error
    let lines = outcome.Error.TrimEnd('\n').Split('\n')
    let errors = lines |> Array.filter _.StartsWith("lori: error: ")
    Expect.hasLength errors 1 outcome.Error
    Expect.equal errors[0] (Array.last lines) "the error is the last line"
    Expect.stringContains errors[0] text "message"

/// What an evaluation of a run says, timings apart.
let private evaluation (folder: string) (run: string) =
    let output = path folder (run + "-evaluation")

    if Directory.Exists output then
        Directory.Delete(output, true)

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

/// Kills at random moments from the start of the process to the time that a whole run takes.
let private killed (name: string) count command =
    test $"a run of {name} that is killed at {count} random moments ends as if it had not been" {
        withTiny (fun folder ->
            let random = SeededRandom(2026L, name)
            let command = command folder 40
            let clock = Stopwatch.StartNew()
            succeed (finish (start (command "whole")))
            let length = clock.Elapsed
            let broken = command "broken" @ [ "--checkpoint-every"; "3"; "--resume" ]
            let mutable kills = 0

            while kills < count do
                if kill (length * random.Uniform()) (start broken) then
                    kills <- kills + 1
                else
                    // It came to its end before it was killed often enough: again from the beginning.
                    same folder "whole" "broken"
                    Directory.Delete(path folder "broken", true)

            succeed (finish (start broken))
            same folder "whole" "broken"
            Expect.equal (checkpoints (path folder "broken")) [ "step-000039"; "step-000040" ] "the last two are kept")
    }

let private signalled =
    test "SIGTERM saves, says how to go on and exits with 1" {
        withTiny (fun folder ->
            let run = path folder "run"
            let command = teach folder 600 "run"
            let running = start command
            untilThere (fun () -> File.Exists(path run "metrics.jsonl"))
            terminate running
            let outcome = finish running
            Expect.equal outcome.Code Failed outcome.Error
            Expect.stringContains outcome.Error "and saved; the same command with --resume continues from here" "log"
            let step = (List.last (checkpoints run)).Substring(5).TrimStart('0')
            Expect.stringContains outcome.Error $"stopped after step {step} of 600" "the step that was saved"
            let resumed = lori (command @ [ "--resume" ])
            succeed resumed
            Expect.stringContains resumed.Error $"resumed after step {step} of 600" "the same step")
    }

/// A run of six steps with two checkpoints whose final model is gone, as if it had been killed before that.
let private almostFinished folder =
    let run = path folder "run"

    succeed (lori (teach folder 6 "run" @ [ "--checkpoint-every"; "3" ]))
    let final = finalFiles run
    Directory.Delete(path run "final", true)
    run, final

let private again folder options =
    teach folder 6 "run" @ [ "--resume" ] @ options

let private finished =
    test "a finished run says that it is, and is not made again" {
        withTiny (fun folder ->
            succeed (lori (teach folder 6 "run"))
            let written = Directory.GetLastWriteTimeUtc(path folder "run/final")
            let outcome = lori (again folder [])
            succeed outcome
            Expect.stringContains outcome.Error "this run is finished, there is nothing to resume" "log"
            Expect.equal (Directory.GetLastWriteTimeUtc(path folder "run/final")) written "the final model"
            expectError Failed "--steps was 6 and now is 9" (teach folder 9 "run" @ [ "--resume" ]))
    }

let private changed =
    test "what a run learns cannot be changed on resume, what it writes can" {
        withTiny (fun folder ->
            let _, final = almostFinished folder

            for option, value, message in
                [
                    "--seed", "5", "--seed was 0 and now is 5"
                    "--weight-decay", "0.5", "--weight-decay was 0.01 and now is 0.5"
                    "--max-tokens", "60", "--max-tokens was left out and now is 60"
                    "--warmup-steps", "2", "--warmup-steps was 0 and now is 2"
                ] do
                expectErrorAfterLog message (again folder [ option; value ])

            expectErrorAfterLog
                "this run was made by `lori teach`, not by `lori distill`"
                (distill folder 6 "run" @ [ "--resume" ])

            let data = path folder "data.jsonl"
            let rows = File.ReadAllLines data
            File.WriteAllLines(data, Array.rev rows)
            expectErrorAfterLog "the rows of --data are not those that" (again folder [])
            File.WriteAllLines(data, rows)
            succeed (lori (again folder [ "--checkpoint-every"; "1" ]))
            Expect.equal (finalFiles (path folder "run")) final "the final model")
    }

let rec private copyFolder (from: string) (into: string) =
    Directory.CreateDirectory into |> ignore

    for file in DirectoryInfo(from).GetFiles() do
        file.CopyTo(path into file.Name) |> ignore

    for folder in DirectoryInfo(from).GetDirectories() do
        copyFolder folder.FullName (path into folder.Name)

let private damages: (string * (string -> unit)) list =
    [
        "a flipped bit",
        fun state ->
            let bytes = File.ReadAllBytes state
            bytes[bytes.Length / 2] <- bytes[bytes.Length / 2] ^^^ 1uy
            File.WriteAllBytes(state, bytes)
        "a cut file", (fun state -> File.WriteAllBytes(state, File.ReadAllBytes(state)[..1000]))
        "an empty file", (fun state -> File.WriteAllBytes(state, [||]))
        "a missing file", File.Delete
        "missing sums", (fun state -> File.Delete(state.Replace("state.safetensors", "SHA256SUMS")))
    ]

let private damaged =
    test "a damaged checkpoint is one clear error that names the one before, which goes on" {
        withTiny (fun folder ->
            let run, final = almostFinished folder
            let kept = path folder "kept"
            Directory.Move(run, kept)

            for name, damage in damages do
                copyFolder kept run
                let last = path run "checkpoints/step-000006"
                damage (path last "state.safetensors")

                expectErrorAfterLog $"{last}: this checkpoint is damaged" (again folder [])

                expectErrorAfterLog "delete that folder, then --resume continues from " (again folder [])

                Expect.equal (checkpoints run) [ "step-000003"; "step-000006" ] $"{name}: both still there"
                Directory.Delete(last, true)
                succeed (lori (again folder [ "--checkpoint-every"; "3" ]))
                Expect.equal (finalFiles run) final name
                Directory.Delete(run, true))
    }

let private full =
    test "a full disk leaves the last checkpoint whole and says so, and a log that ends is no reason to stop" {
        if not (File.Exists "/dev/full") then
            skiptest "/dev/full is not available"

        withTiny (fun folder ->
            let run, final = almostFinished folder

            let save () =
                RunDirectory
                    .Create(run, true)
                    .SaveCheckpoint(9, fun _ -> File.WriteAllText("/dev/full", "more than fits"))

            Expect.throwsC save (fun e ->
                Expect.isTrue (e :? InputException) $"{e}"
                Expect.stringContains e.Message "step-000009: cannot be written (No space left on device" "what"
                Expect.stringContains e.Message "step-000006 is whole, and --resume continues from it" "what to do")

            Expect.equal (checkpoints run) [ "step-000003"; "step-000006" ] "checkpoints, and nothing half-made"
            File.Delete(path run "log.txt")
            File.CreateSymbolicLink(path run "log.txt", "/dev/full") |> ignore
            let outcome = lori (again folder [])
            Expect.equal outcome.Code Success outcome.Error

            Expect.stringContains
                outcome.Error
                "log.txt: cannot be written (No space left on device"
                "the log is said to end"

            Expect.equal (finalFiles run) final "the final model")
    }

let private places =
    test "a folder that cannot be written, or that another process writes, is one clear error" {
        withTiny (fun folder ->
            File.WriteAllText(Path.Combine(folder, "file"), "")

            for output in [ "file"; "file/run"; "/proc/run" ] do
                expectErrorAfterLog "--output" (teach folder 6 output)

            let run, _ = almostFinished folder
            use _ = RunDirectory.Create(run, true).Lock()
            expectErrorAfterLog "another process is writing this run" (again folder []))
    }

[<Tests>]
let tests =
    testList
        "Resume"
        [
            killed "teach" 12 teach
            killed "lori" 8 distill
            killed "sim-cot on codi" 2 (simCot false)
            killed "sim-cot on coconut" 2 (simCot true)
            signalled
            finished
            changed
            damaged
            full
            places
        ]
