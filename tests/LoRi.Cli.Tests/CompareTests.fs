/// `lori compare` on folders as `lori evaluate` and `lori demo` write them.
module LoRi.Cli.Tests.CompareTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

/// An evaluation of a run of method `lori`; `right` and `strict` have one mark a question.
let private evaluation (folder: string) (seed: int) (run: string) (dataset: string) (right: string) (strict: string) =
    Directory.CreateDirectory folder |> ignore
    let correct = right |> Seq.filter ((=) '1') |> Seq.length

    File.WriteAllText(
        Path.Combine(folder, "evaluation.json"),
        $"""{{"dataset": "{dataset}", "method": "lori", "seed": {seed}, "accuracy": {float correct / float right.Length}, "run": {run}}}"""
    )

    File.WriteAllLines(
        Path.Combine(folder, "predictions.jsonl"),
        [
            for i in 0 .. right.Length - 1 ->
                JsonSerializer.Serialize
                    {|
                        id = $"{dataset}:{i}"
                        question = $"question {i}"
                        correct = (right[i] = '1')
                        correct_strict = (strict[i] = '1')
                    |}
        ]
    )

let private svd = [ "11110"; "11100"; "11111" ]
let private random = [ "10110"; "00100"; "01101" ]

/// Three seeds of two settings of one method; the settings differ in config.json where `recorded`, else in the folders alone.
let private study (folder: string) recorded =
    [
        for name, answers in [ "svd", svd; "random", random ] do
            for seed, right in List.indexed answers do
                let path = Path.Combine(folder, $"lori-{name}-{seed}")

                let run =
                    if recorded then
                        $$"""{"command": "distill", "seed": {{seed}}, "output": "{{path}}", "teacher": "runs/teacher-{{seed}}", "subspace_kind": "{{name}}", "steps": 9}"""
                    else
                        "null"

                evaluation path seed run "test.jsonl" right "11111"
                path
    ]

let private groups (result: JsonElement) =
    [
        for group in result.GetProperty("groups").EnumerateArray() ->
            text "label" group, group.GetProperty("seeds").GetArrayLength()
    ]

let private pairs (result: JsonElement) =
    List.ofSeq (result.GetProperty("pairs").EnumerateArray())

let private number (name: string) (element: JsonElement) = element.GetProperty(name).GetDouble()

let private seeds =
    [
        for recorded, labels in
            [
                true, [ "lori (subspace_kind=svd)"; "lori (subspace_kind=random)" ]
                false, [ "lori (lori-svd)"; "lori (lori-random)" ]
            ] do
            test $"two settings of one method over three seeds, settings recorded: {recorded}" {
                inFolder (fun folder ->
                    let result = loriJson ("compare" :: study folder recorded @ [ "--json" ])
                    Expect.equal (groups result) [ for label in labels -> label, 3 ] "groups"
                    let pair = List.exactlyOne (pairs result)
                    Expect.equal (pair.GetProperty("seeds").GetInt32()) 3 "seeds"
                    Expect.equal (pair.GetProperty("questions").GetInt32()) 5 "questions"
                    // Differences 0.2, 0.4 and 0.4: mean 1/3, deviation 0.11547, so that t = 5 and p = 2 P(t(2) > 5).
                    Expect.floatClose Accuracy.high (number "t" pair) 5.0 "t"
                    Expect.floatClose Accuracy.medium (number "t_p" pair) 0.0377496 "p"
                    Expect.equal (number "p" pair) (number "t_p" pair) "the t-test decides"
                    Expect.equal (number "mcnemar_only_first" pair) 5.0 "only the first, over all seeds"
                    Expect.floatClose Accuracy.high (number "mcnemar_exact_p" pair) (2.0 / 32.0) "exact p"
                    Expect.equal (pair.GetProperty("bootstrap_ci95").GetArrayLength()) 2 "interval"
                    let first = Seq.head (result.GetProperty("groups").EnumerateArray())
                    Expect.equal (first.GetProperty("examples").GetInt32()) 15 "rows of all seeds"
                    Expect.equal (first.GetProperty("disagreements").GetInt32()) 3 "disagreements of all seeds")
            }
        test "one right answer more under each of two seeds is left to McNemar" {
            inFolder (fun folder ->
                let answers right = String('1', right).PadRight(50, '0')

                let folders =
                    [
                        for name, counts in [ "ours", [ 26; 31 ]; "control", [ 25; 30 ] ] do
                            for seed, right in List.indexed counts do
                                let path = Path.Combine(folder, $"{name}-{seed}")
                                evaluation path seed "null" "test.jsonl" (answers right) (answers right)
                                path
                    ]

                let arguments =
                    [
                        "compare"
                        $"ours={folders[0]},{folders[1]}"
                        $"control={folders[2]},{folders[3]}"
                    ]

                let pair = List.exactlyOne (pairs (loriJson (arguments @ [ "--json" ])))
                Expect.floatClose Accuracy.high (number "mcnemar_exact_p" pair) 0.5 "two questions"

                for key in [ "t"; "t_p"; "t_holm_p" ] do
                    Expect.equal (pair.GetProperty(key).ValueKind) JsonValueKind.Null key

                Expect.equal (number "p" pair) (number "mcnemar_exact_p" pair) "McNemar decides"
                Expect.equal (number "holm_p" pair) (number "p" pair) "one pair only"
                let outcome = lori arguments
                Expect.isFalse (outcome.Out.Contains "<0.0001") "no certainty"
                Expect.stringContains outcome.Out "McNemar's p decides there" "note")
        }
        test "names of one's own, and folders that have the mark in their names" {
            inFolder (fun folder ->
                let folders = study folder false
                let list = String.concat ","

                let result =
                    loriJson
                        [
                            "compare"
                            $"ours={list folders[..2]}"
                            $"a control={list folders[3..]}"
                            "--json"
                        ]

                Expect.equal (groups result) [ "ours", 3; "a control", 3 ] "groups"
                let odd = Path.Combine(folder, "rate=0.1")
                Directory.Move(folders[0], odd)
                let result = loriJson [ "compare"; odd; $"other={folders[3]}"; "--json" ]
                Expect.equal (groups result) [ "lori", 1; "other", 1 ] "a folder that is there is a folder")
        }
        test "the table has rows, disagreements, questions and all three tests" {
            inFolder (fun folder ->
                let outcome = lori ("compare" :: study folder true)
                Expect.equal outcome.Code Success outcome.Error

                for heading in [ "rows"; "rules disagree"; "questions"; "95 % interval"; "McNemar"; "t-test" ] do
                    Expect.stringContains outcome.Out heading heading

                let line = outcome.Out.Split('\n') |> Array.find _.Contains("test.jsonl ")
                let cells = line.Split('│') |> Array.map _.Trim() |> Array.filter ((<>) "")
                Expect.equal cells[3..] [| "15"; "80.0"; "3" |] "rows, accuracy, disagreements")
        }
        test "each data set is compared by itself" {
            inFolder (fun folder ->
                let all =
                    [
                        for dataset in [ "gsm8k.jsonl"; "svamp.json" ] do
                            for kind in [ "a"; "b" ] do
                                let path = Path.Combine(folder, $"{kind}-{dataset}")

                                evaluation
                                    path
                                    0
                                    $$"""{"command": "distill", "order": "{{kind}}"}"""
                                    dataset
                                    "101"
                                    "101"

                                path
                    ]

                let result = loriJson ("compare" :: all @ [ "--json" ])

                Expect.equal
                    [ for p in pairs result -> text "dataset" p, text "first" p, text "second" p ]
                    [
                        "gsm8k.jsonl", "lori (order=a)", "lori (order=b)"
                        "svamp.json", "lori (order=a)", "lori (order=b)"
                    ]
                    "pairs")
        }
        test "a single folder, a folder named twice and other questions are refused" {
            inFolder (fun folder ->
                let folders = study folder true
                expectError Failed "no two methods or settings to compare" [ "compare"; folders[0] ]
                expectError Failed "is named twice" [ "compare"; folders[0]; $"x={folders[0]}" ]
                expectError Failed "must be NAME=FOLDER,FOLDER" [ "compare"; $"={folders[0]}" ]
                expectError Failed "there is no such label" ("compare" :: folders @ [ "--baseline"; "no" ])
                expectError Failed "stands for seed 0 twice" [ "compare"; $"x={folders[0]},{folders[3]}"; folders[1] ]
                let rows = Path.Combine(folders[3], "predictions.jsonl")
                File.WriteAllText(rows, File.ReadAllText(rows).Replace("question 2", "another question"))
                expectError Failed "1 of these are missing there" [ "compare"; folders[0]; folders[3] ])
        }
    ]

let private demo (path: string) (setting: string) (rows: (string * int * string) list) =
    Directory.CreateDirectory path |> ignore

    let row (method, seed, right: string) =
        let correct = right |> Seq.filter ((=) '1') |> Seq.length

        $"""{{"method": "{method}", "seed": {seed}, "examples": {right.Length}, "correct": {correct}, "accuracy": {float correct / float right.Length}, "right": "{right}"}}"""

    File.WriteAllText(
        Path.Combine(path, "demo.json"),
        $"""{{"setting": "{setting}", "dataset": "chains", "rows": [{rows |> List.map row |> String.concat ", "}]}}"""
    )

let private demonstrations =
    [
        test "two demonstrations have bootstrap, McNemar and t-test, within and across" {
            inFolder (fun folder ->
                let first, second = Path.Combine(folder, "d1"), Path.Combine(folder, "d2")
                demo first "one" [ "lori", 0, "1111"; "lori", 1, "1101"; "codi", 0, "1000"; "codi", 1, "0001" ]
                demo second "half" [ "lori", 0, "1110"; "lori", 1, "0001"; "codi", 0, "0000"; "codi", 1, "0011" ]
                let found = pairs (loriJson [ "compare"; first; second; "--json" ])
                Expect.hasLength found 4 "two within, two across"

                for pair in found do
                    for key in
                        [
                            "bootstrap_ci95"
                            "mcnemar_exact_p"
                            "mcnemar_holm_p"
                            "t_p"
                            "t_holm_p"
                            "holm_p"
                        ] do
                        Expect.notEqual (pair.GetProperty(key).ValueKind) JsonValueKind.Null $"{key}, {pair}"

                let outcome = lori [ "compare"; first; second; "--baseline"; "lori (half)" ]
                Expect.stringContains outcome.Out "one rule only" "no second rule"
                Expect.stringContains outcome.Out "codi (half)" "within")
        }
        test "a row whose marks are not as many as its questions is refused" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "d")
                demo path "one" [ "lori", 0, "11"; "codi", 0, "10" ]
                let file = Path.Combine(path, "demo.json")
                File.WriteAllText(file, File.ReadAllText(file).Replace("\"examples\": 2", "\"examples\": 3"))
                expectError Failed "demo.json: lori with seed 0 needs one mark 0 or 1" [ "compare"; path ])
        }
        test "demonstrations of older versions are compared over seeds alone" {
            inFolder (fun folder ->
                let path = Path.Combine(folder, "d")
                demo path "one" [ "lori", 0, "11"; "codi", 0, "10"; "lori", 1, "11"; "codi", 1, "10" ]
                let file = Path.Combine(path, "demo.json")

                let old =
                    Text.RegularExpressions.Regex.Replace(
                        File.ReadAllText file,
                        ", \"(right|dataset)\": \"[^\"]*\"",
                        ""
                    )

                File.WriteAllText(file, old)
                let pair = List.exactlyOne (pairs (loriJson [ "compare"; path; "--json" ]))
                Expect.equal (pair.GetProperty("questions").GetInt32()) 0 "no single answers"
                Expect.equal (pair.GetProperty("mcnemar_exact_p").ValueKind) JsonValueKind.Null "no McNemar")
        }
    ]

[<Tests>]
let tests = testList "Compare" (seeds @ demonstrations)
