/// What a user may get wrong, from empty files to hostile ones: each ends in one line that says what, where and what to do.
/// All messages stand in one golden text.
module LoRi.Cli.Tests.BadInputTests

open System
open System.IO
open System.Text
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Cli.Tests.Running
open LoRi.Training.Checkpoints

let private good = TinyFolder.rows

/// A training run whose only fault is its data.
let private teachOn (content: byte[]) (folder: string) =
    let path = Path.Combine(folder, "data.jsonl")
    File.WriteAllBytes(path, content)

    [
        "teach"
        "--model"
        TinyFolder.model folder "model"
        "--data"
        path
        "--output"
        Path.Combine(folder, "run")
    ]

let private teachOnText (text: string) = teachOn (Encoding.UTF8.GetBytes text)

let private datasets: Case list =
    [
        "data: empty", teachOnText ""
        "data: only blank lines", teachOnText "\n\n\n"
        "data: not UTF-8", teachOn [| 0xFFuy; 0xFEuy; 0xC3uy; 0x28uy; 0x0Auy |]
        "data: zeros", teachOn (Array.zeroCreate 64)
        "data: a truncated row", teachOnText (good[0] + "\n" + good[1].Substring(0, 20))
        "data: a list where a row is expected", teachOnText "[1, 2]\n[3]\n"
        "data: a number where text is expected", teachOnText """{"question": 7, "rationale": "a", "answer": "1"}"""
        "data: a missing column", teachOnText """{"question": "What", "rationale": "a"}"""
        "data: an empty answer", teachOnText """{"question": "What", "rationale": "a", "answer": ""}"""
        "data: a rationale that is an object",
        teachOnText """{"question": "What", "rationale": {"a": 1}, "answer": "1"}"""
        "data: a rationale step that is an object",
        teachOnText """{"question": "What", "rationale": [{}], "answer": "1"}"""
        "data: GSM8K without its mark",
        fun folder ->
            teachOnText """{"question": "What", "answer": "3 + 4 = 7"}""" folder
            @ [ "--format"; "gsm8k" ]
        "data: iCoT text without its bars", teachOnText "What is 1 + 2 ? #### 3\n"
        "data: very deep JSON", teachOnText (String('[', 100_000))
        "data: a picture", teachOn [| 0x89uy; 0x50uy; 0x4Euy; 0x47uy; 0x0Duy; 0x0Auy; 0x1Auy; 0x0Auy |]
        "data: broken Parquet", teachOnText "PAR1 this is not Parquet PAR1"
        "data: bytes that are no text after some that are", teachOn (Array.append "Tom has 3"B [| 0xC3uy; 0x28uy |])
        "data: no rationale",
        fun folder ->
            [
                "distill"
                "--teacher"
                TinyFolder.model folder "model"
                "--data"
                TinyFolder.data folder "data.jsonl" [ """{"question": "What is 1 + 2 ?", "answer": "3"}""" ]
                "--output"
                folder + "/run"
            ]
        "data: a folder",
        fun folder ->
            [
                "teach"
                "--model"
                TinyFolder.model folder "model"
                "--data"
                folder
                "--output"
                folder + "/run"
            ]
        "data: absent",
        fun folder ->
            [
                "teach"
                "--model"
                TinyFolder.model folder "model"
                "--data"
                folder + "/none"
                "--output"
                folder + "/run"
            ]
    ]

/// A training run whose only fault is what was done to its model's folder.
let private teachWith (spoil: string -> unit) (folder: string) =
    let model = TinyFolder.model folder "model"
    spoil model

    [
        "teach"
        "--model"
        model
        "--data"
        TinyFolder.data folder "data.jsonl" good
        "--output"
        folder + "/run"
    ]

let private replace (name: string) (before: string) (after: string) (model: string) =
    let path = Path.Combine(model, name)
    let text = File.ReadAllText path

    if not (text.Contains before) then
        failtest $"{name} has no {before}"

    File.WriteAllText(path, text.Replace(before, after))

let private write (name: string) (content: string) (model: string) =
    File.WriteAllText(Path.Combine(model, name), content)

let private delete (name: string) (model: string) = File.Delete(Path.Combine(model, name))

let private weights (change: SafetensorsContent list -> SafetensorsContent list) (model: string) =
    SafetensorsWriter.Write(Path.Combine(model, "model.safetensors"), change TinyFolder.weights)

let private shaped name (shape: int64 list) value =
    SafetensorsContent.FromDoubles(name, shape, Array.create (int (List.fold (*) 1L shape)) value)

let private but name (all: SafetensorsContent list) =
    all |> List.filter (fun one -> one.Name <> name)

let private bytes (change: byte[] -> byte[]) (model: string) =
    let path = Path.Combine(model, "model.safetensors")
    File.WriteAllBytes(path, change (File.ReadAllBytes path))

let private models: Case list =
    [
        "model: absent",
        fun folder ->
            [
                "teach"
                "--model"
                folder + "/none"
                "--data"
                TinyFolder.data folder "d.jsonl" good
                "--output"
                folder + "/run"
            ]
        "model: an empty folder",
        teachWith (fun model ->
            Directory.Delete(model, true)
            Directory.CreateDirectory model |> ignore)
        "model: no config.json", teachWith (delete "config.json")
        "model: config.json is empty", teachWith (write "config.json" "")
        "model: config.json is a list", teachWith (write "config.json" "[]")
        "model: another architecture", teachWith (replace "config.json" "\"llama\"" "\"mamba\"")
        "model: another activation", teachWith (replace "config.json" "\"silu\"" "\"gelu\"")
        "model: no hidden size", teachWith (replace "config.json" "\"hidden_size\": 8," "")
        "model: a negative size", teachWith (replace "config.json" "\"hidden_size\": 8" "\"hidden_size\": -8")
        "model: a size that is text", teachWith (replace "config.json" "\"hidden_size\": 8" "\"hidden_size\": \"8\"")
        "model: heads that do not divide",
        teachWith (replace "config.json" "\"num_key_value_heads\": 1" "\"num_key_value_heads\": 3")
        "model: an unknown rope scaling",
        teachWith (
            replace
                "config.json"
                "\"rope_theta\": 10000.0"
                "\"rope_theta\": 10000.0, \"rope_scaling\": {\"rope_type\": \"magic\", \"factor\": 2.0}"
        )
        "model: no end token", teachWith (replace "config.json" ", \"eos_token_id\": 1" "")
        "model: weights are empty", teachWith (bytes (fun _ -> [||]))
        "model: weights are truncated", teachWith (bytes (fun all -> all[.. all.Length - 9]))
        "model: weights begin with a huge header",
        teachWith (bytes (fun all -> Array.append [| 255uy; 255uy; 255uy; 255uy; 255uy; 0uy; 0uy; 0uy |] all[8..]))
        "model: weights whose header is no JSON",
        teachWith (bytes (fun all -> all |> Array.mapi (fun i b -> if i = 8 then 0x5Buy else b)))
        "model: a missing tensor", teachWith (weights (but "model.norm.weight"))
        "model: an unexpected tensor", teachWith (weights (fun all -> shaped "model.extra" [ 2L ] 1.0 :: all))
        "model: a tensor of another shape",
        teachWith (weights (fun all -> shaped "model.norm.weight" [ 9L ] 1.0 :: but "model.norm.weight" all))
        "model: NaN weights",
        teachWith (weights (fun all -> shaped "model.norm.weight" [ 8L ] nan :: but "model.norm.weight" all))
        "model: pickled weights only",
        teachWith (fun model ->
            delete "model.safetensors" model
            write "pytorch_model.bin" "PK" model)
        "model: an index that names an absent shard",
        teachWith (fun model ->
            delete "model.safetensors" model

            write
                "model.safetensors.index.json"
                """{"weight_map": {"model.norm.weight": "model-00001-of-00002.safetensors"}}"""
                model)
        "model: an index that leads outside the folder",
        teachWith (fun model ->
            delete "model.safetensors" model
            write "model.safetensors.index.json" """{"weight_map": {"model.norm.weight": "../../etc/passwd"}}""" model)
        "model: a GGUF file that is text",
        teachWith (fun model ->
            delete "model.safetensors" model
            write "model.gguf" "hello" model)
        "tokenizer: absent", teachWith (delete "tokenizer.json")
        "tokenizer: no JSON", teachWith (write "tokenizer.json" "{")
        "tokenizer: an unknown model", teachWith (replace "tokenizer.json" "\"WordLevel\"" "\"Magic\"")
        "tokenizer: an id beyond the table", teachWith (replace "tokenizer.json" "\"9\": 24" "\"9\": 2400")
    ]

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
        "config: an unknown setting", configured """{"lerning_rate": 1}"""
        "config: a value of the wrong type", configured """{"steps": "many"}"""
        "config: a choice that is none", configured """{"dtype": "float128"}"""
        "config: settings that contradict each other", configured """{"steps": 3, "epochs": 2}"""
        "config: a value out of range", configured """{"batch_size": 0}"""
        "config: a key twice", configured """{"steps": 3, "steps": 4}"""
        "config: a folder", fun folder -> teach folder @ [ "--config"; folder ]
        "config: a setting of another command", configured """{"latent_steps": 3}"""
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

[<Tests>]
let tests =
    testList
        "Bad input"
        [
            test "every case ends in one clear line" {
                let all = datasets @ models @ runs @ math @ BadRunFiles.cases
                Expect.isGreaterThanOrEqual all.Length 140 "cases"
                all |> List.map outcome |> String.concat "" |> expectGolden "bad input.txt"
            }
        ]
