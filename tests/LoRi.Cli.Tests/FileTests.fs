module LoRi.Cli.Tests.FileTests

open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Training.Tests

let private inspections =
    [
        test "model folders, trajectories and what is missing" {
            let format path =
                text "format" (loriJson [ "inspect"; path; "--json" ])

            for folder in SharedFiles.foldersWith "config.json" "fixtures/models" do
                Expect.equal (format (sharedFile folder)) "model-folder" folder

            for folder in SharedFiles.foldersWith "model.gguf" "fixtures/gguf" do
                Expect.equal (format (sharedFile $"{folder}/model.gguf")) "gguf" folder

            Expect.equal
                (format (sharedFile "fixtures/math/lori-0.teacher.safetensors"))
                "lori-trajectories"
                "trajectories"

            expectError Failed "there is no such file or folder" [ "inspect"; "/no/such/file" ]
        }
    ]

let private tokenizing =
    [
        test "tokenize: texts to ids and back, line by line" {
            let tokenizer = sharedFile "tokenizers/gpt2"

            let there =
                loriWith "\"Hello  world\"\n\"\\u00fc\"\n" [ "tokenize"; "--tokenizer"; tokenizer ]

            Expect.equal there.Code Success there.Error

            Expect.equal
                there.Out
                "{\"ids\":[15496,220,995],\"text\":\"Hello  world\"}\n{\"ids\":[9116],\"text\":\"ü\"}\n"
                "ids"

            let back =
                loriWith "[15496,220,995]\n" [ "tokenize"; "--tokenizer"; tokenizer; "--decode" ]

            Expect.equal back.Out "{\"ids\":[15496,220,995],\"text\":\"Hello  world\"}\n" back.Error
        }
        test "tokenize names the line that is not JSON" {
            let tokenizer = sharedFile "tokenizers/gpt2"

            for input, options in [ "\"a\"\nplain\n", []; "\"a\"\n3\n", []; "[1]\n[\"a\"]\n", [ "--decode" ] ] do
                let outcome = loriWith input ([ "tokenize"; "--tokenizer"; tokenizer ] @ options)
                Expect.equal outcome.Code Failed input
                Expect.stringContains outcome.Error "standard input, line 2: expected a JSON" input
        }
    ]

[<Tests>]
let tests = testList "Files from the command line" (inspections @ tokenizing)
