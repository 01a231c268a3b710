/// Damaged files that training begins with: data, models, tokenizers.
module LoRi.Cli.Tests.BadModelFiles

open System
open System.IO
open System.Text
open Expecto
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Files.Safetensors

/// Rows without a fault.
let good = TinyFolder.rows

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

/// Faults of data files.
let datasets: Case list =
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
        "data: a name with half of a surrogate pair",
        teachOnText """{"\ud800x": 1, "question": "What", "rationale": "a", "answer": "1"}"""
        "data: an array with bytes that are no text",
        teachOn (Array.concat [ "[{\"question\": \"caf"B; [| 0xE9uy |]; "\", \"answer\": \"1\"}]"B ])
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

/// Writes a file into a model folder.
let write (name: string) (content: string) (model: string) =
    File.WriteAllText(Path.Combine(model, name), content)

let private delete (name: string) (model: string) = File.Delete(Path.Combine(model, name))

let private weights (change: SafetensorsContent list -> SafetensorsContent list) (model: string) =
    SafetensorsWriter.Write(Path.Combine(model, "model.safetensors"), change TinyFolder.weights)

/// A tensor of one value.
let shaped name (shape: int64 list) value =
    SafetensorsContent.FromDoubles(name, shape, Array.create (int (List.fold (*) 1L shape)) value)

let private but name (all: SafetensorsContent list) =
    all |> List.filter (fun one -> one.Name <> name)

let private bytes (change: byte[] -> byte[]) (model: string) =
    let path = Path.Combine(model, "model.safetensors")
    File.WriteAllBytes(path, change (File.ReadAllBytes path))

/// Faults of model folders.
let models: Case list =
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
