/// The class that a tokenizer's folder names, or that its model's family has: what it puts around texts and before them.
module LoRi.Training.Tests.TokenizerClassTests

open Expecto
open LoRi.Files.Tokenizers
open LoRi.Training.Tests.TokenizerFolders

let private classes =
    let settings name rest =
        $$"""{"tokenizer_class": "{{name}}"{{rest}} }"""

    let named = """, "bos_token": "<s>", "eos_token": "</s>", "unk_token": null"""
    let first, last = idOf "<s>", idOf "</s>"

    [
        for name, rest, before, after in
            [
                "LlamaTokenizerFast", "", [ first ], []
                "LlamaTokenizer", named, [ first ], []
                "LlamaTokenizerFast", named + ", \"add_eos_token\": true", [ first ], [ last ]
                "LlamaTokenizerFast", named + ", \"add_bos_token\": false", [], []
                "LlamaTokenizerFast", named + ", \"add_bos_token\": null, \"add_eos_token\": true", [], [ last ]
                "LlamaTokenizerFast",
                """, "bos_token": {"__type": "AddedToken", "content": "<own>", "normalized": true}""",
                [ idOf "<own>" ],
                []
                "LlamaTokenizerFast", ", \"add_prefix_space\": null", [ first ], []
                "LlamaTokenizerFast", ", \"add_prefix_space\": false", [ first ], []
                "CodeLlamaTokenizerFast", "", [ first ], []
                "GemmaTokenizer", named, [ first ], []
                "CohereTokenizerFast", named, [ first ], []
                "GPTNeoXTokenizerFast", named, [], []
                "GPTNeoXTokenizer", named + ", \"add_bos_token\": true", [ first ], []
                "GPT2Tokenizer", named + ", \"add_bos_token\": true", [], []
                "Qwen2Tokenizer", named + ", \"add_bos_token\": true", [], []
                "PreTrainedTokenizerFast", named + ", \"add_bos_token\": true, \"add_eos_token\": true", [], []
                "PreTrainedTokenizer", named, [], []
            ] do
            testCase $"{name} {rest}"
            <| fun () ->
                withFiles (tokenizer "") [ config, settings name rest ]
                <| fun loaded ->
                    let wanted = before @ bytes "ab" @ after |> Array.ofList
                    Expect.equal (loaded.Encode "ab") wanted "ids"
                    Expect.equal (loaded.Encode("ab", false)) (Array.ofList (bytes "ab")) "ids of the text alone"
                    Expect.isEmpty loaded.Notes "notes"

                    inFolder []
                    <| fun saved ->
                        loaded.SaveTo(saved, [ "<bot>" ]) |> ignore
                        Expect.equal ((TokenizerFile.Load saved).Encode "ab") wanted "ids after saving"
        for name, rest, words in
            [
                "LlamaTokenizerFast",
                ", \"bos_token\": null",
                [ config; "add_bos_token"; "LlamaTokenizer"; "no bos_token" ]
                "LlamaTokenizerFast",
                """, "eos_token": null, "add_eos_token": true""",
                [ config; "add_eos_token"; "LlamaTokenizer"; "no eos_token" ]
                "LlamaTokenizerFast",
                named + ", \"add_prefix_space\": true",
                [ config; "add_prefix_space"; "tokenizer.model" ]
                "CodeGenTokenizer", named + ", \"add_bos_token\": true", [ config; "add_bos_token"; "CodeGenTokenizer" ]
                "LlamaTokenizerFast",
                named + ", \"add_bos_token\": \"yes\"",
                [ config; "add_bos_token"; "true or false" ]
            ] do
            testCase $"refused: {name} {rest}"
            <| fun () -> refused (tokenizer "") [ config, settings name rest ] words
        testCase "a class that replaces what the file adds"
        <| fun () ->
            let template =
                $$""" "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A"} }, {"SpecialToken": {"id": "<own>"} }],
"special_tokens": {"<own>": {"id": "<own>", "ids": [{{idOf "<own>"}}], "tokens": ["<own>"]} } }, """

            for name, wanted in
                [
                    "LlamaTokenizerFast", first :: bytes "a"
                    "Qwen2Tokenizer", bytes "a" @ [ idOf "<own>" ]
                ] do
                withFiles (tokenizer template) [ config, settings name named ]
                <| fun loaded -> Expect.equal (loaded.Encode "a") (Array.ofList wanted) name
        testCase "a class that is not known is named"
        <| fun () ->
            withFiles (tokenizer "") [ config, settings "RobertaTokenizer" ", \"add_bos_token\": true" ]
            <| fun loaded ->
                Expect.equal (loaded.Encode "a") [| 97 |] "ids"
                Expect.stringContains (String.concat "\n" loaded.Notes) "\"RobertaTokenizer\"" "note"
        testCase "tokens of the class alone need no row of a model, and are not written"
        <| fun () ->
            withFiles (tokenizer "") [ config, settings "LlamaTokenizerFast" "" ]
            <| fun loaded ->
                Expect.equal (loaded.Encode("<unk>", false)) [| size |] "found in text"
                Expect.equal loaded.VocabularySize size "rows"

                inFolder []
                <| fun saved ->
                    loaded.SaveTo saved |> ignore
                    let again = TokenizerFile.Load saved
                    Expect.equal again.VocabularySize size "rows after saving"
                    Expect.equal (again.Encode("<unk>", false)) [| size |] "found after saving"
        testCase "one that is put before texts needs a row"
        <| fun () ->
            withFiles (tokenizerWith [] "false" "") [ config, settings "LlamaTokenizerFast" "" ]
            <| fun loaded ->
                Expect.equal (loaded.Encode "a") [| 256; 97 |] "ids"
                Expect.equal loaded.VocabularySize 257 "rows"
    ]

let private guesses =
    let model kind rest =
        "config.json", $$"""{"model_type": "{{kind}}"{{rest}} }"""

    [
        for name, file, files, wanted, notes in
            [
                "llama", tokenizer "", [ model "llama" "" ], idOf "<s>" :: bytes "a", 0
                "mistral", tokenizer "", [ model "mistral" "" ], idOf "<s>" :: bytes "a", 0
                "qwen2", tokenizer "", [ model "qwen2" "" ], bytes "a", 0
                "gpt2", tokenizer "", [ model "gpt2" "" ], bytes "a", 0
                "another family", tokenizer "", [ model "bloom" "" ], bytes "a", 0
                "a class in config.json",
                tokenizer "",
                [ model "qwen2" ", \"tokenizer_class\": \"LlamaTokenizer\"" ],
                idOf "<s>" :: bytes "a",
                0
                "a class before that of the family",
                tokenizer "",
                [ model "llama" ""; config, $"{{{plain}}}" ],
                bytes "a",
                0
                "a configuration without a class",
                tokenizer "",
                [ model "llama" ""; config, "{\"bos_token\": \"<own>\"}" ],
                idOf "<own>" :: bytes "a",
                0
                "no beginning in the vocabulary", tokenizerWith [] "false" "", [ model "llama" "" ], bytes "a", 1
            ] do
            testCase $"by the family: {name}"
            <| fun () ->
                withFiles file files
                <| fun loaded ->
                    Expect.equal (loaded.Encode "a") (Array.ofList wanted) "ids"
                    Expect.hasLength loaded.Notes notes "notes"

                    Expect.isLessThanOrEqual loaded.VocabularySize size "no token that the vocabulary lacks"
    ]

let private prefixes =
    [
        for name, file, settings, wanted in
            [
                "the file alone", "true", None, true
                "a configuration without it", "true", Some plain, false
                "asked for", "false", Some(plain + ", \"add_prefix_space\": true"), true
                "refused", "true", Some(plain + ", \"add_prefix_space\": false"), false
                "null", "true", Some(plain + ", \"add_prefix_space\": null"), true
                "a class that leaves it",
                "true",
                Some "\"tokenizer_class\": \"LlamaTokenizer\", \"add_bos_token\": false",
                true
                "another class", "true", Some "\"tokenizer_class\": \"Qwen2Tokenizer\"", false
            ] do
            testCase $"a space before a text: {name}"
            <| fun () ->
                withFiles
                    (tokenizerWith own file "")
                    [
                        for text in Option.toList settings do
                            config, $"{{{text}}}"
                    ]
                <| fun loaded ->
                    let ids = Array.ofList (bytes (if wanted then " a" else "a"))
                    Expect.equal (loaded.Encode "a") ids "ids"

                    inFolder []
                    <| fun saved ->
                        loaded.SaveTo saved |> ignore
                        Expect.equal ((TokenizerFile.Load saved).Encode "a") ids "ids after saving"
        testCase "a space before a text: not where the step is one of several"
        <| fun () ->
            let file =
                (tokenizer "")
                    .Replace(
                        """{"type": "ByteLevel", "add_prefix_space": false }""",
                        """{"type": "Sequence", "pretokenizers": [{"type": "ByteLevel", "add_prefix_space": false}]}"""
                    )

            withFiles file [ config, $"{{{plain}, \"add_prefix_space\": true}}" ]
            <| fun loaded -> Expect.equal (loaded.Encode "a") [| 97 |] "ids"
    ]

[<Tests>]
let tests = testList "tokenizer class" (classes @ guesses @ prefixes)
