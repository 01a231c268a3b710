/// Runs that train adapters, from the first step to what is handed out, through the command line.
module LoRi.Cli.Tests.LoraTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

let private lora =
    [
        "--lora-rank"
        "2"
        "--lora-alpha"
        "8"
        "--lora-dropout"
        "0.2"
        "--lora-targets"
        "q_proj"
        "v_proj"
        "down_proj"
    ]

/// Every file below a folder, by its path.
let private files (folder: string) =
    [
        for file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) |> Array.sort ->
            Path.GetRelativePath(folder, file), System.Convert.ToHexString(File.ReadAllBytes file)
    ]

let private ids = "2,3,4,5,6,7"

let private logits (options: string list) =
    let answer =
        loriJson ([ "logits"; "--ids"; ids; "--threads"; "1"; "--json" ] @ options)

    numbers (answer.GetProperty "last")

let private near tolerance (wanted: float[]) (found: float[]) =
    Expect.equal found.Length wanted.Length "number of logits"
    let worst = Array.fold2 (fun worst a b -> max worst (abs (a - b))) 0.0 wanted found
    Expect.isLessThanOrEqual worst tolerance "largest difference"

/// Answers and their scores, timings apart.
let private evaluate folder (model: string) (output: string) =
    succeed (
        lori
            [
                "evaluate"
                "--model"
                model
                "--data"
                path folder "data.jsonl"
                "--output"
                path folder output
                "--threads"
                "1"
                "--limit"
                "8"
            ]
    )

let private resumed name command =
    test $"{name} that was interrupted ends with the same bits, adapters and all" {
        withTiny (fun folder ->
            let command = command folder 9
            let whole = lori (command "whole" @ lora)
            succeed whole
            Expect.stringContains whole.Error "trainable: " "the count is told"
            Expect.stringContains whole.Error "down_proj in 2 blocks" "the maps are told"
            succeed (lori (command "broken" @ lora @ [ "--checkpoint-every"; "4" ]))
            let broken = path folder "broken"
            Directory.Delete(path broken "final", true)
            Directory.Delete(path broken "checkpoints/step-000009", true)

            let again =
                lori (command "broken" @ lora @ [ "--checkpoint-every"; "4"; "--resume" ])

            succeed again
            Expect.stringContains again.Error "resumed after step 8 of 9" "from the checkpoint"
            Expect.equal (files (path broken "final")) (files (path folder "whole/final")) "every file"
            Expect.equal (metrics broken) (metrics (path folder "whole")) "metrics")
    }

let private frozenBaseChanged =
    test "a base that is another one now is refused" {
        withTiny (fun folder ->
            let command = teach folder 6 "run" @ lora @ [ "--checkpoint-every"; "3" ]
            succeed (lori command)
            Directory.Delete(path folder "run/final", true)
            let weights = path folder "model/model.safetensors"
            let bytes = File.ReadAllBytes weights
            bytes[bytes.Length - 3] <- bytes[bytes.Length - 3] ^^^ 1uy
            File.WriteAllBytes(weights, bytes)
            let outcome = lori (command @ [ "--resume" ])
            Expect.equal outcome.Code Failed outcome.Error
            Expect.stringContains outcome.Error "the frozen weights of the model are not those" "message")
    }

/// Everything that an adapter run leaves is used: merged by all commands, attached to its base by --adapter.
let private studied =
    test "an adapter student is evaluated, exported in both forms and read back" {
        withTiny (fun folder ->
            succeed (lori (distill folder 6 "run" @ lora))
            let run, basis = path folder "run", path folder "model"
            let own = logits [ "--model"; run ]
            Expect.notEqual own (logits [ "--model"; basis ]) "something was learnt"
            near 1e-5 own (logits [ "--model"; basis; "--adapter"; run ])
            near 1e-5 own (logits [ "--model"; basis; "--adapter"; path run "final/adapter" ])
            evaluate folder run "evaluation"

            let handOut (output: string) options =
                succeed (lori ([ "export"; "--model"; run; "--output"; path folder output ] @ options))
                path folder output

            let merged = handOut "merged" [ "--evaluation"; path folder "evaluation" ]
            Expect.equal (logits [ "--model"; merged ]) own "the exported model, to the bit"

            let sharded = handOut "sharded" [ "--max-shard-size"; "2KB" ]
            Expect.isTrue (File.Exists(path sharded "model.safetensors.index.json")) "an index"
            Expect.equal (logits [ "--model"; sharded ]) own "the shards, to the bit"

            let halved = handOut "halved" [ "--dtype"; "bfloat16" ]
            let rounded = handOut "rounded" [ "--dtype"; "bfloat16"; "--max-shard-size"; "1KB" ]
            Expect.equal (logits [ "--model"; rounded ]) (logits [ "--model"; halved ]) "the same rounding"
            near 0.2 own (logits [ "--model"; halved ])

            succeed (lori [ "export"; "--model"; halved; "--output"; path folder "widened" ])

            Expect.equal
                (logits [ "--model"; path folder "widened" ])
                (logits [ "--model"; halved ])
                "widening the rounded weights changes nothing"

            let adapter =
                handOut "adapter" [ "--form"; "adapter"; "--base-model"; "someone/tiny" ]

            Expect.equal
                (logits [ "--model"; basis; "--adapter"; adapter ])
                (logits [ "--model"; basis; "--adapter"; run ])
                "the exported adapter"

            let config =
                JsonDocument.Parse(File.ReadAllText(path adapter "adapter_config.json")).RootElement

            Expect.equal (text "base_model_name_or_path" config) "someone/tiny" "base"
            Expect.isTrue (File.Exists(path adapter "modeling_lori.py")) "the modelling file"

            Expect.stringContains
                (File.ReadAllText(path adapter "README.md"))
                "base = AutoModelForCausalLM.from_pretrained(\"someone/tiny\")\ntokenizer = AutoTokenizer.from_pretrained(name)\n\
                 base.resize_token_embeddings(max(17, base.get_input_embeddings().num_embeddings), mean_resizing=False)\n"
                "rows for the markers"

            for index, model in List.indexed [ run; merged ] do
                evaluate folder model $"again-{index}"

                let answers (name: string) =
                    [
                        for line in File.ReadAllLines(path folder $"{name}/predictions.jsonl") ->
                            text "text" (JsonDocument.Parse(line).RootElement)
                    ]

                Expect.equal (answers $"again-{index}") (answers "evaluation") "the same answers after latent steps"

            let generated options =
                (loriJson ([ "generate"; "--ids"; ids; "--max-new-tokens"; "4"; "--json" ] @ options))
                    .GetProperty("ids")
                    .GetRawText()

            Expect.equal
                (generated [ "--model"; basis; "--adapter"; run ])
                (generated [ "--model"; run ])
                "latent steps with the adapter's own projection")
    }

let private card =
    test "the model card tells data, method, settings and the measured accuracy, and no path of this machine" {
        withTiny (fun folder ->
            succeed (lori (distill folder 4 "run" @ lora))
            evaluate folder (path folder "run") "evaluation"

            succeed (
                lori
                    [
                        "export"
                        "--model"
                        path folder "run"
                        "--output"
                        path folder "out"
                        "--evaluation"
                        path folder "evaluation" + "=someone/sums"
                        path folder "evaluation"
                        "--base-model"
                        "someone/tiny"
                        "--license"
                        "apache-2.0"
                        "--language"
                        "en"
                        "de"
                        "--dataset"
                        "someone/sums"
                    ]
            )

            let card = File.ReadAllText(path folder "out/README.md")

            let result =
                JsonDocument.Parse(File.ReadAllText(path folder "evaluation/evaluation.json")).RootElement

            let accuracy = result.GetProperty("accuracy").GetDouble()
            let right = result.GetProperty("correct").GetInt32()

            for part in
                [
                    "---\nlibrary_name: transformers\n"
                    "\nlicense: apache-2.0\nlanguage:\n- \"en\"\n- \"de\"\nbase_model: \"someone/tiny\"\nbase_model_relation: finetune\ndatasets:\n- \"someone/sums\"\ntags:\n"
                    "      name: \"someone/sums (data.jsonl)\"\n      type: \"someone/sums\"\n"
                    "by the method `lori` to reason in 2 continuous latent steps"
                    "Trained on data.jsonl, with seed 0."
                    $"value: {accuracy:R}\n"
                    $"| data.jsonl | 8 | {right} | {100.0 * accuracy:F1} |"
                    "| lora_rank | 2 |"
                    "| learning_rate | 0.01 |"
                    "| lora_targets | q_proj, v_proj, down_proj |"
                ] do
                Expect.stringContains card part "card"

            Expect.isFalse (card.Contains folder) "no path of this machine"
            let header = card.Split("\n---\n")[0]

            Expect.equal
                (header.Split("    dataset:").Length)
                2
                "only data that the Hub has a name for are in its index"

            for name in
                [
                    "config.json"
                    "generation_config.json"
                    "model.safetensors"
                    "tokenizer.json"
                    "tokenizer_config.json"
                    "special_tokens_map.json"
                    "lori.json"
                    "lori.safetensors"
                ] do
                Expect.isTrue (File.Exists(path folder $"out/{name}")) name

            let special =
                JsonDocument.Parse(File.ReadAllText(path folder "out/special_tokens_map.json")).RootElement

            Expect.stringContains (special.GetRawText()) "<bot>" "the markers are special")
    }

let private mistakes =
    test "what cannot be exported is said in one line, and nothing is left" {
        withTiny (fun folder ->
            succeed (lori (teach folder 3 "run"))
            let run, output = path folder "run", path folder "out"

            let export options =
                [ "export"; "--model"; run; "--output"; output ] @ options

            for code, expected, options in
                [
                    Failed, "has no adapter_config.json", [ "--form"; "adapter" ]
                    BadUsage, "--max-shard-size 5 apples: must be a size", [ "--max-shard-size"; "5 apples" ]
                    BadUsage, "--dtype float64: must be one of float32, bfloat16", [ "--dtype"; "float64" ]
                    BadUsage, "--dtype float16: must be one of float32, bfloat16", [ "--dtype"; "float16" ]
                    BadUsage, "--base-model gpt2: must be the model's name on the Hub", [ "--base-model"; "gpt2" ]
                    BadUsage, ": must be the model's name on the Hub", [ "--base-model"; run ]
                    BadUsage, "is a run of this machine", [ "--base-model"; "teacher/final" ]
                    BadUsage, "--license Apache: must be an identifier of the Hub", [ "--license"; "Apache" ]
                    BadUsage, "--language English: must be a code", [ "--language"; "English" ]
                    BadUsage, "--dataset data.jsonl: must be a data set of the Hub", [ "--dataset"; "data.jsonl" ]
                    BadUsage, "--form whole: must be one of merged, adapter", [ "--form"; "whole" ]
                    Failed, "evaluation.json", [ "--evaluation"; folder ]
                ] do
                expectError code expected (export options)
                Expect.isEmpty (Directory.GetDirectories(folder, ".partial*")) "nothing is left"
                Expect.isFalse (Directory.Exists output) "no output"

            succeed (lori (distill folder 3 "student"))
            evaluate folder (path folder "student") "evaluation"
            expectError Failed "is of a model of method \"lori\"" (export [ "--evaluation"; path folder "evaluation" ])
            expectError Failed "there is something already" ([ "export"; "--model"; run; "--output"; run ]))
    }

let private badOptions =
    [
        "alpha without rank", [ "--lora-alpha"; "4" ], BadUsage, "--lora-alpha: says how adapters are made"
        "stabilised without rank", [ "--rslora" ], BadUsage, "--rslora: says how adapters are made"
        "rank zero", [ "--lora-rank"; "0" ], BadUsage, "--lora-rank 0: must be at least 1"
        "all dropped", [ "--lora-rank"; "2"; "--lora-dropout"; "1" ], BadUsage, "--lora-dropout 1"
    ]

let private refused =
    [
        for name, options, code, message in badOptions do
            test name { withTiny (fun folder -> expectError code message (teach folder 2 "run" @ options)) }

        test "a target of another family is named, and no step is made" {
            withTiny (fun folder ->
                let outcome =
                    lori (teach folder 2 "run" @ [ "--lora-rank"; "2"; "--lora-targets"; "c_attn" ])

                Expect.equal outcome.Code Failed outcome.Error

                Expect.stringContains
                    outcome.Error
                    "--lora-targets: target \"c_attn\" matches no linear map of the blocks"
                    "message"

                Expect.isFalse (File.Exists(path folder "run/metrics.jsonl")) "no step")
        }
    ]

let private stabilised =
    test "rsLoRA is recorded, and scales by the root of the rank" {
        withTiny (fun folder ->
            let options = [ "--lora-rank"; "4"; "--lora-alpha"; "8"; "--rslora" ]
            let outcome = lori (teach folder 3 "run" @ options)
            succeed outcome
            Expect.stringContains outcome.Error "scaling 4," "8 / sqrt 4"

            let config =
                JsonDocument.Parse(File.ReadAllText(path folder "run/final/adapter/adapter_config.json")).RootElement

            Expect.isTrue (config.GetProperty("use_rslora").GetBoolean()) "recorded"

            near
                1e-5
                (logits [ "--model"; path folder "run" ])
                (logits [ "--model"; path folder "model"; "--adapter"; path folder "run" ]))
    }

[<Tests>]
let tests =
    testSequenced (
        testList
            "LoRA and export"
            ([
                resumed "a teacher" teach
                resumed "a student" distill
                frozenBaseChanged
                studied
                card
                mistakes
                stabilised
             ]
             @ refused)
    )
