/// Which folders `lori compare` takes for one, how it tells data sets apart, and what it refuses to believe.
module LoRi.Cli.Tests.ComparedFolderTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

/// An evaluation of a model on data, with the hash of its questions.
let private evaluation
    (folder: string)
    (name: string)
    (methodName: string)
    (seed: int)
    (data: string)
    (hash: string)
    (right: string)
    =
    let output = Directory.CreateDirectory(Path.Combine(folder, name)).FullName
    let correct = right |> Seq.filter ((=) '1') |> Seq.length

    file
        output
        "evaluation.json"
        $$"""{"dataset": "{{Path.GetFileName data}}", "method": "{{methodName}}", "seed": {{seed}}, "accuracy": {{float correct / float right.Length}}, "examples": {{right.Length}}, "correct": {{correct}}, "run": null, "model": "models/{{Path.GetFileName name}}"}"""
    |> ignore

    file output "identity.json" $$"""{"model_sha256": "m", "questions_sha256": "{{hash}}"}"""
    |> ignore

    file output "config.json" $$"""{"data": ["{{data}}"]}""" |> ignore

    [
        for i in 0 .. right.Length - 1 ->
            JsonSerializer.Serialize
                {|
                    id = $"{hash}:{i}"
                    question = $"q {i}"
                    correct = (right[i] = '1')
                |}
    ]
    |> String.concat "\n"
    |> file output "predictions.jsonl"
    |> ignore

    output

let private labels (result: JsonElement) =
    [
        for group in result.GetProperty("groups").EnumerateArray() -> text "dataset" group, text "label" group
    ]

let private datasets =
    [
        test "data sets whose files share a name are compared apart and called by their folders" {
            inFolder (fun folder ->
                let all =
                    [
                        for set in [ "x"; "y" ] do
                            for name in [ "lori"; "codi" ] ->
                                evaluation folder $"{set}/{name}" name 0 $"/data/{set}/test.jsonl" set "1101"
                    ]

                Expect.equal
                    (labels (loriJson ("compare" :: all @ [ "--json" ])))
                    [
                        "x/test.jsonl", "lori"
                        "x/test.jsonl", "codi"
                        "y/test.jsonl", "lori"
                        "y/test.jsonl", "codi"
                    ]
                    "groups")
        }
        test "the same questions from two places are one data set" {
            inFolder (fun folder ->
                let one = evaluation folder "a" "lori" 0 "/x/test.jsonl" "h" "11"
                let other = evaluation folder "b" "codi" 0 "/y/test.jsonl" "h" "10"
                let found = labels (loriJson [ "compare"; one; other; "--json" ])
                Expect.equal (List.map fst found) [ "test.jsonl"; "test.jsonl" ] "the plain name")
        }
        test "parts of one file are told apart by their questions" {
            inFolder (fun folder ->
                let one = evaluation folder "a" "lori" 0 "/x/test.jsonl" "h" "11"
                let other = evaluation folder "b" "codi" 0 "/x/test.jsonl" "k" "101"

                expectError
                    Failed
                    "found lori on test.jsonl (2 questions), codi on test.jsonl (3 questions)"
                    [ "compare"; one; other ])
        }
    ]

let private folders =
    [
        test "a link to a folder is that folder" {
            inFolder (fun folder ->
                let one = evaluation folder "a" "lori" 0 "t" "h" "11"
                let link = Path.Combine(folder, "link")
                Directory.CreateSymbolicLink(link, one) |> ignore
                expectError Failed "is the same folder as" [ "compare"; one; link ]
                let above = Path.Combine(folder, "above")
                Directory.CreateSymbolicLink(above, folder) |> ignore
                expectError Failed "is the same folder as" [ "compare"; one; Path.Combine(above, "a") ]
                let round = Path.Combine(folder, "round")
                Directory.CreateSymbolicLink(round, Path.Combine(round, "x")) |> ignore
                expectError Failed "has neither evaluation.json nor demo.json" [ "compare"; one; round ])
        }
        test "seeds stay in labels that stand for one seed" {
            inFolder (fun folder ->
                let one = evaluation folder "model-1" "lori" 1 "t" "h" "11"
                let other = evaluation folder "model-2" "lori" 1 "t" "h" "10"
                let found = labels (loriJson [ "compare"; one; other; "--json" ])
                Expect.equal (List.map snd found) [ "lori (model=model-1)"; "lori (model=model-2)" ] "both whole"
                let second = evaluation folder "net-2" "lori" 2 "t" "h" "10"
                let first = evaluation folder "net-1" "lori" 1 "t" "h" "10"
                let found = labels (loriJson [ "compare"; one; first; second; "--json" ])

                Expect.equal
                    (List.map snd found)
                    [ "lori (model=model-1)"; "lori (model=net)" ]
                    "several seeds are one")
        }
    ]

let private belief =
    [
        test "an accuracy that the rows do not give is refused, by compare and by report" {
            inFolder (fun folder ->
                let one = evaluation folder "a" "lori" 0 "t" "h" "1100"
                let other = evaluation folder "b" "codi" 0 "t" "h" "1000"
                let summary = Path.Combine(one, "evaluation.json")
                let sound = File.ReadAllText summary
                let ci = sound.Replace("\"run\"", "\"ci95\": [0, 1], \"run\"")

                for before, after, wanted in
                    [
                        "\"accuracy\": 0.5", "\"accuracy\": 0.75", "'accuracy' is 0.75"
                        "\"examples\": 4", "\"examples\": 5", "'examples' is 5"
                        "\"correct\": 2", "\"correct\": 3", "'correct' is 3"
                    ] do
                    File.WriteAllText(summary, sound.Replace(before, after))
                    expectError Failed wanted [ "compare"; one; other ]

                let run = Directory.CreateDirectory(Path.Combine(folder, "run")).FullName
                file run "metrics.jsonl" "{\"step\": 1, \"loss\": 1}\n" |> ignore
                let report = [ "report"; run; "--evaluation"; one ]

                File.WriteAllText(
                    summary,
                    ci.Replace("\"accuracy\": 0.5", "\"accuracy\": 0.75").Replace("\"correct\": 2", "\"correct\": 3")
                )

                expectError Failed "but the 4 rows of" report
                File.WriteAllText(summary, ci)
                Expect.equal (lori report).Code Success "a sound one")
        }
    ]

let private repeats =
    test "rows that the data repeat are told apart, and pair" {
        inFolder (fun folder ->
            let twice name right =
                let output = evaluation folder name name 0 "d/g.jsonl" "h" right
                let predictions = Path.Combine(output, "predictions.jsonl")
                // Rows 2 and 3 are rows 0 and 1 over again, as when a file is named twice.
                File.WriteAllText(
                    predictions,
                    File
                        .ReadAllText(predictions)
                        .Replace("h:2", "h:0")
                        .Replace("h:3", "h:1")
                        .Replace("q 2", "q 0")
                        .Replace("q 3", "q 1")
                )

                output

            let one, other = twice "lori" "1101", twice "codi" "0100"
            let found = loriJson [ "compare"; one; other; "--json" ]
            let pair = Seq.exactlyOne (found.GetProperty("pairs").EnumerateArray())
            Expect.equal (pair.GetProperty("questions").GetInt32()) 4 "questions"
            Expect.equal (pair.GetProperty("mcnemar_only_first").GetInt32()) 2 "the first and the last"
            Expect.equal (pair.GetProperty("mcnemar_only_second").GetInt32()) 0 "none"
            let run = Directory.CreateDirectory(Path.Combine(folder, "run")).FullName
            file run "metrics.jsonl" "{\"step\": 1, \"loss\": 1}\n" |> ignore
            let output = Path.Combine(folder, "r.html")

            let summary = Path.Combine(one, "evaluation.json")

            File.WriteAllText(summary, File.ReadAllText(summary).Replace("\"run\"", "\"ci95\": [0.3, 0.95], \"run\""))

            let report = lori [ "report"; run; "--evaluation"; one; "--output"; output ]
            Expect.equal report.Code Success report.Error

            let single = Path.Combine(one, "predictions.jsonl")
            File.WriteAllText(single, File.ReadAllText(single).Replace("q 1", "q 7"))
            expectError Failed "2 of these are missing there" [ "compare"; one; other ])
    }

[<Tests>]
let tests = testList "Compared folders" (repeats :: datasets @ folders @ belief)
