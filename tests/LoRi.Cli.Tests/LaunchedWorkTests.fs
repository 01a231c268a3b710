/// Work that is no run, dealt out under mpirun: a subspace that is fitted, and the cells of an experiment.
module LoRi.Cli.Tests.LaunchedWorkTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Disk
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.Launching

let private equalSubspaces family =
    test "a subspace has the same bytes on 1, 2 and 4 ranks" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            succeed (
                lori
                    [
                        "trajectories"
                        "--model"
                        path "model"
                        "--data"
                        path "data.jsonl"
                        "--output"
                        path "states.safetensors"
                        "--answer-prefix"
                        "So"
                    ]
            )

            // Of a file that is named twice ranks have one size to agree on.
            let twice = [ "--kind"; "gradient"; "--gradients"; path "states.safetensors" ]

            for reading in [ []; [ "--low-memory" ]; twice ] do
                let fit output =
                    [
                        yield! [ "subspace"; "fit"; "--trajectories"; path "states.safetensors" ]
                        yield! [ "--output"; path output; "--threads"; "1"; "--json" ]
                        yield! reading
                    ]

                let alone = loriJson (fit "alone.safetensors")
                let written = ContentHash.OfFile(path "alone.safetensors")

                for size in [ 1; 2; 4 ] do
                    let output = $"on-{size}.safetensors"
                    let outcome = loriOn family size (fit output)
                    succeed outcome
                    Expect.equal (JsonDocument.Parse(outcome.Out).RootElement.GetRawText()) (alone.GetRawText()) "told"
                    Expect.equal (ContentHash.OfFile(path output)) written $"{size} ranks, {reading}")
    }

/// What a line of results says that is no time, memory or machine.
let private result (line: string) =
    let timed =
        set
            [
                "training_seconds"
                "seconds"
                "operations"
                "peak_memory_bytes"
                "latency_ms"
                "started"
                "last"
            ]

    let values (element: JsonElement) (left: string -> bool) =
        [
            for one in element.EnumerateObject() do
                if not (left one.Name) then
                    one.Name, one.Value.GetRawText()
        ]

    let cell = JsonDocument.Parse(line).RootElement

    values cell timed.Contains,
    values (cell.GetProperty "last") (fun name -> name.Contains "second" || name.Contains "memory")

let private experiment family =
    test "cells are dealt out, and have the results of one process" {
        inFolder (fun folder ->
            TinyMatrix.write folder ignore |> ignore

            let line output =
                [
                    "experiment"
                    "run"
                    folder + "/matrix.json"
                    "--output"
                    Path.Combine(folder, output)
                ]

            succeed (lori (line "alone"))
            let outcome = loriOn family 2 (line "out")
            succeed outcome
            Expect.stringStarts outcome.Out "8 cells finished in " "one process tells the end"

            let told =
                outcome.Error.Split '\n' |> Array.filter _.Contains(" % in ") |> List.ofArray

            Expect.equal told.Length 8 outcome.Error

            for line in told do
                Expect.isTrue (line.StartsWith "rank 0: " || line.StartsWith "rank 1: ") $"who: {line}"

            Expect.equal (told |> List.countBy (fun line -> line.Substring(0, 6)) |> List.length) 2 "both have worked"

            let results output =
                File.ReadAllLines(Path.Combine(folder, output, "results.jsonl"))

            Expect.equal
                [ for line in results "out" -> result line ]
                [ for line in results "alone" -> result line ]
                "results"

            let again = loriOn family 2 (line "out" @ [ "--json" ])
            succeed again
            let found = JsonDocument.Parse(again.Out).RootElement

            Expect.equal
                [
                    for name in [ "finished"; "finished_before"; "failed"; "left" ] ->
                        found.GetProperty(name).GetInt32()
                ]
                [ 0; 8; 0; 0 ]
                "nothing is run twice")
    }

let private failing =
    test "a cell that fails on one rank ends no other, and is not tried by the others" {
        inFolder (fun folder ->
            TinyMatrix.write folder (fun json ->
                json
                |> TinyMatrix.part "teachers"
                |> TinyMatrix.setting "broken" """{ "steps": 3, "batch_size": 8, "learning_rate": 1e30 }"""

                json
                |> TinyMatrix.part "methods"
                |> TinyMatrix.part "shuffled"
                |> TinyMatrix.setting "teacher" "\"broken\"")
            |> ignore

            let outcome =
                loriOn families.Head 2 [ "experiment"; "run"; folder + "/matrix.json"; "--output"; folder + "/out" ]

            Expect.equal outcome.Code 1 outcome.Error
            Expect.equal (TinyMatrix.cells folder).Length 6 "two teachers and four students"
            Expect.equal (TinyMatrix.lines folder).Length 6 "their results"

            let count (text: string) =
                outcome.Error.Split '\n' |> Array.filter _.Contains(text) |> Array.length

            Expect.equal (count "stopped at step") 2 $"each broken teacher is tried once: {outcome.Error}"
            Expect.equal (count "its teacher ") 2 "and its student is not"
            Expect.equal (count "lori: error: ") 1 "one line at the end"
            Expect.stringContains outcome.Error "4 cells failed" "the end")
    }

[<Tests>]
let tests =
    testList
        "Launched"
        [
            testList
                "work that is no run"
                [
                    for family in families do
                        testList family.Name [ equalSubspaces family; experiment family ]
                    failing
                ]
        ]
    |> testSequenced
