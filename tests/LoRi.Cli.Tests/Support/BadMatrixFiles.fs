/// What may be wrong with a matrix of experiments, with its folder, and with tasks and models that are made here.
module LoRi.Cli.Tests.BadMatrixFiles

open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyMatrix

let private plan (change: JsonObject -> unit) (folder: string) =
    [ "experiment"; "plan"; write folder change ]

/// A finished experiment of one teacher, whose `cell.json` is changed.
let private finished (change: string -> string) (folder: string) =
    write folder (fun json ->
        setting "blocks" """[{"name": "main", "methods": [], "seeds": [1]}]""" json
        setting "claims" "[]" json)
    |> ignore

    let outcome = run folder []
    Expect.equal outcome.Code 0 outcome.Error

    let cell =
        Directory.GetFiles(folder + "/out/cells", "cell.json", SearchOption.AllDirectories)[0]

    File.WriteAllText(cell, change (File.ReadAllText cell))
    [ "experiment"; "table"; folder + "/out" ]

/// A run in a folder of an experiment that holds a file.
let private withFile (name: string) (content: string) (folder: string) =
    let out = Directory.CreateDirectory(folder + "/out").FullName
    let matrix = write folder ignore
    File.Copy(matrix, out + "/matrix.json")
    file out name content |> ignore
    [ "experiment"; "run"; matrix; "--output"; out ]

/// All cases.
let cases: Case list =
    [
        "matrix: absent", fun folder -> [ "experiment"; "plan"; folder + "/none.json" ]
        "matrix: no JSON", fun folder -> [ "experiment"; "plan"; file folder "m.json" "{" ]
        "matrix: of another version", plan (setting "version" "2")
        "matrix: an unknown field", plan (setting "block" "[]")
        "matrix: no tasks", plan (setting "tasks" "{}")
        "matrix: no blocks", plan (setting "blocks" "[]")
        "matrix: an unknown kind of task", plan (part "tasks" >> part "small" >> setting "kind" "\"chian\"")
        "matrix: an unknown setting of a task", plan (part "tasks" >> part "small" >> setting "grup" "\"z7\"")
        "matrix: a task's setting out of range", plan (part "tasks" >> part "small" >> setting "longest" "0")
        "matrix: an unknown family", plan (part "models" >> part "tiny" >> setting "family" "\"lama\"")
        "matrix: heads that do not divide the width", plan (part "models" >> part "tiny" >> setting "heads" "3")
        "matrix: a teacher without steps", plan (part "teachers" >> setting "plain" "{}")
        "matrix: an unknown method", plan (part "methods" >> setting "lory" "{}")
        "matrix: an unknown setting of a method", plan (part "methods" >> part "lori" >> setting "hiden_rank" "4")
        "matrix: a setting that its method does not have",
        plan (part "methods" >> part "no-cot" >> setting "latent_steps" "4")
        "matrix: an unknown default", plan (part "defaults" >> setting "lerning_rate" "1")
        "matrix: a place among the settings", plan (part "defaults" >> setting "data" "\"d.jsonl\"")
        "matrix: steps among the settings", plan (part "defaults" >> setting "steps" "3")
        "matrix: an unknown teacher", plan (part "methods" >> part "lori" >> setting "teacher" "\"plane\"")
        "matrix: a block with an unknown method", plan (first "blocks" >> setting "methods" "[\"lori\", \"no-cott\"]")
        "matrix: a block with an unknown task", plan (first "blocks" >> setting "tasks" "[\"smal\"]")
        "matrix: a budget that is none", plan (setting "budgets" "[\"700\"]")
        "matrix: equal time of an unknown method", plan (setting "budgets" "[\"time:lory:700\"]")
        "matrix: a seed twice", plan (setting "seeds" "[1, 1]")
        "matrix: an unknown setting is varied", plan (first "blocks" >> setting "vary" """{"latent_step": [1, 2]}""")
        "matrix: a claim without cells", plan (first "claims" >> setting "contrast" "[\"lori\", \"codi\"]")
        "matrix: a claim of an unknown block", plan (first "claims" >> setting "block" "\"mian\"")
        "matrix: a claim of an unknown metric", plan (first "claims" >> setting "metric" "\"accuracy@9\"")
        "matrix: a claim of an unknown test", plan (first "claims" >> setting "test" "\"wilcoxon\"")
        "matrix: a claim that compares nothing", plan (first "claims" >> setting "contrast" "[\"lori\"]")
        "matrix: a claim with half of a comparison", plan (first "claims" >> setting "at_least" "0.5")
        "matrix: a claim that needs more comparisons than it has", plan (first "claims" >> setting "at_least" "2")
        "matrix: a claim that needs no comparison", plan (first "claims" >> setting "at_least" "0")
        "matrix: an equivalence without a margin",
        plan (
            first "claims"
            >> fun claim ->
                setting "test" "\"equivalence\"" claim
                claim.Remove "margin" |> ignore
        )
        "matrix: an equivalence within no margin",
        plan (
            first "claims"
            >> fun claim ->
                setting "test" "\"equivalence\"" claim
                setting "margin" "0" claim
        )
        "matrix: two claims of one name",
        plan (fun json ->
            let claims = (nonNull json["claims"]).AsArray()
            claims.Add((nonNull claims[0]).DeepClone()))
        "matrix: rows of a step as text", plan (part "methods" >> part "lori" >> setting "batch_size" "\"64\"")
        "matrix: half a row in a step", plan (part "defaults" >> setting "batch_size" "64.5")
        "matrix: no rows in a step", plan (part "defaults" >> setting "batch_size" "0")
        "matrix: a probe that is none", plan (first "blocks" >> setting "probe" "[\"shufle\"]")
        "matrix: a probe of more directions than there are", plan (first "blocks" >> setting "probe" "[\"rank:9\"]")
        "matrix: no YAML", fun folder -> [ "experiment"; "plan"; file folder "m.yaml" "tasks: [" ]
        "experiment: no cell of that name", fun folder -> plan ignore folder @ [ "--only"; "*codi*" ]
        "experiment: no cell of one of two names", fun folder -> plan ignore folder @ [ "--only"; "*lori*"; "*codi*" ]
        "experiment: no names of cells", fun folder -> plan ignore folder @ [ "--only" ]
        "experiment: a budget that is no time", fun folder -> plan ignore folder @ [ "--budget"; "long" ]
        "experiment: a part that is none", fun folder -> plan ignore folder @ [ "--shard"; "3/2" ]
        "experiment: a part without a cell", fun folder -> plan ignore folder @ [ "--shard"; "9/9" ]
        "experiment: a damaged calibration",
        withFile "calibration.json" """{"0123456789ab": {"collection_seconds": 1, "overhead_seconds": 1}}"""
        "experiment: a calibration with a pace that is none",
        withFile
            "calibration.json"
            """{"0123456789ab": {"seconds_per_step": 0, "collection_seconds": 1, "overhead_seconds": 1}}"""
        "experiment: damaged registrations", withFile "registered.json" """{"begun": "", "claims": {"C2": {}}}"""
        "experiment: a registration that is none",
        withFile "registered.json" """{"begun": "", "claims": {"C2": null}}"""
        "experiment: a folder for cells that is a file", withFile "cells" ""
        "experiment: a folder with something else",
        fun folder ->
            Directory.CreateDirectory(folder + "/out") |> ignore
            file (folder + "/out") "notes.txt" "mine" |> ignore
            [ "experiment"; "run"; write folder ignore; "--output"; folder + "/out" ]
        "experiment: no experiment", fun folder -> [ "experiment"; "status"; folder ]
        "experiment: cells of another version",
        finished (fun text -> text.Replace("\"cell_version\":1,", "\"cell_version\":7,"))
        "experiment: a damaged cell", finished (fun text -> text.Replace("\"accuracy\"", "\"acuracy\""))
        "experiment: a budget that fits no cell",
        fun folder ->
            finished id folder |> ignore

            write folder (fun json ->
                first "blocks" json |> setting "methods" "[]"
                setting "claims" "[]" json)
            |> ignore

            [
                "experiment"
                "run"
                folder + "/matrix.json"
                "--output"
                folder + "/out"
                "--budget"
                "0.001s"
            ]
        "experiment: a page without a file", fun folder -> [ "experiment"; "table"; folder; "--form"; "html" ]
        "task: an unknown kind", fun folder -> [ "task"; "write"; "chains"; "--output"; folder + "/t.jsonl" ]
        "task: a setting of another kind",
        fun folder -> [ "task"; "write"; "chain"; "--digits"; "3"; "--output"; folder + "/t.jsonl" ]
        "task: a graph that cannot be drawn",
        fun folder ->
            [
                "task"
                "write"
                "graph"
                "--nodes"
                "6"
                "--longest"
                "5"
                "--output"
                folder + "/t.jsonl"
            ]
        "task: a graph that is hardly ever found",
        fun folder ->
            [
                "task"
                "write"
                "graph"
                "--nodes"
                "20"
                "--longest"
                "17"
                "--edges"
                "40"
                "--output"
                folder + "/t.jsonl"
            ]
        "task: an output of another kind", fun folder -> [ "task"; "write"; "chain"; "--output"; folder + "/t.parquet" ]
        "model: no tokenizer", fun folder -> [ "model"; "new"; "--output"; folder + "/m" ]
        "model: a tokenizer that names no end",
        fun folder ->
            TinyRun.writeTokenizer folder
            [ "model"; "new"; "--tokenizer"; folder; "--output"; folder + "/m" ]
        "model: an end that the tokenizer does not have",
        fun folder ->
            TinyRun.writeTokenizer folder

            [
                "model"
                "new"
                "--tokenizer"
                folder
                "--end-token"
                "</s>"
                "--output"
                folder + "/m"
            ]
        "model: shared keys in gpt2",
        fun folder ->
            TinyRun.writeTokenizer folder

            [
                "model"
                "new"
                "--family"
                "gpt2"
                "--key-value-heads"
                "2"
                "--tokenizer"
                folder
                "--output"
                folder + "/m"
            ]
    ]
