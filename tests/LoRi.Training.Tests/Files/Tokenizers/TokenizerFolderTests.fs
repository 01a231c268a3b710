/// What stands beside a `tokenizer.json`: tokens that other files of the folder declare, and the ids that new ones get.
module LoRi.Training.Tests.TokenizerFolderTests

open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Training.Tests.TokenizerFolders

/// Whether a token is unknown to the file, one of its model's, or one of its added tokens that are not special.
type private Presence =
    | Unknown
    | OfModel
    | Added

/// Where it is declared, what that says of the file, and whether it makes it special.
let private declarations =
    let text content = $"\"{content}\""

    let object special content =
        $$"""{"__type": "AddedToken", "content": "{{content}}", "lstrip": true, "rstrip": false, "normalized": false, "single_word": false{{special}} }"""

    let forms = [ "text", text; "object", object "" ]

    [
        for form, written in forms do
            for role in [ "bos_token"; "pad_token"; "mask_token" ] do
                $"{role} of the configuration, {form}",
                (fun content _ -> [ config, $"{{{plain}, \"{role}\": {written content}}}" ]),
                true

                $"{role} of the map, {form}",
                (fun content _ -> [ config, $"{{{plain}}}"; map, $"{{\"{role}\": {written content}}}" ]),
                true

            $"further token of the configuration, {form}",
            (fun content _ -> [ config, $"{{{plain}, \"additional_special_tokens\": [{written content}]}}" ]),
            true

            $"further token of the map, {form}",
            (fun content _ ->
                [
                    config, $"{{{plain}}}"
                    map, $"{{\"additional_special_tokens\": [{written content}]}}"
                ]),
            true

            $"extra token, {form}",
            (fun content _ ->
                [
                    config, $"{{{plain}, \"extra_special_tokens\": {{\"image_token\": {written content}}}}}"
                ]),
            true
        for special, flag in [ true, ", \"special\": true"; false, ", \"special\": false" ] do
            $"list of the configuration, special {special}",
            (fun content id ->
                [
                    config, $"{{{plain}, \"added_tokens_decoder\": {{\"{id}\": {object flag content}}}}}"
                ]),
            special
        "added_tokens.json",
        (fun content id -> [ config, $"{{{plain}}}"; addedFile, $"{{\"{content}\": {id}}}" ]),
        false
    ]

/// What is known of a declared token: its id, whether white space on its left is its own, and whether it is special.
let private expected (name: string) (presence: Presence) (special: bool) =
    let id =
        match presence with
        | Unknown -> size
        | OfModel -> idOf "<own>"
        | Added -> size
    // An object says it, unless tokenizer.json lists the token and is asked for roles before; a list of the configuration always does.
    let stripped =
        (name.EndsWith "object"
         && (presence <> Added || name.StartsWith "further" || name.StartsWith "extra"))
        || name.StartsWith "list"

    // A text without a role of its own that is an added token already is left as it is.
    let leftAlone =
        presence = Added
        && name.EndsWith "text"
        && (name.StartsWith "further" || name.StartsWith "extra")

    id, stripped, special && not leftAlone

let private matrix =
    [
        for name, files, special in declarations do
            for presence in [ Unknown; OfModel; Added ] do
                testCase $"{name}: {presence}"
                <| fun () ->
                    let content = if presence = OfModel then "<own>" else "<x>"

                    let file =
                        tokenizer (
                            if presence = Added then
                                added [ listed size "<x>" false ]
                            else
                                ""
                        )

                    let id, stripped, special = expected name presence special
                    let text = $"a {content}b"

                    let wanted =
                        bytes (if stripped then "a" else "a ") @ [ id ] @ bytes "b" |> Array.ofList

                    withFiles file (files content id)
                    <| fun loaded ->
                        Expect.equal (loaded.Encode text) wanted "ids"
                        Expect.isEmpty loaded.Notes "notes"

                        Expect.equal
                            (loaded.Decode([ 97; id ], skipSpecialTokens = true))
                            (if special then "a" else "a" + content)
                            "decoded"

                        inFolder []
                        <| fun saved ->
                            loaded.SaveTo saved |> ignore
                            let again = TokenizerFile.Load saved
                            Expect.equal (again.Encode text) wanted "ids after saving"
                            Expect.isEmpty again.Notes "notes after saving"

                            Expect.equal
                                (again.SpecialTokens.ToJsonString())
                                (loaded.SpecialTokens.ToJsonString())
                                "special tokens after saving"
    ]

let private precedence =
    let roles (tokenizer: TextTokenizer) =
        rendered tokenizer "{{ bos_token }},{{ eos_token }},{{ additional_special_tokens }}"

    [
        for name, configuration, mapped, wanted in
            [
                "the map before the configuration", "\"bos_token\": \"<own>\"", "{\"bos_token\": \"<s>\"}", "<s>,,"
                "null in the map", "\"bos_token\": \"<own>\"", "{\"bos_token\": null}", ",,"
                "null in the configuration", "\"bos_token\": null", "{\"eos_token\": \"</s>\"}", ",</s>,"
                "the configuration's list before the map",
                "\"bos_token\": \"<own>\", \"added_tokens_decoder\": {}",
                "{\"bos_token\": \"<s>\", \"eos_token\": \"</s>\"}",
                "<own>,,"
                "further tokens of both",
                "\"additional_special_tokens\": [\"<own>\"]",
                "{\"additional_special_tokens\": [{\"content\": \"<s>\"}, \"<own>\"]}",
                ",,['<own>', '<s>', '<own>']"
            ] do
            testCase $"roles: {name}"
            <| fun () ->
                withFiles (tokenizer "") [ config, $"{{{plain}, {configuration}}}"; map, mapped ]
                <| fun loaded -> Expect.equal (roles loaded) wanted "roles"
        testCase "roles of a class where no file names any"
        <| fun () ->
            withFiles (tokenizer "") [ config, "{\"tokenizer_class\": \"GPT2Tokenizer\"}" ]
            <| fun loaded -> Expect.equal (roles loaded) "<|endoftext|>,<|endoftext|>," "roles"
        testCase "an extra token is known to a template by its name"
        <| fun () ->
            withFiles
                (tokenizer "")
                [
                    config, $"{{{plain}, \"extra_special_tokens\": {{\"image_token\": \"<own>\"}}}}"
                ]
            <| fun loaded -> Expect.equal (rendered loaded "{{ image_token }}") "<own>" "template"
    ]

let private others =
    [
        testCase "control tokens within a text are ordinary text where the configuration says so"
        <| fun () ->
            let file =
                tokenizer (added [ listed (idOf "<s>") "<s>" true; listed size "<x>" false ])

            withFiles file [ config, $"{{{plain}, \"split_special_tokens\": true}}" ]
            <| fun loaded -> Expect.equal (loaded.Encode "<s><x>") (Array.ofList (bytes "<s>" @ [ size ])) "ids"
        for name, files, place in
            [
                "the list of the configuration",
                [
                    config, $$"""{ {{plain}}, "added_tokens_decoder": {"600": {"content": "<x>"} } }"""
                ],
                config
                "added_tokens.json", [ addedFile, "{\"<x>\": 600}" ], addedFile
            ] do
            testCase $"an id that is not the next one: {name}"
            <| fun () ->
                withFiles (tokenizer "") files
                <| fun loaded ->
                    Expect.equal (loaded.Encode "<x>") [| size |] "ids"

                    for word in [ "\"<x>\""; "600"; string size; place ] do
                        Expect.stringContains (String.concat "\n" loaded.Notes) word "note"
        for name, files, words in
            [
                "a list that is none", [ config, "{\"added_tokens_decoder\": [1]}" ], [ config; "added_tokens_decoder" ]
                "an id that is none",
                [ config, "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}}" ],
                [ config; "\"x\"" ]
                "a token without a text",
                [ config, "{\"added_tokens_decoder\": {\"300\": {\"special\": true}}}" ],
                [ config; "300"; "content" ]
                "a negative id", [ addedFile, "{\"<x>\": -1}" ], [ addedFile; "\"<x>\"" ]
                "an id far away", [ addedFile, "{\"<x>\": 99999999}" ], [ addedFile; "\"<x>\"" ]
                "a role that is a number", [ config, "{\"bos_token\": 1}" ], [ config; "bos_token" ]
                "a role of the map that is a number", [ map, "{\"bos_token\": 1}" ], [ map; "bos_token" ]
                "a role that the map has instead of the configuration",
                [ config, "{\"bos_token\": \"<s>\"}"; map, "{\"bos_token\": 1}" ],
                [ map; "bos_token" ]
                "further tokens that are no list",
                [ map, "{\"additional_special_tokens\": \"<x>\"}" ],
                [ map; "additional_special_tokens" ]
                "a class that is a number", [ config, "{\"tokenizer_class\": 1}" ], [ config; "tokenizer_class" ]
                "a flag that is none",
                [ config, "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": 1}}" ],
                [ config; "bos_token"; "lstrip" ]
                "a map that is no object", [ map, "[]" ], [ map ]
                "added tokens that are no object", [ addedFile, "[]" ], [ addedFile ]
            ] do
            testCase $"refused: {name}" <| fun () -> refused (tokenizer "") files words
    ]

/// Files that give the first free ids away, and the ids that new tokens then get.
let private newIds =
    [
        for name, files, wanted in
            [
                "nothing is given away", [ config, $"{{{plain}}}" ], [ size; size + 1 ]
                "the list of the configuration",
                [
                    config,
                    $$"""{ {{plain}}, "added_tokens_decoder": {"{{size}}": {"content": "<x>"}, "{{size + 1}}": {"content": "<y>"} } }"""
                ],
                [ size + 2; size + 3 ]
                "added_tokens.json", [ addedFile, $$"""{"<x>": {{size}} }""" ], [ size + 1; size + 2 ]
                "a role", [ config, $"{{{plain}, \"pad_token\": \"<pad>\"}}" ], [ size + 1; size + 2 ]
                "the model's padding", [ "config.json", $$"""{"pad_token_id": {{size}} }""" ], [ size + 1; size + 2 ]
                "an end between",
                [ "generation_config.json", $$"""{"eos_token_id": [3, {{size + 1}}]}""" ],
                [ size; size + 2 ]
                "an id that a token was to have", [ addedFile, $$"""{"<x>": {{size + 1}} }""" ], [ size + 2; size + 3 ]
                "a token of the class", [ config, "{\"tokenizer_class\": \"LlamaTokenizer\"}" ], [ size + 1; size + 2 ]
            ] do
            testCase $"new tokens: {name}"
            <| fun () ->
                withFiles (tokenizer "") files
                <| fun loaded ->
                    let before = [ for token in loaded.AddedTokens -> token.Content, token.Id ]

                    let markers = [ "<bot>"; "<eot>" ]
                    let extended = loaded.WithSpecialTokens markers

                    Expect.equal
                        [ for marker in markers -> extended.TokenToId marker ]
                        [ for id in wanted -> System.Nullable id ]
                        "ids"

                    inFolder []
                    <| fun saved ->
                        loaded.SaveTo(saved, markers) |> ignore
                        let again = TokenizerFile.Load saved
                        Expect.equal (again.Encode("<bot><eot>", false)) (Array.ofList wanted) "ids after saving"
                        Expect.isEmpty again.Notes "notes after saving"
                        Expect.equal again.VocabularySize (List.max wanted + 1) "rows after saving"

                        for content, id in before do
                            Expect.equal (again.TokenToId content) (System.Nullable id) content

                        let file = Path.Combine(saved, addedFile)

                        Expect.equal
                            (File.Exists file)
                            (List.exists (fst >> (=) addedFile) files)
                            "added_tokens.json where it was"

                        if File.Exists file then
                            let listed = (nonNull (JsonNode.Parse(File.ReadAllText file))).AsObject()

                            for token in again.AddedTokens do
                                Expect.equal (string listed[token.Content]) (string token.Id) token.Content
        testCase "new tokens: ids that another folder gives away"
        <| fun () ->
            inFolder [ "config.json", $$"""{"bos_token_id": {{size}} }""" ]
            <| fun model ->
                withFiles (tokenizer "") [ config, $"{{{plain}}}" ]
                <| fun loaded ->
                    let extended = loaded.WithSpecialTokens([ "<bot>" ], TokenizerFolder.IdsIn model)
                    Expect.equal (extended.TokenToId "<bot>") (System.Nullable(size + 1)) "id"
    ]

[<Tests>]
let tests = testList "tokenizer folder" (matrix @ precedence @ others @ newIds)
