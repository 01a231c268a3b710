/// Cells of equal time, and probes of finished cells.
module LoRi.Cli.Tests.ExperimentCellTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyMatrix

/// A calibration of the cases that a plan misses, with paces of their methods: milliseconds a step, and seconds around the steps.
let private calibrated (folder: string) (paces: Map<string, float * float>) =
    let path = folder + "/out/calibration.json"
    let json = (nonNull (JsonNode.Parse(File.ReadAllText path))).AsObject()

    for pair in json do
        let pace = (nonNull pair.Value).AsObject()
        let step, collection = paces[(nonNull pace["method"]).GetValue<string>()]
        pace["seconds_per_step"] <- step / 1000.0
        pace["collection_seconds"] <- collection

    File.WriteAllText(path, json.ToJsonString())

let private equalTimed (folder: string) =
    write folder (fun json ->
        setting "budgets" "[\"time:lori:6\"]" json
        json |> part "defaults" |> setting "learning_rate" "\"0.0001*epochs\""
        first "blocks" json |> setting "seeds" "[1]"
        first "blocks" json |> setting "methods" "[\"lori\", \"no-cot\"]")
    |> ignore

let private steps (folder: string) =
    [
        for path in cells folder do
            let cell = JsonDocument.Parse(File.ReadAllText path).RootElement
            text "method" cell, cell.GetProperty("steps").GetInt32()
    ]
    |> List.sort

let private equalTime =
    test "equal time gives a method as many steps as fit, the same ones at every run" {
        inFolder (fun folder ->
            equalTimed folder
            succeeded (run folder [ "--only"; "*/lori/*" ]) |> ignore
            Expect.equal (steps folder) [ "lori", 6; "teacher", 3 ] "chosen among cells whose paces were not known yet"
            calibrated folder (Map [ "lori", (2.0, 0.1); "no-cot", (0.5, 0.0) ])
            succeeded (run folder []) |> ignore
            // 6 steps of 2 ms and 100 ms for the teacher's states: 224 of half a millisecond.
            Expect.equal (steps folder) [ "lori", 6; "no-cot", 224; "teacher", 3 ] "steps"
            let before = cells folder
            succeeded (run folder []) |> ignore
            Expect.equal (cells folder) before "the same cells"

            let table =
                JsonDocument.Parse((succeeded (lori [ "experiment"; "table"; folder + "/out"; "--form"; "json" ])).Out)

            for row in table.RootElement.GetProperty("rows").EnumerateArray() do
                let alone = row.GetProperty "seconds_alone"

                if text "method" row = "teacher" then
                    Expect.equal alone.ValueKind JsonValueKind.Null "no pace of a teacher is measured"
                else
                    Expect.floatClose
                        Accuracy.high
                        (alone.GetDouble())
                        0.112
                        $"""as long as {text "method" row}, alone"""

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

let private severalNames =
    test "several names choose the cells that one of them matches, with their teachers" {
        inFolder (fun folder ->
            let matrix = write folder ignore

            let cells (names: string list) =
                let plan = loriJson ([ "experiment"; "plan"; matrix; "--json"; "--only" ] @ names)
                plan.GetProperty("cells").GetInt32()

            Expect.equal (cells [ "*/lori/*seed-1" ]) 2 "one and its teacher"
            Expect.equal (cells [ "*/lori/*seed-1"; "*/no-cot/*" ]) 5 "two more, and the teacher of the second seed"
            Expect.equal (cells [ "*/lori/*seed-1"; "*seed-1" ]) 4 "each once")
    }

let private allMeasured =
    test "a plan that names a folder measures every pace that is not known, once" {
        inFolder (fun folder ->
            let matrix = write folder ignore

            let plan () =
                succeeded (lori [ "experiment"; "plan"; matrix; "--output"; folder + "/out"; "--json" ])

            let first = plan ()
            let told = first.Error.Split '\n' |> Array.filter _.Contains(" ms a step")
            Expect.equal told.Length 3 $"a pace of each method: {first.Error}"

            Expect.equal
                (JsonDocument.Parse(first.Out).RootElement.GetProperty("seconds").ValueKind)
                JsonValueKind.Number
                "so that the time is known"

            let again = plan ()
            Expect.equal again.Error "" "nothing is measured again"
            Expect.equal again.Out first.Out "the same plan"
            File.Delete(folder + "/out/calibration.json")
            Directory.CreateDirectory(folder + "/out/measuring-0123456789ab") |> ignore

            Expect.stringContains
                (plan ()).Error
                " ms a step"
                "measured again where a measurement was killed, or the paces taken away"

            for foreign in [ [ "models" ]; [ "tasks"; "notes" ] ] do
                let other = folder + "/other-" + List.last foreign

                for name in foreign do
                    Directory.CreateDirectory(Path.Combine(other, name)) |> ignore

                expectError
                    Failed
                    "holds something, but no experiment"
                    [ "experiment"; "plan"; matrix; "--output"; other ])
    }

let private unmeasured =
    test "a plan that does not know paces says so where a name matches nothing" {
        inFolder (fun folder ->
            equalTimed folder

            expectError
                Failed
                "those of equal time are known where their paces are measured, which needs --output"
                [ "experiment"; "plan"; folder + "/matrix.json"; "--only"; "*/lori/*" ])
    }

let private probed =
    test "finished cells are probed, one that was finished before without being trained again" {
        inFolder (fun folder ->
            let probing (interventions: string) =
                write folder (fun json ->
                    first "blocks" json |> setting "seeds" "[1]"
                    first "blocks" json |> setting "probe" interventions)
                |> ignore

                succeeded (run folder []) |> ignore

            let probes () =
                Directory.GetFiles(folder + "/out/cells", "probe.json", SearchOption.AllDirectories)

            let effects () =
                [
                    for path in probes () do
                        let effects =
                            JsonDocument.Parse(File.ReadAllText path).RootElement.GetProperty("effects")

                        set [ for effect in effects.EnumerateArray() -> text "intervention" effect ]
                ]

            probing "[]"
            Expect.isEmpty (probes ()) "no probe where none is asked for"
            let before = [ for path in cells folder -> File.GetLastWriteTimeUtc path ]
            probing "[\"shuffle\"]"
            Expect.equal (effects ()) [ set [ "shuffle" ]; set [ "shuffle" ] ] "both students that take latent steps"
            probing "[\"rank:2\"]"

            Expect.equal
                (List.distinct (effects ()))
                [ set [ "shuffle"; "rank:2"; "random-rank:2" ] ]
                "another one beside that"

            Expect.equal
                [ for path in cells folder -> File.GetLastWriteTimeUtc path ]
                before
                "nothing was trained again"

            let times = [ for path in probes () -> File.GetLastWriteTimeUtc path ]
            succeeded (run folder []) |> ignore
            Expect.equal [ for path in probes () -> File.GetLastWriteTimeUtc path ] times "nor probed"

            for line in lines folder do
                let cell = JsonDocument.Parse(line).RootElement
                let isStudent = text "method" cell <> "teacher" && text "method" cell <> "no-cot"
                Expect.equal (fst (cell.TryGetProperty "probe")) isStudent "its probe in results.jsonl"

                if isStudent then
                    Expect.equal
                        (cell.GetProperty("probe").GetProperty("untouched").GetProperty("correct").GetInt32())
                        (cell.GetProperty("correct").GetInt32())
                        "the cell's own rule of what is right"

            let markdown =
                (succeeded (lori [ "experiment"; "table"; folder + "/out"; "--claims"; "--form"; "markdown" ])).Out

            for word in
                [
                    "shuffle %"
                    "random-rank:2 %"
                    "thinks in its latent steps"
                    "registered before its cells"
                ] do
                Expect.stringContains markdown word "the table"

            let rows =
                (loriJson [ "experiment"; "table"; folder + "/out"; "--form"; "json" ]).GetProperty("rows")

            for row in rows.EnumerateArray() do
                let probe = row.GetProperty "probe"
                let has = probe.ValueKind = JsonValueKind.Object
                Expect.equal has (List.contains (text "method" row) [ "lori"; "shuffled" ]) "as JSON")
    }

[<Tests>]
let tests =
    testSequenced (testList "Experiment cells" [ equalTime; unmeasured; severalNames; allMeasured; probed ])
