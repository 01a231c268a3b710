/// The page of an experiment, from made-up cells, read as text and in a browser.
module LoRi.Training.Tests.ExperimentPageTests

open System.Text.Json.Nodes
open System.Text.RegularExpressions
open Expecto
open LoRi.Files.Settings
open LoRi.Runs.Experiments
open LoRi.Training.Tests.MadeUpCells

/// The matrix with a block whose rank is varied, of fitted and of random directions.
let private withRanks (longest: int) =
    let json =
        (nonNull (JsonNode.Parse(text longest 3 "\"contrast\": [\"lori\", \"no-cot\"]"))).AsObject()

    (nonNull json["methods"])
        .AsObject()
        .Add("floor", JsonNode.Parse """{"method": "lori", "subspace_kind": "random"}""")

    (nonNull json["blocks"])
        .AsArray()
        .Add(
            JsonNode.Parse
                """{"name": "ranks", "methods": ["lori", "floor", "no-cot"], "vary": {"hidden_rank": [1, 2, 4]}}"""
        )

    json.ToJsonString()

let private page (longest: int) =
    let mutable html = ""

    inFolder (fun path ->
        let matrix = matrix path (withRanks longest)
        let folder = ExperimentFolder path

        for cell in (cells matrix).Cells do
            let right =
                match cell.Method with
                | "teacher" -> 10
                | "no-cot" -> 2
                | "floor" -> 4
                | _ -> 8

            finish folder cell [ for length in 1..longest -> max 0 (right - length / 2) ]

        let settings =
            nonNull (JsonNode.Parse $"""{{"experiment": "{path}", "claims": true}}""")

        let values =
            ExperimentSettings.Table.Read(settings.AsObject(), SettingSource.CommandLine)

        html <- (ExperimentTable.Read values).Html())

    html

/// Headings of the pictures, each with the names of its lines.
let private pictures (html: string) =
    [
        for figure in Regex.Matches(html, "<figure.*?</figure>", RegexOptions.Singleline) ->
            let all pattern =
                [ for one in Regex.Matches(figure.Value, pattern) -> one.Groups[1].Value ]

            (all "<figcaption>(.*?)</figcaption>").Head, all "<g class='[^']*'><title>(.*?)</title>"
    ]

let private drawn =
    test "pictures show accuracy by length, time, tokens and rank, and the lift over answering at once" {
        let found = pictures (page 3)

        let lines name =
            found |> List.filter (fst >> (=) name) |> List.map snd

        Expect.equal (found |> List.map fst |> List.distinct).Length 5 "kinds of pictures"
        let all = (lines "Right answers by length").Head

        Expect.containsAll all [ "lori"; "codi"; "no-cot"; "floor"; "teacher (plain)" ] "methods and teachers by length"

        Expect.isFalse
            (List.contains "no-cot" (lines "Lift over no-cot by length").Head)
            "the lift of nothing over itself"

        Expect.contains (lines "Lift over no-cot by length").Head "lori" "lift"
        Expect.isFalse (List.contains "teacher (plain)" (lines "Right answers against training time").Head) "time"
        Expect.contains (lines "Right answers against tokens written").Head "teacher (plain)" "tokens"

        Expect.containsAll
            (lines "Right answers by hidden rank").Head
            [ "lori"; "floor, random directions"; "no-cot"; "teacher (plain)" ]
            "ranks beside their floor"
    }

let private lonely =
    test "where there is one length, nothing is drawn by length" {
        let names = pictures (page 1) |> List.map fst
        Expect.isFalse (List.exists (fun (name: string) -> name.EndsWith "by length") names) $"{names}"
    }

let private points =
    test "a method's point has a shape of its own where colours are used up" {
        let html = page 3
        Expect.stringContains html " fill='currentColor'/>" "a mark in the colour of its method"

        let marks =
            Regex.Matches(html, "<span class='key'><svg [^>]*><(circle|path)") |> Seq.length

        Expect.isGreaterThan marks 3 "marks in legends"
    }

let private shown =
    test "the page in a browser, narrow and wide, read and audited" {
        let layouts = PageTests.checkShown (page 3)
        Expect.equal layouts[1].Title "lori experiment" "title"
        PageTests.checkAudited (page 3)
    }

[<Tests>]
let tests =
    testList "Experiment page" [ drawn; lonely; points; testSequenced (testList "in a browser" [ shown ]) ]
