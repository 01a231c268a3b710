/// `lori experiment`, from a matrix to its table.
module LoRi.Cli.Tests.ExperimentTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyMatrix

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

            succeeded (run folder [ "--shard"; "1/2" ]) |> ignore
            let half = (cells folder).Length
            // Four cells, and the teachers of those among them that are students.
            Expect.isTrue (half >= 4 && half < 8) $"{half} cells of the first part"
            succeeded (run folder [ "--shard"; "2/2" ]) |> ignore
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

let private reading =
    test "a table is read from the cells, and writes nothing but its file" {
        inFolder (fun folder ->
            write folder (fun json ->
                setting "blocks" """[{"name": "main", "methods": [], "seeds": [1]}]""" json
                setting "claims" "[]" json)
            |> ignore

            succeeded (run folder []) |> ignore
            File.Delete(folder + "/out/results.jsonl")

            let files () =
                Directory.GetFiles(folder + "/out", "*", SearchOption.AllDirectories) |> Array.sort

            let before = files ()
            let table = succeeded (lori [ "experiment"; "table"; folder + "/out" ])
            Expect.stringContains table.Out "out: matrix " "named after the folder"
            Expect.equal (files ()) before "files")
    }

let private yaml =
    test "a matrix may be YAML, and is the same experiment" {
        inFolder (fun folder ->
            let json = write folder ignore
            let path = file folder "matrix.yaml" ("# the same\n" + File.ReadAllText json)

            let plan file =
                (loriJson [ "experiment"; "plan"; file; "--json" ]).GetRawText()

            Expect.equal (plan path) (plan json) "cells"

            succeeded (
                lori
                    [
                        "experiment"
                        "run"
                        path
                        "--output"
                        folder + "/out"
                        "--only"
                        "*/teacher/*seed-1"
                    ]
            )
            |> ignore

            Expect.equal (cells folder).Length 1 "a cell"
            let status = loriJson [ "experiment"; "status"; folder + "/out"; "--json" ]
            Expect.equal (status.GetProperty("done").GetInt32()) 1 "its folder has it as JSON")
    }

/// The matrices of the repository, with the claims that each decides.
let private matrices =
    test "the matrices of this repository can be planned, and decide the claims that they are named for" {
        let folder =
            match goldenFolder.Value with
            | Some golden -> Path.GetFullPath(Path.Combine(golden, "../../../experiments"))
            | None -> skiptest "the repository is not there"

        let claims =
            [
                for path in Directory.GetFiles(folder, "*.json") |> Array.sort do
                    let plan = loriJson [ "experiment"; "plan"; path; "--json" ]
                    let groups = plan.GetProperty("groups").EnumerateArray() |> List.ofSeq
                    Expect.isGreaterThan (plan.GetProperty("cells").GetInt32()) 30 path
                    let json = (nonNull (JsonNode.Parse(File.ReadAllText path))).AsObject()
                    let timed = (nonNull (json["blocks"])).ToJsonString().Contains "time:"
                    Expect.equal (plan.GetProperty("unmeasured").GetInt32() > 0) timed "cells of equal time"

                    for group in groups do
                        Expect.isGreaterThan (group.GetProperty("steps").GetInt32()) 100 "steps"

                    for claim in (nonNull json["claims"]).AsArray() do
                        let id = (nonNull ((nonNull claim)["id"])).GetValue<string>()
                        id.Split('-')[0]
            ]

        Expect.containsAll
            claims
            [
                "C2"
                "C3"
                "C4"
                "C5"
                "C6"
                "C7"
                "C8"
                "C9"
                "C10"
                "C11"
                "C13"
                "C14"
                "C15"
            ]
            "claims of docs/evidence.md"
    }

[<Tests>]
let tests =
    testSequenced (
        testList "Experiments" [ whole; resumed; killed; shards; changes; failures; reading; yaml; matrices ]
    )
