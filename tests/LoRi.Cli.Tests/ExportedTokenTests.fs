/// What a folder names beside its `tokenizer.json` is followed by the commands, and named by the folders that they write.
module LoRi.Cli.Tests.ExportedTokenTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private ids (element: JsonElement) =
    [ for id in element.GetProperty("ids").EnumerateArray() -> id.GetInt32() ]

let private read (folder: string) (name: string) : JsonObject =
    (nonNull (JsonNode.Parse(File.ReadAllText(Path.Combine(folder, name))))).AsObject()

/// The ids of the markers on a student's card.
let private markers (folder: string) =
    use card = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "lori.json")))
    let markers = card.RootElement.GetProperty "markers"
    markers.GetProperty("start").GetInt32(), markers.GetProperty("end").GetInt32()

let private fields folder name (keys: string list) =
    let found = read folder name
    [ for key in keys -> string found[key] ]

/// A model folder whose special tokens and padding are named beside tokenizer.json and config.json.
let private modelWith parent (files: (string * string) list) =
    let model = TinyFolder.model parent "m"

    for name, text in files do
        file model name text |> ignore

    model

let private template =
    "{{ bos_token }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"

let private named =
    [
        "tokenizer_config.json", $$"""{"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": "{{template}}"}"""
        "special_tokens_map.json",
        """{"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": "<unk>", "additional_special_tokens": ["#"]}"""
        "added_tokens.json", """{"#": 13}"""
        "generation_config.json", """{"eos_token_id": 1, "pad_token_id": 2}"""
    ]

let private prompted =
    test "a template and a class see what other files name" {
        inFolder (fun parent ->
            let ask model options =
                loriJson (
                    [
                        "generate"
                        "--model"
                        model
                        "--threads"
                        "1"
                        "--max-new-tokens"
                        "6"
                        "--json"
                    ]
                    @ options
                )

            let model = modelWith parent named
            let asked = ask model [ "--chat"; "--prompt"; "1+2" ]
            let plain = ask model [ "--prompt"; "<s>1+2</s>" ]
            Expect.equal (ids asked) (ids plain) "the names are rendered"

            file model "tokenizer_config.json" """{"tokenizer_class": "LlamaTokenizerFast"}"""
            |> ignore

            Expect.equal
                (ids (ask model [ "--prompt"; "1+2" ]))
                (ids (ask model [ "--ids"; "0,16,11,17" ]))
                "the class adds")
    }

let private written =
    test "a student's folder and its export name what the teacher's folder names" {
        inFolder (fun parent ->
            let model = modelWith parent named
            let data = TinyFolder.data parent "data.jsonl" TinyFolder.rows
            let run, out = Path.Combine(parent, "run"), Path.Combine(parent, "out")

            succeed (
                lori
                    [
                        "distill"
                        "--method"
                        "lori"
                        "--latent-steps"
                        "2"
                        "--teacher"
                        model
                        "--data"
                        data
                        "--output"
                        run
                        "--steps"
                        "1"
                        "--batch-size"
                        "2"
                        "--threads"
                        "1"
                    ]
            )

            succeed (lori [ "export"; "--model"; run; "--output"; out ])

            for folder in [ Path.Combine(run, "final"); out ] do
                Expect.equal
                    (fields folder "tokenizer_config.json" [ "bos_token"; "eos_token"; "pad_token"; "tokenizer_class" ])
                    [ "<s>"; "</s>"; "<unk>"; "PreTrainedTokenizerFast" ]
                    "tokenizer_config.json"

                Expect.equal
                    (fields folder "generation_config.json" [ "pad_token_id"; "eos_token_id" ])
                    [ "2"; "1" ]
                    "generation"

                Expect.equal (fields folder "config.json" [ "pad_token_id" ]) [ "2" ] "config.json"

                Expect.equal
                    (fields folder "added_tokens.json" [ "<bot>"; "<eot>" ])
                    [ "25"; "26" ]
                    "added_tokens.json"

            Expect.equal
                (fields out "special_tokens_map.json" [ "bos_token"; "eos_token"; "pad_token" ])
                [ "<s>"; "</s>"; "<unk>" ]
                "special_tokens_map.json"

            let map = read out "special_tokens_map.json"

            let further =
                [
                    for token in (nonNull map["additional_special_tokens"]).AsArray() -> string token
                ]

            Expect.containsAll further [ "#"; "<bot>"; "<eot>" ] "further special tokens")
    }

let private reserved =
    test "the markers of a student take no id that the teacher's configuration gives away" {
        inFolder (fun parent ->
            let model =
                modelWith parent [ "generation_config.json", """{"eos_token_id": 1, "pad_token_id": 25}""" ]

            let data = TinyFolder.data parent "data.jsonl" TinyFolder.rows
            let run = Path.Combine(parent, "run")

            succeed (
                lori
                    [
                        "distill"
                        "--method"
                        "latent-ce"
                        "--teacher"
                        model
                        "--data"
                        data
                        "--output"
                        run
                        "--steps"
                        "1"
                        "--batch-size"
                        "2"
                        "--threads"
                        "1"
                    ]
            )

            let final = Path.Combine(run, "final")
            Expect.equal (markers final) (26, 27) "markers"
            Expect.equal (fields final "config.json" [ "vocab_size"; "pad_token_id" ]) [ "28"; "25" ] "config.json"

            let spelled = loriWith "\"<bot><eot>\"\n" [ "tokenize"; "--tokenizer"; run ]
            Expect.equal (ids (JsonDocument.Parse(spelled.Out).RootElement)) [ 0; 26; 27 ] "tokenizer")
    }

[<Tests>]
let tests = testList "exported tokens" [ prompted; written; reserved ]
