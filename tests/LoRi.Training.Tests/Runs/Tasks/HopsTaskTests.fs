/// Deductions: what is asked for follows from the rules, and questions are built as those of ProntoQA.
module LoRi.Training.Tests.HopsTaskTests

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open LoRi.Runs.Tasks

/// A question of deductions, taken apart: rules from category to category, rules about properties, what the thing is, what is asked.
type private Deduction =
    {
        Categories: (string * string) list
        Properties: (string * (string * bool)) list
        Facts: string list
        Asked: string * bool
    }

let private signed (words: string list) =
    match words with
    | [ "!"; property ] -> property, false
    | [ property ] -> property, true
    | _ -> failtest $"no property: {words}"

let private deduction (row: TaskRow) =
    let words = List.ofSeq row.Question
    let mark = List.findIndex ((=) "?") words

    let sentences =
        String.Join(" ", List.take mark words).Split(" ;", StringSplitOptions.RemoveEmptyEntries)
        |> Array.map (fun sentence -> sentence.Trim().Split ' ' |> List.ofArray)
        |> List.ofArray

    let isCategory (word: string) = Char.IsDigit word[0]

    {
        Categories =
            [
                for sentence in sentences do
                    match sentence with
                    | [ from; into ] when isCategory from && isCategory into -> from, into
                    | _ -> ()
            ]
        Properties =
            [
                for sentence in sentences do
                    match sentence with
                    | from :: rest when isCategory from && not (isCategory (List.last rest)) -> from, signed rest
                    | _ -> ()
            ]
        Facts =
            [
                for sentence in sentences do
                    match sentence with
                    | [ "x"; category ] -> category
                    | _ -> ()
            ]
        Asked = signed (List.skip (mark + 2) words)
    }

/// What follows from some categories.
let rec private following (rules: (string * string) list) (known: Set<string>) =
    let more =
        set
            [
                for from, into in rules do
                    if known.Contains from then
                        into
            ]

    if Set.isSubset more known then
        known
    else
        following rules (Set.union known more)

let private deductions =
    testList
        "Deductions"
        [
            test "what the thing is leads by the chain to its answer, and to nothing else about the property" {
                for row in HopsTask(5).Training(300, 2L) do
                    let found = deduction row
                    let known = following found.Categories (set found.Facts)
                    let property, asked = found.Asked

                    let said =
                        [
                            for category, (name, holds) in found.Properties do
                                if name = property && known.Contains category then
                                    holds
                        ]

                    Expect.equal said.Length 1 $"one thing follows about {property}: {row.QuestionText}"
                    Expect.equal row.AnswerText (if said.Head = asked then "True" else "False") row.QuestionText
                    let hops = int row.Stratum
                    Expect.equal row.Steps.Count (hops + 1) "steps"
                    let steps = [ for step in row.Steps -> List.ofSeq (Seq.skip 1 step) ]
                    let way = List.collect id (List.take hops steps)
                    Expect.contains found.Facts way.Head "it begins with what the thing is"

                    for rule in List.pairwise way do
                        Expect.contains found.Categories rule "a rule"

                    Expect.contains found.Properties (List.last way, signed (List.last steps)) "the last rule"
            }
            test "answers, signs of the property and the order of facts are even" {
                let rows = List.ofSeq (HopsTask(3).Training(2_000, 7L))

                let share (what: TaskRow -> bool) =
                    float (List.length (List.filter what rows)) / 2_000.0

                let even name what =
                    Expect.floatClose { absolute = 0.045; relative = 0.0 } (share what) 0.5 name

                even "answers" (fun row -> row.AnswerText = "True")
                even "what is asked" (fun row -> snd (deduction row).Asked)
                even "what holds" (fun row -> Seq.length (Seq.last row.Steps) = 2)
                even "facts" (fun row -> (deduction row).Facts.Head = Seq.last row.Steps[0])
            }
        ]

/// Rules from category to category, rules about properties, facts and steps of a question of ProntoQA.
let private published (row: JsonElement) =
    let text (name: string) =
        nonNull (row.GetProperty(name).GetString())

    let question = text "question"

    let facts, rules =
        question.Substring(0, question.IndexOf("True or false:", StringComparison.Ordinal)).Split('.')
        |> Array.map _.Trim()
        |> Array.filter (fun sentence -> sentence.Length > 0)
        |> Array.partition (fun sentence -> Regex.IsMatch(sentence, @"^(?!Each|Every)[A-Z][a-z]+ is an? \w+pus$"))

    let categories, properties =
        rules
        |> Array.partition (fun sentence -> Regex.IsMatch(sentence, @"(is an?|are) \w+pus(es)?$"))

    categories.Length, properties.Length, facts.Length, row.GetProperty("steps").GetArrayLength()

let private asPublished =
    SharedFiles.fixtureTests "Published deductions" (fun () ->
        [
            for path in Directory.GetFiles(SharedFiles.path "data/prontoqa", "*.json") do
                test $"{Path.GetFileName path}: questions have as many rules, facts and steps as those made here" {
                    use json = JsonDocument.Parse(File.ReadAllText path)

                    for hops, rows in
                        json.RootElement.EnumerateArray()
                        |> Seq.groupBy (fun row -> row.GetProperty("chain_concepts").GetArrayLength()) do
                        let made =
                            [
                                for row in HopsTask(hops).Training(200, 1L) do
                                    if row.Stratum = string hops then
                                        let found = deduction row

                                        found.Categories.Length,
                                        found.Properties.Length,
                                        found.Facts.Length,
                                        row.Steps.Count
                            ]

                        Expect.equal
                            (List.distinct made)
                            (rows |> Seq.map published |> Seq.distinct |> List.ofSeq)
                            path
                }
        ])

[<Tests>]
let tests = testList "Deduction task" [ deductions; asPublished ]
