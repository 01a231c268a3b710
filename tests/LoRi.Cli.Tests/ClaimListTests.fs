/// The claims of several experiments in one table, from their folders or from what was written of them.
module LoRi.Cli.Tests.ClaimListTests

open System
open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyMatrix

let private markdown (places: string list) =
    (succeeded (lori ([ "experiment"; "claims" ] @ places @ [ "--form"; "markdown" ]))).Out

/// The rows of a Markdown text's tables, without their heads.
let private rows (text: string) =
    [
        for line in text.Split '\n' do
            let cells = line.Split '|' |> Array.map _.Trim()

            if cells.Length > 2 && cells[0] = "" && not (cells[1].StartsWith "---") then
                String.Join(" | ", cells[1 .. cells.Length - 2])
    ]

let private ofFolders =
    test "an experiment's folder and the file of its table tell the same, the experiment's name apart" {
        inFolder (fun folder ->
            write folder ignore |> ignore
            succeeded (run folder [ "--only"; "*seed-1" ]) |> ignore
            let out, kept = folder + "/out", folder + "/kept.json"

            [ "experiment"; "table"; out; "--claims"; "--form"; "json"; "--output"; kept ]
            |> lori
            |> succeeded
            |> ignore

            let both = rows (markdown [ out; kept ])

            let ofOne (name: string) =
                both
                |> List.filter (fun row -> row.StartsWith(name + " | "))
                |> List.map _.Substring(name.Length + 3)

            Expect.equal (ofOne "out") (ofOne "kept") "the same rows"

            Expect.isMatch
                (ofOne "out").Head
                @"^C2 \| it lifts \| all, above 5 \| out: teachers \(plain\) answer \d+\.\d % \| - \| - \| undecided \| before$"
                "a teacher of three steps"

            Expect.isMatch (List.last (ofOne "out")) @"^4 \| 8 \| 0\.0$" "cells and hours"
            Expect.stringContains (succeeded (lori [ "experiment"; "claims"; out ])).Out "it lifts" "on the screen"
            let json = loriJson [ "experiment"; "claims"; out; "--form"; "json" ]
            Expect.equal (text "verdict" (json.GetProperty("claims")[0])) "undecided" "as JSON")
    }

/// What a table says of claims, as JSON: a claim for each name, with its comparisons.
let private written (claims: (string * string) list) =
    let claim (name: string, comparisons: string) =
        $"""{{"id": "{name}", "says": "it | lifts", "metric": "accuracy@longest", "test": "paired-t", "margin": 0.05,
             "verdict": "confirmed", "registration": "registered after 3 of its cells were finished", "comparisons": [{comparisons}]}}"""

    $"""{{"cells": 4, "finished": 3, "hours": 1.26, "claims": [{String.Join(", ", List.map claim claims)}]}}"""

let private comparison (effect: float) (p: string) (verdict: string) =
    $"""{{"seeds": 5, "effect": {effect}, "low": {effect - 0.01}, "high": {effect + 0.01}, "holm_p": {p}, "verdict": "{verdict}"}}"""

let private ordered =
    test "claims on one question stand together, and several comparisons in one row" {
        inFolder (fun folder ->
            let one =
                written
                    [
                        "parts", comparison 0.5 "0.04" "confirmed"
                        "C10-a", comparison 0.5 "0.04" "confirmed"
                        "C2", comparison 0.5 "1.6e-7" "confirmed" + ", " + comparison -0.25 "0.5" "refuted"
                    ]
                |> file folder "one.json"

            let two =
                file
                    folder
                    "two.json"
                    (written [ "C2-b", """{"seeds": 0, "verdict": "undecided", "note": "no cells yet"}""" ])

            let mark = "confirmed | after 3"

            Expect.equal
                (rows (markdown [ one; two ])
                 |> List.filter (fun row -> row.StartsWith "one" || row.StartsWith "two"))
                [
                    $@"one | C2 | it \ | lifts | longest, above 5 | -25.0 to +50.0; 1 of 2 confirmed, 1 of 2 refuted | 5 | at most 0.5 | {mark}"
                    $@"two | C2-b | it \ | lifts | longest, above 5 | no cells yet | - | - | {mark}"
                    $@"one | C10-a | it \ | lifts | longest, above 5 | +50.0 (49.0 to 51.0) | 5 | 0.04 | {mark}"
                    $@"one | parts | it \ | lifts | longest, above 5 | +50.0 (49.0 to 51.0) | 5 | 0.04 | {mark}"
                    "one | 3 | 4 | 1.3"
                    "two | 3 | 4 | 1.3"
                ]
                "rows")
    }

let private refused =
    test "what tells of no claims is refused by name" {
        inFolder (fun folder ->
            let wrong (text: string) (says: string) =
                let path = file folder "wrong.json" text
                expectError Failed $"{path}: " [ "experiment"; "claims"; path ]
                expectError Failed says [ "experiment"; "claims"; path ]

            wrong "{" "is not valid JSON"
            wrong "null" "holds null"
            wrong """{"cells": 1, "finished": 1}""" "claims"
            wrong (written []) "tells of no claim"

            wrong
                ((written [ "C2", "" ]).Replace("\"confirmed\"", "\"true\""))
                "has the verdict \"true\", which is none"

            wrong ((written [ "C2", "" ]).Replace("\"it | lifts\"", "null")) "null"
            wrong (written [ "C2", "null" ]) "null"
            expectError Failed folder [ "experiment"; "claims"; folder ]
            expectError Failed "none.json" [ "experiment"; "claims"; folder + "/none.json" ]
            expectError BadUsage "name the folders of experiments" [ "experiment"; "claims" ])
    }

let private results =
    test "the table of bench/results/evidence.md is that of the results beside it" {
        match goldenFolder.Value with
        | None -> skiptest "the source tree is not here"
        | Some golden ->
            let results = Path.GetFullPath(Path.Combine(golden, "../../../bench/results"))

            let tables =
                Directory.GetFiles(results + "/evidence", "*.json")
                |> Array.sortWith (fun one two -> String.CompareOrdinal(one, two))
                |> List.ofArray

            let page = rows (File.ReadAllText(results + "/evidence.md")) |> Set.ofList
            let missing = rows (markdown tables) |> List.filter (page.Contains >> not)
            Expect.isEmpty missing "rows that the page does not have"
    }

[<Tests>]
let tests =
    testList "Claims of experiments" [ ofFolders; ordered; refused; results ]
