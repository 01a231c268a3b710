/// What an export tells of a model holds for that model: its prefix, its settings, the Python that loads it.
module LoRi.Cli.Tests.ExportCardTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

let private json (file: string) =
    JsonDocument.Parse(File.ReadAllText file).RootElement

let private lora = [ "--lora-rank"; "2"; "--lora-targets"; "q_proj" ]

/// A student with adapters, and what was said while it was trained.
let private student folder (name: string) =
    let model = path folder "model"
    let teacher = if name = "icot-kd" then [ "--teacher"; model ] else []

    (succeeded (
        lori (
            [ "distill"; "--method"; name; "--model"; model ]
            @ teacher
            @ lora
            @ training folder 1 "run"
        )
    ))
        .Error

let private export folder (output: string) options =
    let outcome =
        succeeded (lori ([ "export"; "--output"; path folder output ] @ options))

    outcome, File.ReadAllText(path folder $"{output}/README.md")

let private resize = "base.resize_token_embeddings(max(17, "

let private adapterCards =
    [
        for name, hasRows in [ "latent-ce", true; "no-cot", false; "icot-si", false; "icot-kd", false ] do
            test $"{name}: an adapter's rows are made room for, where it has any" {
                withTiny (fun folder ->
                    student folder name |> ignore
                    let run = path folder "run"
                    let _, card = export folder "adapter" [ "--model"; run; "--form"; "adapter" ]
                    Expect.equal (card.Contains resize) hasRows "rows of the markers, which it brings"
                    Expect.equal (card.Contains "The base has no rows for the markers") hasRows "said"
                    Expect.stringContains card "get_class_from_dynamic_module(\"modeling_lori." "its class"
                    Expect.isTrue (File.Exists(path folder "adapter/modeling_lori.py")) "the file"
                    let _, merged = export folder "merged" [ "--model"; run ]
                    Expect.stringContains merged "arithmetic in float32." "the type"
                    let prefixed = not (name.StartsWith "icot")
                    Expect.equal (merged.Contains "The answer follows the prefix \"So\".") prefixed "prefix"
                    Expect.equal (merged.Contains "| answer_prefix | So |") prefixed "the setting"
                    Expect.equal (merged.Contains "| grade | ") prefixed "what is graded"
                    let own = if prefixed then "So" else ""
                    Expect.equal (text "prefix" (json (path run "final/lori.json"))) own "lori.json")
            }
    ]

let private shares =
    test "what is trained beside adapters is named" {
        withTiny (fun folder ->
            let log = student folder "icot-kd"

            let line = log.Split '\n' |> Array.find (fun line -> line.Contains "trainable: ")

            Expect.stringContains line " of the student, " "the maps"
            Expect.stringContains line " of the emulator; the base is frozen" "the emulator"
            Expect.stringContains line ", 0 of the projection, " "there is none")
    }

let private alone =
    test "an adapter that lies alone takes its class from the base that is named, or says that it has none" {
        withTiny (fun folder ->
            student folder "no-cot" |> ignore
            Directory.Move(path folder "run/final/adapter", path folder "alone")
            let adapter = [ "--form"; "adapter"; "--adapter"; path folder "alone" ]
            let _, card = export folder "named" ([ "--model"; path folder "model" ] @ adapter)
            Expect.stringContains card "modeling_lori.LoRiForCausalLM" "the class"
            Expect.isTrue (File.Exists(path folder "named/modeling_lori.py")) "the file"

            let outcome, card =
                export folder "bare" [ "--model"; path folder "alone"; "--form"; "adapter" ]

            Expect.isFalse (File.Exists(path folder "bare/modeling_lori.py")) "no file"
            Expect.isFalse (card.Contains "modeling_lori") "none is named"
            Expect.isFalse (card.Contains "```python") "nor shown how"
            Expect.stringContains card "Only `lori` takes its steps" "what to use"
            Expect.stringContains (outcome.Out + outcome.Error) "the export has no modeling_lori.py" "said")
    }

let private rounded =
    test "a card of bfloat16 weights says how transformers computes as lori does" {
        withTiny (fun folder ->
            student folder "no-cot" |> ignore

            let says options =
                let output = string (List.length options)
                let _, card = export folder output ([ "--model"; path folder "run" ] @ options)
                card.Contains "`torch_dtype=torch.float32`"

            Expect.isTrue (says [ "--dtype"; "bfloat16" ]) "what is rounded"
            Expect.isFalse (says []) "what is not")
    }

let private greedy =
    test "a base's sampling is no part of a trained model, and stays with a plain one" {
        withTiny (fun folder ->
            student folder "no-cot" |> ignore
            let model = path folder "model"

            file
                model
                "generation_config.json"
                """{"eos_token_id": 1, "do_sample": true, "temperature": 0.6, "top_p": 0.9, "repetition_penalty": 1.2, "num_beams": 3}"""
            |> ignore

            let settings output =
                [
                    for value in (json (path folder $"{output}/generation_config.json")).EnumerateObject() ->
                        value.Name, value.Value.GetRawText()
                ]
                |> List.sort

            let _, card =
                export folder "student" [ "--model"; model; "--adapter"; path folder "run" ]

            Expect.equal (settings "student") [ "do_sample", "false"; "eos_token_id", "1" ] "the student"
            Expect.stringContains card "do_sample=False" "the snippet"
            export folder "plain" [ "--model"; model ] |> ignore
            Expect.contains (settings "plain") ("temperature", "0.6") "the plain model")
    }

[<Tests>]
let tests =
    testList "Export cards" [ testList "adapters of methods" adapterCards; shares; alone; rounded; greedy ]
