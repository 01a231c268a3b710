/// The claims of several experiments in one table, from their folders or from what was written of them.
module LoRi.Cli.Tests.ClaimListTests

open System
open System.IO
open System.Text.Json.Nodes
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

            Expect.isMatch (List.last (ofOne "out")) @"^4 \| 8 \| 0\.00$" "cells and hours"
            Expect.stringContains (succeeded (lori [ "experiment"; "claims"; out ])).Out "it lifts" "on the screen"
            let json = loriJson [ "experiment"; "claims"; out; "--form"; "json" ]
            let claim = json.GetProperty("claims")[0]
            Expect.equal (text "verdict" claim) "undecided" "as JSON"
            Expect.equal (claim.GetProperty("margin").GetDouble()) 0.05 "numbers are numbers")
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
                    $@"one | C2 | it \ | lifts | longest, above 5 | -25.0 to +50.0; 1 of 2 confirmed, 1 of 2 refuted | 5 | largest 0.5 | {mark}"
                    $@"two | C2-b | it \ | lifts | longest, above 5 | no cells yet | - | - | {mark}"
                    $@"one | C10-a | it \ | lifts | longest, above 5 | +50.0 (49.0 to 51.0) | 5 | 0.04 | {mark}"
                    $@"one | parts | it \ | lifts | longest, above 5 | +50.0 (49.0 to 51.0) | 5 | 0.04 | {mark}"
                    "one | 3 | 4 | 1.26"
                    "two | 3 | 4 | 1.26"
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

            let good = written [ "C2", comparison 0.5 "0.04" "confirmed" ]
            let changed (from: string) (into: string) = wrong (good.Replace(from, into))
            changed "\"it | lifts\"" "null" "says\" is null"

            changed
                "\"verdict\": \"confirmed\", \"reg"
                "\"verdict\": \"true\", \"reg"
                "has the verdict \"true\", which is none"

            changed
                "\"verdict\": \"confirmed\"}"
                "\"verdict\": \"true\"}"
                "a comparison has the verdict \"true\", which is none"

            changed "paired-t" "t" "has the test \"t\", which is none"
            changed "accuracy@longest" "accuracy@" "has the metric \"accuracy@\", which is none"
            changed "1.26" "1e999" "\"hours\" is Infinity, which must lie between 0 and 10000000"
            changed "\"finished\": 3" "\"finished\": 5" "\"finished\" is 5, which must lie between 0 and 4"
            changed "\"seeds\": 5" "\"seeds\": -1" "\"C2\": \"seeds\" is -1"
            changed "\"effect\": 0.5" "\"effect\": 50" "\"effect\" is 50, which must lie between -1 and 1"
            changed "\"low\": 0.49" "\"low\": 0.6" "\"low\" is 0.6"
            changed "0.04" "7" "\"holm_p\" is 7, which must lie between 0 and 1"
            wrong (written [ "C2", "null" ]) "has a comparison that is null"
            wrong (written [ "C2", "" ]) "has no comparison"
            wrong (good.Replace("\"claims\": [", "\"claims\": [null, ")) "a claim is null"
            wrong (written [ for _ in 1..2 -> "C2", comparison 0.5 "0.04" "confirmed" ]) "\"C2\" stands there twice"
            expectError Failed folder [ "experiment"; "claims"; folder ]
            expectError Failed "none.json" [ "experiment"; "claims"; folder + "/none.json" ]
            expectError BadUsage "name the folders of experiments" [ "experiment"; "claims" ])
    }

let private places =
    test "places of one name are refused, and no file that is read is written" {
        inFolder (fun folder ->
            let good = written [ "C2", comparison 0.5 "0.04" "confirmed" ]
            let one, dotted = file folder "one.json" good, file folder "one.v2.json" good
            Directory.CreateDirectory(folder + "/other") |> ignore
            let other = file (folder + "/other") "one.json" good
            Expect.stringContains (markdown [ one; dotted ]) "| one.v2 |" "only the ending is left out"

            for again in [ one; other ] do
                expectError Failed $"{again}: has the name one, as {one} has" [ "experiment"; "claims"; one; again ]

            expectError BadUsage "is read as well" [ "experiment"; "claims"; one; "--output"; folder + "/./one.json" ]
            Expect.equal (File.ReadAllText one) good "untouched")
    }

let private hopeless =
    test "a claim that its seeds cannot confirm is noted by plan" {
        inFolder (fun folder ->
            let planned (change: JsonObject -> unit) =
                (succeeded (lori [ "experiment"; "plan"; write folder change ])).Error

            let trend seeds json =
                json |> setting "seeds" seeds
                first "claims" json |> setting "test" "\"trend\""

            Expect.equal (planned ignore) "" "a t-test of two seeds can"

            Expect.equal
                (planned (trend "[1, 2, 3, 4]"))
                "note: the claim C2 cannot be confirmed: 4 seeds and 1 comparison give no p below 0.063, 5 seeds do\n"
                "one comparison"

            Expect.equal (planned (trend "[1, 2, 3, 4, 5]")) "" "five seeds can"

            Expect.stringContains
                (planned (fun json ->
                    trend "[1, 2, 3, 4, 5]" json
                    first "claims" json |> setting "contrast" "[\"lori\", \"no-cot\", \"shuffled\"]"))
                "5 seeds and 2 comparisons give no p below 0.063, 6 seeds do"
                "two comparisons")
    }

/// The lines of a text that are of a table.
let private tableLines (text: string) =
    text.Split '\n' |> Array.filter _.StartsWith('|') |> List.ofArray

/// The lines of a table between two marks of a page.
let private marked (page: string) (mark: string) =
    let start = page.IndexOf $"<!-- {mark} -->"
    Expect.isGreaterThanOrEqual start 0 $"the mark {mark}"
    tableLines (page.Substring(start, page.IndexOf("<!-- end -->", start) - start))

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

            let page = File.ReadAllText(results + "/evidence.md")

            Expect.sequenceEqual
                (marked page "claims" @ marked page "experiments")
                (tableLines (markdown tables))
                "the tables of the page"
    }

[<Tests>]
let tests =
    testList "Claims of experiments" [ ofFolders; ordered; refused; places; hopeless; results ]
