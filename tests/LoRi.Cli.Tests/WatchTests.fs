/// Runs that are lost, runs that are only estimated, and how a run is shown.
module LoRi.Cli.Tests.WatchTests

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Runs.RunFolders

let private stops (text: string) arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code Failed outcome.Error
    let last = outcome.Error.TrimEnd('\n').Split('\n') |> Array.last
    Expect.stringStarts last "lori: error: " "an error"
    Expect.stringContains last text "what and when"
    last

let private lost =
    [
        test "a loss that is not a number stops the run at its step" {
            withTiny (fun folder ->
                let wild = [ "--clip"; "0"; "--warmup-steps"; "0" ]

                let line =
                    teach folder 12 "run" @ wild
                    |> TinyEvaluation.withOption "--learning-rate" "1e30"
                    |> stops "stopped at step "

                Expect.stringContains line "the loss is " line
                let metrics = File.ReadAllLines(Path.Combine(folder, "run", "metrics.jsonl"))

                let step =
                    JsonDocument.Parse(Array.last metrics).RootElement.GetProperty("step").GetInt32()

                Expect.stringContains line $"stopped at step {step}: " "metrics hold the step")
        }
        test "a loss that grows stops the run and names a checkpoint from before" {
            withTiny (fun folder ->
                let options = [ "--checkpoint-every"; "1"; "--divergence-factor" ]
                // The loss of a random model over 15 words is about 2.7 nats: above 1 from the beginning.
                let line =
                    teach folder 40 "run" @ options @ [ "1e-6" ]
                    |> stops "stopped at step 20: the loss diverges"

                Expect.stringContains line "no checkpoint from before that is kept" line
                succeed (lori (teach folder 25 "other" @ options @ [ "0" ])))
        }
        test "latents that collapse stop the run and name the last good checkpoint" {
            withTiny (fun folder ->
                let options every =
                    [ "--checkpoint-every"; every; "--collapse-threshold" ]
                // No spread reaches 1: every latent seems collapsed, from the first measurement after step 10 on.
                let run name every =
                    distill folder 60 name @ options every @ [ "0.999999" ]
                    |> stops "stopped at step 50: the latents have collapsed"

                let line = run "run" "9"
                Expect.stringContains line "the last good checkpoint is" line
                Expect.stringContains line "step-000009; begin again" line
                let line = run "late" "11"
                Expect.stringContains line "no checkpoint from before that is kept" line
                succeed (lori (distill folder 60 "other" @ options "9" @ [ "0" ])))
        }
    ]

/// CRC-32C bit by bit, from its polynomial.
let private sum (bytes: byte[]) =
    let mutable value = UInt32.MaxValue

    for one in bytes do
        value <- value ^^^ uint32 one

        for _ in 1..8 do
            value <-
                if value &&& 1u = 1u then
                    (value >>> 1) ^^^ 0x82F63B78u
                else
                    value >>> 1

    ~~~value

/// How records carry it.
let private masked bytes =
    let value = sum bytes
    ((value >>> 15) ||| (value <<< 17)) + 0xa282ead8u

/// The events of a file, every record checked.
let private events (path: string) =
    use reader = new BinaryReader(File.OpenRead path)

    [
        while reader.BaseStream.Position < reader.BaseStream.Length do
            let length = reader.ReadBytes 8
            Expect.equal (reader.ReadUInt32()) (masked length) "checksum of the length"
            let content = reader.ReadBytes(int (BitConverter.ToUInt64(length, 0)))
            Expect.equal (reader.ReadUInt32()) (masked content) "checksum of the record"
            Tensorboard.Event.Parser.ParseFrom content
    ]

let private board =
    [
        test "the checksum is CRC-32C" {
            Expect.equal (sum "123456789"B) 0xE3069283u "the check value of the catalogue"
        }
        test "the event file holds every row of the metrics once, also after a resume" {
            withTiny (fun folder ->
                let run = Path.Combine(folder, "run")
                let command = teach folder 12 "run" @ [ "--checkpoint-every"; "4" ]
                succeed (lori command)
                Directory.Delete(Path.Combine(run, "final"), true)
                Directory.Delete(Path.Combine(run, "checkpoints", "step-000012"), true)
                succeed (lori (command @ [ "--resume" ]))
                let files = Directory.GetFiles(Path.Combine(run, "tensorboard"))
                Expect.hasLength files 1 "one file"
                Expect.stringContains files[0] "events.out.tfevents." "its name"
                let found = events files[0]
                Expect.equal found[0].FileVersion "brain.Event:2" "the first record"

                let expected =
                    [
                        for line in File.ReadAllLines(Path.Combine(run, "metrics.jsonl")) do
                            let row = JsonDocument.Parse(line).RootElement

                            for value in row.EnumerateObject() do
                                if value.Name <> "step" && value.Name <> "seconds" then
                                    row.GetProperty("step").GetInt64(), value.Name, float32 (value.Value.GetDouble())
                    ]

                let curves =
                    [
                        for one in List.tail found do
                            for value in one.Summary.Value do
                                one.Step, value.Tag, value.SimpleValue
                    ]

                Expect.equal curves expected "curves"
                let times = [ for one in found -> one.WallTime ]
                Expect.equal times (List.sort times) "times go up"
                let age = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - int64 times[0]
                Expect.isTrue (age >= 0L && age < 600L) "seconds since 1970")
        }
    ]

let private estimates =
    [
        for name, command in [ "teach", teach; "distill", distill ] ->
            test $"a dry run of {name} estimates and writes nothing" {
                withTiny (fun folder ->
                    let before =
                        Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)

                    let outcome = lori (command folder 50 "run" @ [ "--dry-run" ])
                    Expect.equal outcome.Code Success outcome.Error

                    for part in
                        [
                            "steps: 50 of 4 rows, 5 passes over 40 rows, 2 of them warm-up"
                            "tokens: "
                            "s a step, measured over 3 steps"
                            "memory: "
                            " MiB at the peak, measured over 4 steps (weights "
                            " MiB are free, so that it fits; a checkpoint takes "
                            "dry run: nothing was written"
                        ] do
                        Expect.stringContains outcome.Error part "estimates"

                    let memory =
                        outcome.Error.Split('\n')
                        |> Array.filter _.Contains("memory", StringComparison.OrdinalIgnoreCase)

                    Expect.hasLength memory 1 "one answer to whether it fits"

                    Expect.equal
                        (outcome.Error.Contains "teacher: about ")
                        (name = "distill")
                        "the teacher's pass is estimated where there is one"

                    let after = Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)
                    Expect.equal after before "files")
            }
    ]

let private shown =
    test "a terminal shows rate, remaining time and loss terms, and lines above them" {
        use out = new StringWriter()
        let terms = Dictionary<string, float>()
        terms["task"] <- 1.25
        terms["mean"] <- 0.5

        let result =
            ProgressScreen.onTerminal out (fun () -> 140) (fun screen ->
                screen.Line "40 rows [read]"
                screen.StepLine "not shown"
                screen.Progress(RunProgress(30, 120, 1.75, terms, 4.0, 1000.0, TimeSpan.FromSeconds 3725.0))
                7)

        Expect.equal result 7 "what the work gave"
        let text = out.ToString()

        for part in
            [
                "40 rows [read]"
                "30/120"
                "4 steps/s"
                "1000 tokens/s"
                "1:02:05 left"
                "loss 1.75"
                "task 1.25"
                "mean 0.5"
            ] do
            Expect.stringContains text part "shown"

        Expect.isFalse (text.Contains "not shown") "steps are shown by the moving line"
    }

/// A trial on a few rows is no cache of all rows.
let private beside =
    test "a dry run leaves a teacher cache that is named as it is, be it there or not" {
        withTiny (fun folder ->
            let cache = Path.Combine(folder, "cache")

            let named run =
                distill folder 4 run @ [ "--teacher-cache"; cache ]

            let estimated () =
                let outcome = lori (named "dry" @ [ "--dry-run" ])
                Expect.equal outcome.Code Success outcome.Error

            estimated ()
            Expect.isFalse (Directory.Exists cache) "none is made"
            let made = lori (named "run")
            Expect.equal made.Code Success made.Error

            let contents () =
                [
                    for file in Directory.GetFiles(cache, "*", SearchOption.AllDirectories) |> Array.sort ->
                        file, File.ReadAllBytes file
                ]

            let before = contents ()
            estimated ()
            Expect.equal (contents ()) before "the one that is there")
    }

[<Tests>]
let tests = testList "Watch" (lost @ board @ estimates @ [ shown; beside ])
