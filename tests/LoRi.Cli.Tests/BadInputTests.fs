/// What a user may get wrong, from empty files to hostile ones: each ends in one line that says what, where and what to do.
/// All messages stand in one golden text.
module LoRi.Cli.Tests.BadInputTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli.Tests.BadModelFiles
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Cli.Tests.Running
open LoRi.Files.Safetensors

let private teach folder =
    [
        "teach"
        "--model"
        TinyFolder.model folder "model"
        "--data"
        TinyFolder.data folder "d.jsonl" good
        "--output"
        folder + "/run"
    ]

let private configured (content: string) (folder: string) =
    teach folder @ [ "--config"; TinyFolder.data folder "settings.json" [ content ] ]

let private runs: Case list =
    [
        "config: absent", fun folder -> teach folder @ [ "--config"; folder + "/none.json" ]
        "config: no JSON", configured "{"
        "config: a list", configured "[1]"
        "config: a number that JSON does not have", configured "{\"seed\": 1,\n \"learning_rate\": NaN}"
        "config: an unknown setting", configured """{"lerning_rate": 1}"""
        "config: a value of the wrong type", configured """{"steps": "many"}"""
        "config: a choice that is none", configured """{"dtype": "float128"}"""
        "config: settings that contradict each other", configured """{"steps": 3, "epochs": 2}"""
        "config: a value out of range", configured """{"batch_size": 0}"""
        "config: a key twice", configured """{"steps": 3, "steps": 4}"""
        "config: a folder", fun folder -> teach folder @ [ "--config"; folder ]
        "config: a setting of another command", configured """{"latent_steps": 3}"""
        "config: a setting of commands that answer, for one that trains", configured """{"weights": "int8"}"""
        "options: bytes as weights, for other arithmetic than float32",
        fun folder ->
            [
                "evaluate"
                "--model"
                TinyFolder.model folder "model"
                "--data"
                TinyFolder.data folder "d.jsonl" good
                "--output"
                folder + "/evaluation"
                "--weights"
                "int8"
                "--dtype"
                "bfloat16"
            ]
        "options: bytes as weights, for a training", fun folder -> teach folder @ [ "--weights"; "int8" ]
        "config: a setting that its method does not have",
        fun folder ->
            [
                "distill"
                "--config"
                TinyFolder.data folder "s.json" [ """{"method": "no-cot", "latent_steps": 3}""" ]
            ]
        "config: a value of the wrong type for evaluate",
        fun folder ->
            [
                "evaluate"
                "--config"
                TinyFolder.data folder "s.json" [ """{"limit": "few"}""" ]
            ]
        "options: no latent steps",
        fun folder ->
            [
                "distill"
                "--teacher"
                TinyFolder.model folder "m"
                "--data"
                TinyFolder.data folder "d.jsonl" good
                "--output"
                folder + "/run"
                "--latent-steps"
                "0"
            ]
        "options: latent steps of a method without",
        fun folder -> [ "distill"; "--method"; "no-cot"; "--latent-steps"; "3"; "--teacher"; folder ]
        "options: a model beside the teacher's weights",
        fun folder -> [ "distill"; "--teacher"; folder + "/t"; "--model"; folder + "/m" ]
        "options: no rows", fun folder -> teach folder @ [ "--limit"; "0" ]
        "options: no steps", fun folder -> teach folder @ [ "--steps"; "0" ]
        "options: no batch", fun folder -> teach folder @ [ "--batch-size"; "0" ]
        "options: an infinite learning rate", fun folder -> teach folder @ [ "--learning-rate"; "inf" ]
        "run: the output is a file",
        fun folder ->
            File.WriteAllText(folder + "/run", "")
            teach folder
        "run: the output lies under a file",
        fun folder ->
            let arguments = teach folder
            File.WriteAllText(folder + "/file", "")
            List.take (arguments.Length - 1) arguments @ [ folder + "/file/run" ]
        "run: the output is not empty",
        fun folder ->
            Directory.CreateDirectory(folder + "/run") |> ignore
            File.WriteAllText(folder + "/run/notes.txt", "mine")
            teach folder
        "run: a card that is no JSON",
        fun folder ->
            write "lori.json" "{" (TinyFolder.model folder "student")
            [ "generate"; "--model"; folder + "/student"; "--prompt"; "What" ]
        "run: a card with an unknown field",
        fun folder ->
            write "lori.json" """{"magic": 1}""" (TinyFolder.model folder "student")
            [ "generate"; "--model"; folder + "/student"; "--prompt"; "What" ]
        "evaluate: latent steps of a plain model",
        fun folder ->
            [
                "evaluate"
                "--model"
                TinyFolder.model folder "m"
                "--data"
                TinyFolder.data folder "d.jsonl" good
                "--output"
                folder + "/e"
                "--latent-steps"
                "2"
            ]
        "evaluate: no latent steps",
        fun folder ->
            [
                "evaluate"
                "--model"
                TinyFolder.model folder "m"
                "--data"
                TinyFolder.data folder "d.jsonl" good
                "--output"
                folder + "/e"
                "--latent-steps"
                "0"
            ]
        "generate: no latent steps",
        fun folder ->
            [
                "generate"
                "--model"
                TinyFolder.model folder "m"
                "--ids"
                "1"
                "--latent-steps"
                "0"
            ]
        "evaluate: no batch",
        fun folder ->
            [
                "evaluate"
                "--model"
                TinyFolder.model folder "m"
                "--data"
                TinyFolder.data folder "d.jsonl" good
                "--output"
                folder + "/e"
                "--batch-size"
                "0"
            ]
        "generate: neither prompt nor ids", fun folder -> [ "generate"; "--model"; TinyFolder.model folder "m" ]
        "generate: an id beyond the table",
        fun folder -> [ "generate"; "--model"; TinyFolder.model folder "m"; "--ids"; "1,9999" ]
        "generate: ids that are words",
        fun folder -> [ "generate"; "--model"; TinyFolder.model folder "m"; "--ids"; "one" ]
        "generate: fewer than no tokens",
        fun folder ->
            [
                "generate"
                "--model"
                TinyFolder.model folder "m"
                "--ids"
                "1"
                "--max-new-tokens"
                "-4"
            ]
        "logits: no ids", fun folder -> [ "logits"; "--model"; TinyFolder.model folder "m"; "--ids"; "" ]
        "inspect: a file of no known kind", fun folder -> [ "inspect"; TinyFolder.data folder "notes.txt" [ "hello" ] ]
        "score: a line that is no object",
        fun folder ->
            [
                "score"
                "--predictions"
                TinyFolder.data folder "p.jsonl" [ "7" ]
                "--rule"
                "codi"
            ]
        "score: a line without gold",
        fun folder ->
            [
                "score"
                "--predictions"
                TinyFolder.data folder "p.jsonl" [ """{"text": "1"}""" ]
                "--rule"
                "codi"
            ]
    ]

let private trajectories (contents: SafetensorsContent list) (folder: string) =
    let path = Path.Combine(folder, "t.safetensors")
    SafetensorsWriter.Write(path, contents, Collections.Generic.Dictionary(dict [ "format", "lori-trajectories" ]))
    path

let private fit contents options folder =
    [
        "subspace"
        "fit"
        "--trajectories"
        trajectories contents folder
        "--output"
        folder + "/s.safetensors"
    ]
    @ options

let private wave name (shape: int64 list) =
    let count = int (List.fold (*) 1L shape)
    SafetensorsContent.FromDoubles(name, shape, Array.init count (fun i -> sin (float (i * i))))

let private corpus =
    [ wave "trajectory.0" [ 2L; 5L; 4L ]; wave "anchor.0" [ 2L; 4L ] ]

let private explained folder rows =
    [
        "distill"
        "--method"
        "sim-cot"
        "--model"
        TinyFolder.model folder "m"
        "--data"
        TinyFolder.data folder "d.jsonl" rows
        "--output"
        folder + "/run"
    ]

/// A model folder whose configuration says that it is wider.
let private wide folder =
    let model = TinyFolder.model folder "wide"
    let config = model + "/config.json"
    File.WriteAllText(config, File.ReadAllText(config).Replace("\"hidden_size\": 8", "\"hidden_size\": 16"))
    model

let private math: Case list =
    [
        "trajectories: a gap in the numbers", fit [ corpus[0]; wave "trajectory.2" [ 2L; 5L; 4L ] ] []
        "trajectories: another width", fit [ corpus[0]; wave "trajectory.1" [ 2L; 5L; 3L ] ] []
        "trajectories: NaN", fit [ shaped "trajectory.0" [ 2L; 3L; 4L ] nan ] []
        "trajectories: anchors only", fit [ corpus[1] ] []
        "subspace: a rank above the size", fit corpus [ "--hidden-rank"; "9" ]
        "subspace: a rank and an energy", fit corpus [ "--hidden-rank"; "2"; "--hidden-energy"; "0.9" ]
        "subspace: an energy above one", fit corpus [ "--layer-energy"; "1.5" ]
        "subspace: a model's weights instead",
        fun folder ->
            [
                "subspace"
                "report"
                "--subspace"
                TinyFolder.model folder "m" + "/model.safetensors"
            ]
        "subspace: text instead",
        fun folder ->
            [
                "subspace"
                "report"
                "--subspace"
                TinyFolder.data folder "s.safetensors" [ "hello" ]
            ]
        "objective: variances that were not kept",
        fun folder ->
            Expect.equal (lori (fit corpus [ "--weighting"; "none" ] folder)).Code 0 "fit"
            let file = folder + "/t.safetensors"

            [
                "objective"
                "--subspace"
                folder + "/s.safetensors"
                "--teacher"
                file
                "--student"
                file
                "--weighting"
                "statistic"
            ]
        "distill: sim-cot with latent steps beside those of its coconut run",
        fun folder ->
            [
                "distill"
                "--method"
                "sim-cot"
                "--on"
                "coconut"
                "--latent-steps"
                "3"
                "--model"
                folder
            ]
        "distill: sim-cot on coconut without a run of it", fun folder -> explained folder good @ [ "--on"; "coconut" ]
        "distill: sim-cot with an auxiliary decoder of another width",
        fun folder -> explained folder good @ [ "--decoder"; wide folder ]
        "distill: sim-cot without any step to explain",
        fun folder ->
            let row = """{"question": "1 + 2", "rationale": "1 + 2 = 3", "answer": "3"}"""
            explained folder [ row; row ] @ [ "--teacher-text"; "without-last-step" ]
        "generate: explanations of a model without an auxiliary decoder",
        fun folder ->
            [
                "generate"
                "--model"
                TinyFolder.model folder "m"
                "--prompt"
                "1"
                "--explain"
            ]
        "distill: a subspace of another model",
        fun folder ->
            Expect.equal (lori (fit corpus [] folder)).Code 0 "fit"
            let data = TinyFolder.data folder "d.jsonl" good

            [
                "distill"
                "--method"
                "lori"
                "--teacher"
                TinyFolder.model folder "m"
                "--data"
                data
                "--output"
                folder + "/run"
                "--subspace"
                folder + "/s.safetensors"
            ]
    ]

/// Paths and numbers that differ from run to run are taken out of a message.
let private steady (folder: string) (message: string) =
    Regex.Replace(
        Regex.Replace(message.Replace(folder, "FOLDER").TrimEnd('\n'), "[0-9a-f]{32}", "ID"),
        @"[0-9a-f]{12}(?=\.\.\.|/)",
        "HASH"
    )

let private outcome (name: string, arrange: string -> string list) =
    let mutable text = ""

    inFolder (fun folder ->
        let found = lori (arrange folder)
        Expect.isTrue (found.Code = 1 || found.Code = 2) $"{name}: exit code {found.Code}; {found.Error}"
        Expect.equal found.Out "" $"{name}: nothing on the output stream"
        let last = steady folder (Array.last (found.Error.TrimEnd('\n').Split '\n'))
        Expect.stringStarts last "lori: error: " $"{name}: the last line is the error"
        Expect.isFalse (Regex.IsMatch(last, @"Exception|   at ")) $"{name}: no exception's name: {last}"
        text <- $"{name}\n    {found.Code} {last}\n")

    text

/// What is done all the same, with a word.
let private warning (name: string, arrange: string -> string list) =
    let mutable text = ""

    inFolder (fun folder ->
        let found = lori (arrange folder)
        Expect.equal found.Code 0 $"{name}: {found.Error}"

        let told =
            found.Error.Split '\n'
            |> Array.filter (fun line -> line.StartsWith "warning: " || line.Contains ": --")

        let told = steady folder (Array.exactlyOne told)
        text <- $"{name}\n    0 {told}\n")

    text

[<Tests>]
let tests =
    testList
        "Bad input"
        [
            test "every case ends in one clear line" {
                let all =
                    datasets
                    @ models
                    @ runs
                    @ math
                    @ BadRunFiles.cases
                    @ BadMethodFiles.cases
                    @ BadMatrixFiles.cases
                    @ BadReducedModels.cases

                Expect.isGreaterThanOrEqual all.Length 140 "cases"

                List.map outcome all @ List.map warning BadMethodFiles.warned
                |> String.concat ""
                |> expectGolden "bad input.txt"
            }
        ]
