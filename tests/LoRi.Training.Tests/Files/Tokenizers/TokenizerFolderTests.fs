/// What stands beside a `tokenizer.json`: the class and its settings, and tokens that other files of the folder declare.
module LoRi.Training.Tests.TokenizerFolderTests

open System.IO
open System.Text.Json
open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Jinja
open LoRi.Training.Tests.SharedFiles

/// The tokens of every vocabulary here: an id for each byte, its value, and more from 256 on.
let private own = [ "<own>"; "<s>"; "</s>"; "<|endoftext|>" ]

let private idOf (token: string) = 256 + List.findIndex ((=) token) own
let private size = 256 + own.Length

let private vocabulary (tokens: string list) =
    [ for value in 0..255 -> ByteAlphabet.Write(byte value) ] @ tokens
    |> List.mapi (fun id token -> $"{JsonSerializer.Serialize token}: {id}")
    |> String.concat ", "

let private tokenizerWith (tokens: string list) (prefix: string) (parts: string) =
    $$"""{ {{parts}}"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": {{prefix}} }, "decoder": {"type": "ByteLevel"},
"model": {"type": "BPE", "vocab": { {{vocabulary tokens}} }, "merges": []} }"""

let private tokenizer = tokenizerWith own "false"

let private listed (id: int) (content: string) (special: bool) =
    $$"""{"id": {{id}}, "content": "{{content}}", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": {{(string special).ToLowerInvariant()}} }"""

let private added (tokens: string list) =
    tokens |> String.concat ", " |> sprintf "\"added_tokens\": [%s], "

let private config = "tokenizer_config.json"
let private map = "special_tokens_map.json"
let private addedFile = "added_tokens.json"
let private plain = "\"tokenizer_class\": \"PreTrainedTokenizerFast\""

let private inFolder (files: (string * string) list) (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-folder-").FullName

    try
        for name, text in files do
            File.WriteAllText(Path.Combine(folder, name), text)

        run folder
    finally
        Directory.Delete(folder, true)

let private withFiles (file: string) (files: (string * string) list) (run: TextTokenizer -> unit) =
    inFolder (("tokenizer.json", file) :: files) (TokenizerFile.Load >> run)

let private refused (file: string) (files: (string * string) list) (words: string list) =
    inFolder (("tokenizer.json", file) :: files)
    <| fun folder ->
        let message = refusalOf (fun () -> TokenizerFile.Load folder |> ignore)

        for word in words do
            Expect.stringContains message word "the refusal"

let private bytes (text: string) =
    [ for value in System.Text.Encoding.UTF8.GetBytes text -> int value ]

let private rendered (tokenizer: TextTokenizer) (template: string) =
    ChatTemplate("t", template, tokenizer.SpecialTokens).Render(JsonArray(), false)

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
let tests =
    testList "tokenizer folder" (matrix @ classes @ guesses @ precedence @ prefixes @ others @ newIds)
