/// What `lori inspect` says of models, runs and adapters beside their tensors.
module LoRi.Cli.Tests.InspectTests

open System.IO
open System.Runtime.InteropServices
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

/// The report; a model that cannot be used is told by the exit code and one line too.
let private inspect (target: string) =
    let outcome = lori [ "inspect"; target; "--json" ]
    let report = JsonDocument.Parse(outcome.Out).RootElement

    let wrong =
        match report.TryGetProperty "findings" with
        | true, found when report.TryGetProperty "config" |> fst ->
            found.EnumerateArray()
            |> Seq.exists (fun item -> item.GetProperty("level").GetString() = "error")
        | _ -> false

    Expect.equal outcome.Code (if wrong then Failed else Success) $"exit code: {outcome.Error}"
    Expect.equal (outcome.Error.Trim().Split('\n').Length) 1 "at most one line"
    Expect.equal (outcome.Error.StartsWith "lori: error: ") wrong "the line"
    report

let private findings (report: JsonElement) =
    [
        for item in report.GetProperty("findings").EnumerateArray() -> text "level" item, text "text" item
    ]

let private says level (part: string) (report: JsonElement) =
    Expect.exists
        (findings report)
        (fun (found, message) -> found = level && message.Contains part)
        $"{level}: {part}, among {findings report}"

let private silent (part: string) (report: JsonElement) =
    Expect.all (findings report) (fun (_, message) -> not (message.Contains part)) $"nothing about {part}"

/// Makes the tiny model folder, changes it, and looks at it.
let private changed (change: string -> unit) (check: JsonElement -> unit) =
    inFolder (fun folder ->
        let model = TinyFolder.model folder "model"
        change model
        check (inspect model))

let private rewrite (model: string) (weights: SafetensorsContent list) =
    SafetensorsWriter.Write(path model "model.safetensors", weights)

let private table = "model.embed_tokens.weight"

[<DllImport("libc", EntryPoint = "mkfifo")>]
extern int private makePipe(string path, uint32 mode)

let private suspicious =
    [
        "a card that is a pipe",
        (fun model -> Expect.equal (makePipe (path model "lori.json", 0o600u)) 0 "mkfifo"),
        says "error" "lori.json: is a pipe"
        "a card that is damaged",
        (fun model -> File.WriteAllText(path model "lori.json", "{")),
        says "error" "cannot be asked: "
        "a sound folder has no warning",
        ignore,
        (fun report -> Expect.isEmpty (findings report |> List.filter (fun (level, _) -> level <> "note")) "warnings")
        "no generation_config.json", ignore, says "note" "generation_config.json"
        "no tokenizer", (fun model -> File.Delete(path model "tokenizer.json")), says "warning" "there is no tokenizer"
        "a tokenizer that is too large",
        (fun model ->
            File.WriteAllText(
                path model "tokenizer.json",
                TinyFolder.tokenizer.Replace("\"9\": 24", "\"9\": 24, \"ten\": 25")
            )),
        says "warning" "the tokenizer has 26 ids, the embedding table 25 rows"
        "a damaged tokenizer",
        (fun model -> File.WriteAllText(path model "tokenizer.json", "{")),
        says "error" "tokenizer"
        "no end token",
        (fun model ->
            File.WriteAllText(path model "config.json", TinyFolder.config.Replace(", \"eos_token_id\": 1", ""))),
        says "warning" "no end token"
        "an end token beyond the table",
        (fun model ->
            File.WriteAllText(
                path model "config.json",
                TinyFolder.config.Replace("\"eos_token_id\": 1", "\"eos_token_id\": 99")
            )),
        says "warning" "end token 99"
        "types that differ",
        (fun model ->
            rewrite
                model
                (SafetensorsContent.FromFloats("model.norm.weight", [ 8L ], Array.create 8 1f)
                 :: (TinyFolder.weights |> List.filter (fun one -> one.Name <> "model.norm.weight")))),
        says "warning" "F32, F64"
        "NaN",
        (fun model ->
            rewrite
                model
                (SafetensorsContent.FromDoubles("model.norm.weight", [ 8L ], Array.create 8 nan)
                 :: (TinyFolder.weights |> List.filter (fun one -> one.Name <> "model.norm.weight")))),
        says "error" "NaN or infinity in \"model.norm.weight\""
        "zeros",
        (fun model ->
            rewrite
                model
                (SafetensorsContent.FromDoubles("model.norm.weight", [ 8L ], Array.zeroCreate 8)
                 :: (TinyFolder.weights |> List.filter (fun one -> one.Name <> "model.norm.weight")))),
        says "warning" "every value is zero in \"model.norm.weight\""
        "a tensor too many",
        (fun model -> rewrite model (SafetensorsContent.FromDoubles("spare", [ 1L ], [| 1.0 |]) :: TinyFolder.weights)),
        says "error" "unexpected: spare"
        "a tensor too few",
        (fun model -> rewrite model (List.tail TinyFolder.weights)),
        says "error" (List.head TinyFolder.weights).Name
        "a head that is tied and stored",
        (fun model ->
            let head =
                SafetensorsContent.FromDoubles("lm_head.weight", [ 25L; 8L ], Array.create 200 0.1)

            rewrite model (head :: TinyFolder.weights)),
        says "warning" "lm_head.weight is stored and is not model.embed_tokens.weight"
        "pickles",
        (fun model -> File.WriteAllText(path model "pytorch_model.bin", "x")),
        says "note" "pytorch_model.bin"
        "another type than the configuration says",
        (fun model ->
            File.WriteAllText(
                path model "config.json",
                TinyFolder.config.Replace("\"model_type\"", "\"torch_dtype\": \"bfloat16\", \"model_type\"")
            )),
        says "note" "config.json says bfloat16, most weights are F64"
        "an architecture that is not supported",
        (fun model -> File.WriteAllText(path model "config.json", TinyFolder.config.Replace("\"llama\"", "\"mamba\""))),
        says "error" "mamba"
        "an adapter beside the weights",
        (fun model -> File.WriteAllText(path model "adapter_config.json", "{}")),
        says "note" "--adapter"
    ]

let private numbersOfModel =
    test "parameters are those of the tensors, and memory is told by dtype, method and what is trained" {
        changed ignore (fun report ->
            let model = report.GetProperty "model"

            let values =
                [
                    for item in report.GetProperty("tensors").EnumerateArray() ->
                        numbers (item.GetProperty "shape") |> Array.fold (*) 1.0
                ]
                |> List.sum

            Expect.equal (model.GetProperty("parameters").GetDouble()) values "parameters"
            Expect.equal (model.GetProperty("architecture").GetString()) "Llama" "architecture"
            let rows = [ for row in report.GetProperty("memory").EnumerateArray() -> row ]

            let bytes usage dtype trained =
                rows
                |> List.find (fun row ->
                    text "use" row = usage && text "dtype" row = dtype && text "trained" row = trained)
                |> fun row -> row.GetProperty("bytes").GetDouble()

            for method in [ "cot"; "no-cot"; "latent-ce"; "codi"; "lori"; "lori --online" ] do
                for dtype in [ "float32"; "bfloat16" ] do
                    Expect.isGreaterThan
                        (bytes method dtype "all")
                        (bytes "generate" dtype "nothing")
                        $"{method} {dtype}"

            Expect.isGreaterThan (bytes "codi" "float32" "all") (bytes "latent-ce" "float32" "all") "two passes"
            Expect.isGreaterThan (bytes "generate" "float64" "nothing") (bytes "generate" "bfloat16" "nothing") "wider")
    }

let private onTheScreen =
    test "for reading: a table of memory, and every finding" {
        inFolder (fun folder ->
            let outcome = lori [ "inspect"; TinyFolder.model folder "model" ]
            Expect.equal outcome.Code Success outcome.Error

            for part in
                [
                    "architecture"
                    "parameters"
                    "LoRA of rank 16"
                    "codi"
                    "note: there is no generation_config.json"
                ] do
                Expect.stringContains outcome.Out part "screen")
    }

let private ofRuns =
    test "runs tell whether they are finished, what they can go on from, and of their adapter" {
        withTiny (fun folder ->
            let command =
                teach folder 4 "run" @ [ "--lora-rank"; "2"; "--checkpoint-every"; "2" ]

            let outcome = lori command
            Expect.equal outcome.Code Success outcome.Error
            let report = inspect (path folder "run")
            Expect.equal (text "format" report) "lori-run" "format"
            Expect.isTrue (report.GetProperty("finished").GetBoolean()) "finished"
            Expect.isTrue (report.GetProperty("adapter").GetBoolean()) "adapter"

            Expect.equal
                [
                    for name in report.GetProperty("checkpoints").EnumerateArray() -> name.GetString()
                ]
                [ "step-000002"; "step-000004" ]
                "checkpoints"

            silent "cannot be loaded" report
            let adapter = inspect (path folder "run/final/adapter")
            Expect.equal (text "format" adapter) "adapter-folder" "format"
            Expect.equal (adapter.GetProperty("model").GetProperty("rank").GetInt32()) 2 "rank"
            says "note" "without its base" adapter
            Directory.Delete(path folder "run/final", true)
            Expect.isFalse ((inspect (path folder "run")).GetProperty("finished").GetBoolean()) "unfinished")
    }

/// Every safetensors type and every GGUF type of the reference files is listed under its name.
let private types =
    [
        for folder, pattern in
            [
                "fixtures/safetensors", "dtype-*.safetensors"
                "fixtures/gguf/quant", "*.gguf"
            ] do
            test $"all types of {folder} are listed" {
                let files =
                    Directory.GetFiles(sharedFile folder, pattern, SearchOption.AllDirectories)
                    |> Array.filter (fun file -> not (file.Contains "-bad-"))

                Expect.isNonEmpty files "files"

                for file in files do
                    let stem = nonNull (Path.GetFileNameWithoutExtension file)
                    let name = stem.Replace("dtype-", "").ToUpperInvariant()

                    let found =
                        [
                            for item in (inspect file).GetProperty("tensors").EnumerateArray() -> text "dtype" item
                        ]
                        |> List.distinct

                    Expect.exists found _.StartsWith(name) $"{file}: {found}"
            }
    ]

let private fixtures =
    test "reference models have no error" {
        let root = sharedFile "fixtures/models"

        for folder in Directory.GetDirectories root do
            let report = inspect folder
            Expect.isEmpty (findings report |> List.filter (fun (level, _) -> level = "error")) folder
    }

let private screen =
    test "what matters stands last, blocks are told in one line, and --tensors lists each" {
        inFolder (fun folder ->
            TinyRun.writeModel (path folder "model")
            let model = path folder "model"

            let lines (options: string list) =
                (lori ([ "inspect"; model ] @ options)).Out.TrimEnd().Split '\n'

            let all = lines [ "--tensors" ]
            let count = (inspect model).GetProperty("tensors").GetArrayLength()
            Expect.stringEnds all[0] $"{count} tensors" "first line"

            let listed (found: string array) =
                found |> Array.filter (fun line -> line.StartsWith "model.") |> Array.length

            Expect.equal (listed all) count "each tensor"
            let tall = path folder "tall"
            Directory.CreateDirectory tall |> ignore

            let blocks =
                [
                    for block in 0..30 ->
                        SafetensorsContent.FromDoubles($"blocks.{block}.weight", [ 2L ], [| 1.0; 2.0 |])
                ]

            let file = path folder "many.safetensors"
            SafetensorsWriter.Write(file, SafetensorsContent.FromDoubles("head", [ 1L ], [| 1.0 |]) :: blocks)

            Expect.equal
                ((lori [ "inspect"; file ]).Out.TrimEnd().Split '\n')
                [|
                    $"{file}: safetensors, 32 tensors"
                    "head             F64 1"
                    "blocks.*.weight  F64 2, 31 of them"
                |]
                "condensed"

            let shown = String.concat "\n" (lines [])
            Expect.isTrue (shown.IndexOf "memory for training" > shown.IndexOf "model.norm.weight") "memory is below"

            for part in
                [
                    "memory for one answer, in GiB, roughly: "
                    " in float64, "
                    "all weights, float32"
                    "LoRA, bfloat16"
                ] do
                Expect.stringContains shown part "in words"

            Expect.isFalse (shown.Contains "nothing") "no heading that says nothing")
    }

[<Tests>]
let tests =
    testList
        "Inspect"
        [
            testList "suspicious" [ for name, change, check in suspicious -> test name { changed change check } ]
            numbersOfModel
            onTheScreen
            screen
            ofRuns
            testList "types" types
            fixtures
        ]
