module LoRi.Training.Tests.TokenizerTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TokenizerTexts

let private ids (name: string) (value: JsonElement) =
    [| for id in items name value -> id.GetInt32() |]

let private spans (name: string) (value: JsonElement) =
    [ for pair in items name value -> pair[0].GetInt32(), pair[1].GetInt32() ]

let private show (text: string) =
    let short =
        if text.Length > 40 then
            text.Substring(0, 40) + "..."
        else
            text

    JsonSerializer.Serialize short

let private checkDecoding (tokenizer: TextTokenizer) (expected: JsonElement) =
    let ids = ids "ids" expected
    Expect.equal (tokenizer.Decode ids) (text "decoded" expected) "decoded"
    Expect.equal (tokenizer.Decode(ids, true)) (text "decoded_skip_special" expected) "decoded without control tokens"

let private encodingTest (tokenizer: Lazy<TextTokenizer>) (index: int) (case: JsonElement) =
    let input = text "text" case

    testCase $"text {index}: {show input}"
    <| fun () ->
        let plain, special = case.GetProperty "plain", case.GetProperty "special"
        let found = tokenizer.Value.Encode(input, false)
        Expect.equal found (ids "ids" plain) "ids"

        Expect.equal
            [ for id in found -> string (tokenizer.Value.IdToToken id) ]
            [ for token in items "tokens" plain -> asText token ]
            "tokens"

        Expect.equal (tokenizer.Value.Encode(input, true)) (ids "ids" special) "ids with special tokens"
        Expect.equal [| for span in tokenizer.Value.EncodeWithOffsets input -> span.Id |] found "ids with offsets"
        checkDecoding tokenizer.Value plain
        checkDecoding tokenizer.Value special

let private offsetTest (tokenizer: Lazy<TextTokenizer>) (case: JsonElement) =
    testCase "offsets"
    <| fun () ->
        let found = tokenizer.Value.EncodeWithOffsets(text "text" case)
        Expect.equal [| for span in found -> span.Id |] (ids "ids" case) "ids"
        Expect.equal [ for span in found -> span.Start, span.End ] (spans "utf16" case) "offsets"

let private decodeTests (tokenizer: Lazy<TextTokenizer>) (cases: JsonElement) =
    [
        for index, case in List.indexed (items "sequences" cases) do
            testCase $"sequence {index}" <| fun () -> checkDecoding tokenizer.Value case
        testCase "every prefix of a stream"
        <| fun () ->
            let stream = cases.GetProperty "stream"
            let all = ids "ids" stream
            let prefixes = items "prefixes" stream
            Expect.isNonEmpty prefixes "prefixes"

            for length, prefix in List.indexed prefixes do
                let shift = all.Length - prefixes.Length + 1
                Expect.equal (tokenizer.Value.Decode all[.. length + shift - 1]) (asText prefix) $"prefix {length}"
    ]

let private familyTests (family: string) =
    let tokenizer = lazy TokenizerFile.Load(path $"tokenizers/{family}")

    let fixture (name: string) =
        json $"fixtures/tokenizers/{family}/{name}.json"

    testList
        family
        [
            testList
                "encodings"
                (List.mapi (encodingTest tokenizer) [ for case in (fixture "encodings").EnumerateArray() -> case ])
            offsetTest tokenizer (fixture "offsets")
            testList "decodings" (decodeTests tokenizer (fixture "decode"))
        ]

/// The rows of a batch's texts, which stand in one list, or in several under their names.
let private textRows (texts: JsonElement) : JsonElement list =
    let rows (list: JsonElement) =
        [
            for row in list.EnumerateArray() do
                if row.ValueKind = JsonValueKind.Object && (find "question" row).IsSome then
                    row
        ]

    match texts.ValueKind with
    | JsonValueKind.Array -> rows texts
    | _ ->
        [
            for part in texts.EnumerateObject() do
                if part.Value.ValueKind = JsonValueKind.Array then
                    yield! rows part.Value
        ]

let private wordLevelTest (folder: string) =
    testCase folder
    <| fun () ->
        let tokenizer = TokenizerFile.Load(path $"fixtures/peers/{folder}")

        let batch = json $"""fixtures/peers/{(folder.Split '/')[0]}/batch.json"""

        let questions =
            [ for row in textRows (batch.GetProperty "text") -> text "question" row ]

        Expect.isNonEmpty questions "questions"

        for question in questions do
            Expect.equal (tokenizer.Decode(tokenizer.Encode question, true)) question "decoded"

        match find "examples" batch with
        | Some examples ->
            for question, example in Seq.zip questions (examples.EnumerateArray()) do
                Expect.equal (tokenizer.Encode question) (ids "question" example) "ids"
        | None -> ()

let private wordLevelFolders () =
    [
        for file in Directory.GetFiles(path "fixtures/peers", "tokenizer.json", SearchOption.AllDirectories) ->
            Path.GetRelativePath(path "fixtures/peers", string (Path.GetDirectoryName file))
    ]
    |> List.sort

let private inTemporaryFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "lori-tests-"

    try
        run folder.FullName
    finally
        folder.Delete true

let private sameEncodings (one: TextTokenizer) (other: TextTokenizer) =
    for case in (json "fixtures/tokenizers/smollm2/encodings.json").EnumerateArray() do
        let input = text "text" case
        Expect.equal (other.Encode input) (one.Encode input) (show input)

let private smol = "models/smollm2-135m-instruct"

let private vocabularyTests () =
    [
        for folder in foldersWith "model.gguf" "fixtures/gguf" do
            testCase $"{folder}: the GGUF file's own vocabulary"
            <| fun () ->
                let tokenizer = TokenizerFile.Load(path $"{folder}/model.gguf")

                for case in items "tokenizer" (json $"{folder}/expected.json") do
                    Expect.equal (tokenizer.Encode(text "text" case)) (ids "ids" case) (text "text" case)
                    Expect.equal (tokenizer.Decode(ids "ids" case)) (text "text" case) "decoded"
        testCase "SmolLM2: the GGUF file's vocabulary is that of tokenizer.json"
        <| fun () ->
            let hub = TokenizerFile.Load(path "tokenizers/smollm2")
            let gguf = TokenizerFile.Load(path smol)
            let size = (json $"{smol}/config.json").GetProperty("vocab_size").GetInt32()
            Expect.equal gguf.VocabularySize size "size"

            Expect.equal
                [ for token in gguf.AddedTokens -> token.Id, token.Content ]
                [ for token in hub.AddedTokens -> token.Id, token.Content ]
                "added tokens"

            sameEncodings hub gguf
        for source in
            [
                yield! [ smol; "tokenizers/smollm2"; "tokenizers/llama3_2" ]
                for folder in peers "lori" -> $"{folder}/student"
            ] do
            testCase $"{source}: saved with new control tokens and loaded again"
            <| fun () ->
                inTemporaryFolder
                <| fun folder ->
                    let original = TokenizerFile.Load(path source)
                    let extended = original.SaveTo(folder, [ "<bot>"; "<eot>"; "<bot>" ])
                    let loaded = TokenizerFile.Load folder
                    let first = original.VocabularySize
                    let bare = List.ofArray (original.Encode "")
                    Expect.equal loaded.VocabularySize (first + 2) "two more"

                    Expect.equal
                        (loaded.Encode "<bot><eot>")
                        (Array.ofList (bare @ [ first; first + 1 ]))
                        "found in text"

                    Expect.equal
                        (extended.Encode "<bot><eot>")
                        (loaded.Encode "<bot><eot>")
                        "the same before it is loaded"

                    Expect.equal (loaded.Decode([ first; first + 1 ], true)) "" "they are control tokens"
                    Expect.equal (loaded.Config.ToJsonString()) (extended.Config.ToJsonString()) "tokenizer_config.json"

                    match original.Config["added_tokens_decoder"] with
                    | null -> Expect.isFalse (loaded.Config.ContainsKey "added_tokens_decoder") "no list of tokens"
                    | before ->
                        let listed = nonNull loaded.Config["added_tokens_decoder"]
                        Expect.equal (listed.AsObject().Count) (before.AsObject().Count + 2) "two more in the list"
                        let bot = nonNull listed[string first]
                        Expect.equal (string bot["content"]) "<bot>" "the first"
                        Expect.equal (string bot["special"]) "true" "a control token"

                    if source.Contains "smol" then
                        sameEncodings original loaded
    ]

let private model =
    """{"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "\u0120": 3, "<x>": 4}, "merges": ["a b"]}"""

let private wordLevel = """{"type": "WordLevel", "vocab": {"a": 0}}"""

/// A tokenizer file of the given parts, each with a comma after it, and a model.
let private file (parts: string) (model: string) =
    "{" + parts + " \"model\": " + model + "}"

let private refused (contents: string) (named: string) =
    let message =
        refusal (fun () ->
            load contents |> ignore
            new MemoryStream() :> IDisposable)

    Expect.stringContains message named "the message names it"

let private byteLevel =
    """ "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"}, """

let private componentTests =
    testList
        "components"
        [
            for index, (contents, named) in
                List.indexed
                    [
                        "{", "JSON"
                        "[]", "object"
                        "{}", "model"
                        file "" """{"type": "Unigram", "vocab": []}""", "model.vocab"
                        file "" """{"type": "WordPiece", "vocab": {}}""", "WordPiece"
                        file "" model, "ByteLevel"
                        file (byteLevel + """ "normalizer": {"type": "Lowercase"}, """) model, "Lowercase"
                        file """ "pre_tokenizer": {"type": "Metaspace"}, """ model, "Metaspace"
                        file """ "decoder": {"type": "WordPiece"}, """ wordLevel, "WordPiece"
                        file "" """{"type": "WordLevel", "vocab": {"a": -1}}""", "model.vocab"
                        file "" """{"type": "WordLevel", "vocab": {"a": 2000000000}}""", "model.vocab"
                        file byteLevel """{"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}""", "merges"
                        file (byteLevel + """ "added_tokens": [{"id": 1}], """) model, "added_tokens[0]"
                        file
                            """ "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}, """
                            wordLevel,
                        "pattern"
                    ] do
                testCase $"refused {index}: {named}" <| fun () -> refused contents named
            testCase "a token is found with the white space that it strips, and only as a word"
            <| fun () ->
                let tokenizer (strip: string) (word: string) =
                    let flags = $"\"lstrip\": {strip}, \"rstrip\": {strip}, \"single_word\": {word}"
                    let added = """ "added_tokens": [{"id": 4, "content": "<x>", """ + flags + "}],"
                    load (file (byteLevel + added) model)

                Expect.equal ((tokenizer "true" "false").Encode "ab  <x>  ab") [| 2; 4; 2 |] "stripped"
                Expect.equal ((tokenizer "false" "false").Encode "ab <x>ab") [| 2; 3; 4; 2 |] "not stripped"
                Expect.isFalse ((tokenizer "false" "true").Encode "ab<x>ab" |> Array.contains 4) "no word of its own"
                Expect.equal ((tokenizer "false" "true").Encode "ab <x> ab" |> Array.filter ((=) 4)) [| 4 |] "a word"
            testCase "characters that the vocabulary lacks are left out, or become the unk_token"
            <| fun () ->
                let unknown = model.Replace("\"BPE\"", "\"BPE\", \"unk_token\": \"<x>\"")
                Expect.equal ((load (file byteLevel model)).Encode "azzb") [| 2 |] "left out, then merged"
                Expect.equal ((load (file byteLevel unknown)).Encode "azb") [| 0; 4; 1 |] "replaced"
            for input, expected in
                [
                    "e\u0301", "\u00E9"
                    "\u1100\u1161\u11A8 \uAC00\u11A8", "\uAC01 \uAC01"
                    "\u212B \u2126 \uFB01", "\u00C5 \u03A9 \uFB01"
                    "e\u0301\u0302\u0323", "\u1EB9\u0301\u0302"
                    "\u0958", "\u0915\u093C"
                    "\U0001D15E", "\U0001D157\U0001D165"
                    "\u0301a", "\u0301a"
                    // Marks that Unicode 10 or later put into order.
                    "a\u0D3B\u0334", "a\u0D3B\u0334"
                    "a\uA82C\u0334", "a\uA82C\u0334"
                    "a\u0EBA\u0334", "a\u0EBA\u0334"
                ] do
                testCase $"normal form C of {show input}"
                <| fun () -> Expect.equal (NormalizedText.Of(input, true).Text) expected "composed"
        ]

[<Tests>]
let tests =
    testList
        "tokenizers"
        [
            componentTests
            fixtureTests "families" (fun () -> List.map familyTests (folders "fixtures/tokenizers"))
            fixtureTests "word level" (fun () -> List.map wordLevelTest (wordLevelFolders ()))
            fixtureTests "GGUF vocabularies and saving" vocabularyTests
        ]
