/// `lori experiment`, `lori task write` and `lori model new`, from a matrix to its table.
module LoRi.Cli.Tests.ExperimentTests

open System
open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyMatrix

let private setting (name: string) (value: string) (json: JsonObject) = json[name] <- JsonNode.Parse value

let private cells folder =
    Directory.GetFiles(folder + "/out/cells", "cell.json", SearchOption.AllDirectories)
    |> Array.sort

let private lines folder =
    File.ReadAllLines(folder + "/out/results.jsonl")

let private whole =
    test "a matrix is run, nothing of it twice, and its claims are decided" {
        inFolder (fun folder ->
            write folder ignore |> ignore
            succeeded (run folder [ "--jobs"; "2" ]) |> ignore
            let found = cells folder
            Expect.equal found.Length 8 "two seeds of a teacher and three students"
            let before = [ for path in found -> File.GetLastWriteTimeUtc path ]

            let again =
                loriJson
                    [
                        "experiment"
                        "run"
                        folder + "/matrix.json"
                        "--output"
                        folder + "/out"
                        "--json"
                    ]

            Expect.equal
                (again.GetProperty("finished").GetInt32(), again.GetProperty("finished_before").GetInt32())
                (0, 8)
                "nothing is left"

            Expect.equal [ for path in cells folder -> File.GetLastWriteTimeUtc path ] before "nothing was run again"
            Expect.equal (lines folder).Length 8 "a line a cell"

            for line in lines folder do
                let cell = JsonDocument.Parse(line).RootElement
                let right = text "right" cell
                let correct = right |> Seq.filter ((=) '1') |> Seq.length
                Expect.equal right.Length (cell.GetProperty("examples").GetInt32()) "a mark a question"
                Expect.equal correct (cell.GetProperty("correct").GetInt32()) "right answers"

                let strata =
                    [
                        for one in cell.GetProperty("strata").EnumerateArray() -> one.GetProperty("correct").GetInt32()
                    ]

                Expect.equal (List.sum strata) correct "right answers by stratum"

            let table =
                (succeeded (lori [ "experiment"; "table"; folder + "/out"; "--claims"; "--form"; "markdown" ])).Out

            for word in [ "lori"; "shuffled"; "no-cot"; "teacher"; "C2"; "registered before its cells" ] do
                Expect.stringContains table word "the table"

            let json =
                loriJson [ "experiment"; "table"; folder + "/out"; "--claims"; "--form"; "json" ]

            Expect.equal (json.GetProperty("rows").GetArrayLength()) 4 "rows"
            let claim = json.GetProperty("claims")[0]
            let comparison = claim.GetProperty("comparisons")[0]
            // Three steps teach nothing, so that the rule about teachers takes the task out.
            Expect.equal (text "verdict" comparison) "out" "verdict"
            let page = folder + "/page.html"

            succeeded (
                lori
                    [
                        "experiment"
                        "table"
                        folder + "/out"
                        "--claims"
                        "--form"
                        "html"
                        "--output"
                        page
                    ]
            )
            |> ignore

            Expect.stringContains (File.ReadAllText page) "<svg" "pictures")
    }

let private resumed =
    test "what is interrupted goes on, and a lost cell alone is run again" {
        inFolder (fun folder ->
            write folder ignore |> ignore
            succeeded (run folder [ "--only"; "*/lori/*seed-1" ]) |> ignore
            Expect.equal (cells folder).Length 2 "a student and its teacher"
            let status = loriJson [ "experiment"; "status"; folder + "/out"; "--json" ]
            Expect.equal (status.GetProperty("done").GetInt32(), status.GetProperty("left").GetInt32()) (2, 6) "status"
            succeeded (run folder []) |> ignore
            let before = lines folder
            let path = (cells folder)[3]
            let folder' = nonNull (Path.GetDirectoryName path)
            let lost = nonNull ((nonNull (JsonNode.Parse(File.ReadAllText path)))["right"])
            File.Delete path
            Directory.Delete(folder' + "/evaluation", true)
            succeeded (run folder []) |> ignore
            let found = nonNull ((nonNull (JsonNode.Parse(File.ReadAllText path)))["right"])
            Expect.equal (found.ToJsonString()) (lost.ToJsonString()) "the same answers"
            Expect.equal (lines folder).Length before.Length "lines")
    }

let private killed =
    test "an experiment that is killed goes on to the same answers" {
        inFolder (fun folder ->
            write folder (fun json ->
                json |> part "teachers" |> part "plain" |> setting "steps" "1500"
                setting "blocks" """[{"name": "main", "methods": [], "seeds": [1]}]""" json
                setting "claims" "[]" json)
            |> ignore

            let arguments output =
                [ "experiment"; "run"; folder + "/matrix.json"; "--output"; folder + output ]

            let running = TinyRun.start (arguments "/out")

            let begun () =
                Directory.Exists(folder + "/out/cells")
                && Directory.GetDirectories(folder + "/out/cells", "step-*", SearchOption.AllDirectories).Length > 0

            TinyRun.untilThere begun
            running.Kill()
            TinyRun.finish running |> ignore
            Expect.isEmpty (cells folder) "no cell was finished"
            succeeded (run folder []) |> ignore
            succeeded (lori (arguments "/straight")) |> ignore

            let right output =
                let path =
                    Directory.GetFiles(folder + output, "cell.json", SearchOption.AllDirectories)
                    |> Array.exactlyOne

                let log = Path.Combine(nonNull (Path.GetDirectoryName path), "run", "log.txt")
                text "right" (JsonDocument.Parse(File.ReadAllText path).RootElement), File.ReadAllText log

            Expect.equal (fst (right "/out")) (fst (right "/straight")) "the same answers"
            Expect.stringContains (snd (right "/out")) "resumed after step" "it went on")
    }

let private shards =
    test "parts of a matrix fill one folder with the same cells" {
        inFolder (fun folder ->
            write folder ignore |> ignore

            for part in [ "1/2"; "2/2" ] do
                succeeded (run folder [ "--shard"; part ]) |> ignore

            Expect.equal (cells folder).Length 8 "all cells")
    }

let private changes =
    test "a changed matrix makes new cells, keeps the old ones, and marks a claim that was changed" {
        inFolder (fun folder ->
            write folder (first "blocks" >> setting "seeds" "[1]") |> ignore
            succeeded (run folder []) |> ignore

            write folder (fun json ->
                first "blocks" json |> setting "seeds" "[1]"
                json |> part "methods" |> part "shuffled" |> setting "hidden_rank" "3"
                first "claims" json |> setting "margin" "0.01")
            |> ignore

            let again =
                loriJson
                    [
                        "experiment"
                        "run"
                        folder + "/matrix.json"
                        "--output"
                        folder + "/out"
                        "--json"
                    ]

            Expect.equal (again.GetProperty("finished").GetInt32()) 1 "one cell is new"
            Expect.equal (cells folder).Length 5 "and the old one is there"

            let table =
                (succeeded (lori [ "experiment"; "table"; folder + "/out"; "--claims"; "--form"; "markdown" ])).Out

            Expect.stringContains table "CHANGED after" "the mark")
    }

let private failures =
    test "a cell that fails keeps its line and stops no other" {
        inFolder (fun folder ->
            write folder (fun json ->
                first "blocks" json |> setting "seeds" "[1]"
                json |> part "methods" |> part "shuffled" |> setting "learning_rate" "1e30")
            |> ignore

            let outcome = run folder []
            Expect.equal outcome.Code 1 "exit code"
            Expect.equal (cells folder).Length 3 "the others"
            let status = loriJson [ "experiment"; "status"; folder + "/out"; "--json" ]

            let failed =
                [
                    for cell in status.GetProperty("cells").EnumerateArray() do
                        if text "state" cell = "failed" then
                            text "note" cell
                ]

            Expect.equal failed.Length 1 "one"
            Expect.stringContains failed.Head "stopped at step" "why")
    }

let private equalTime =
    test "equal time gives a method as many steps as fit, the same ones at every run" {
        inFolder (fun folder ->
            write folder (fun json ->
                setting "budgets" "[\"time:lori:6\"]" json
                first "blocks" json |> setting "seeds" "[1]"
                first "blocks" json |> setting "methods" "[\"lori\", \"no-cot\"]")
            |> ignore

            succeeded (run folder []) |> ignore

            let steps () =
                [
                    for path in cells folder ->
                        (nonNull (JsonNode.Parse(File.ReadAllText path)))["steps"] |> nonNull |> _.GetValue<int>()
                ]

            Expect.contains (steps ()) 6 "lori itself"
            let before = cells folder
            succeeded (run folder []) |> ignore
            Expect.equal (cells folder) before "the same cells"

            let plan =
                loriJson
                    [
                        "experiment"
                        "plan"
                        folder + "/matrix.json"
                        "--output"
                        folder + "/out"
                        "--json"
                    ]

            Expect.equal
                (plan.GetProperty("done").GetInt32(), plan.GetProperty("unmeasured").GetInt32())
                (3, 0)
                "all known")
    }

let private families =
    testList
        "fresh models"
        [
            for family in [ "llama"; "gpt2"; "qwen2"; "qwen3" ] do
                test $"{family} is taught like any checkpoint" {
                    inFolder (fun folder ->
                        let data, tokenizer, model =
                            folder + "/t.jsonl", folder + "/tokenizer", folder + "/model"

                        succeeded (
                            lori
                                [
                                    "task"
                                    "write"
                                    "chain"
                                    "--group"
                                    "z7"
                                    "--longest"
                                    "2"
                                    "--rows"
                                    "32"
                                    "--output"
                                    data
                                    "--tokenizer-output"
                                    tokenizer
                                ]
                        )
                        |> ignore

                        succeeded (
                            lori
                                [
                                    "model"
                                    "new"
                                    "--family"
                                    family
                                    "--width"
                                    "8"
                                    "--heads"
                                    "2"
                                    "--layers"
                                    "2"
                                    "--positions"
                                    "32"
                                    "--tokenizer"
                                    tokenizer
                                    "--output"
                                    model
                                ]
                        )
                        |> ignore

                        succeeded (
                            lori
                                [
                                    "teach"
                                    "--model"
                                    model
                                    "--data"
                                    data
                                    "--output"
                                    folder + "/run"
                                    "--steps"
                                    "2"
                                    "--batch-size"
                                    "4"
                                    "--answer-prefix"
                                    "="
                                ]
                        )
                        |> ignore

                        Expect.isTrue (File.Exists(folder + "/run/final/config.json")) "a model")
                }
        ]

[<Tests>]
let tests =
    testSequenced (testList "Experiments" [ whole; resumed; killed; shards; changes; failures; equalTime; families ])
