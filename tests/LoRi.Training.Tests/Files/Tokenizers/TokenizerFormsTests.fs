/// Forms of tokenizer files that are rare: ids that are not what the file expects, behaviours of splits, decoders in sequence.
module LoRi.Training.Tests.TokenizerFormsTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TokenizerTexts

let private allBytes = [ for value in 0..255 -> ByteAlphabet.Write(byte value) ]

let private vocabulary (tokens: string list) =
    tokens
    |> List.mapi (fun id token -> $"{JsonSerializer.Serialize token}: {id}")
    |> String.concat ", "
    |> sprintf "{%s}"

/// A byte-level file: further parts, each with a comma after it, further fields of the model, and its tokens.
let private file (parts: string) (fields: string) (tokens: string list) =
    $"""{{{parts} "pre_tokenizer": {{"type": "ByteLevel", "add_prefix_space": false}},
"model": {{"type": "BPE", {fields} "vocab": {vocabulary tokens}, "merges": []}}}}"""

let private byteDecoder = """ "decoder": {"type": "ByteLevel"}, """

let private added (tokens: (string * int) list) =
    tokens
    |> List.map (fun (content, id) -> $"{{\"id\": {id}, \"content\": \"{content}\", \"special\": true}}")
    |> String.concat ", "
    |> sprintf """ "added_tokens": [%s], """

let private addedTests =
    let tokens = [ "a"; "b"; "<x>" ]

    [
        for name, listed, wanted, notes in
            [
                "as expected", [ "<x>", 2; "<y>", 3; "<z>", 4 ], [ "<x>", 2; "<y>", 3; "<z>", 4 ], 0
                "the vocabulary's id counts", [ "<x>", 7 ], [ "<x>", 2 ], 1
                "the next free id counts", [ "<y>", 300 ], [ "<y>", 3 ], 1
                "one note for several", [ "<y>", 300; "<z>", 301 ], [ "<y>", 3; "<z>", 4 ], 1
                "listed twice", [ "<y>", 3; "<y>", 3; "<z>", 4 ], [ "<y>", 3; "<z>", 4 ], 0
            ] do
            testCase $"ids of added tokens: {name}"
            <| fun () ->
                let tokenizer = load (file (byteDecoder + added listed) "" tokens)
                Expect.equal [ for token in tokenizer.AddedTokens -> token.Content, token.Id ] wanted "ids"
                Expect.hasLength tokenizer.Notes notes "notes"

                for content, id in wanted do
                    Expect.equal (tokenizer.Encode $"a{content}b") [| 0; id; 1 |] "found in text"
        testCase "the note names both ids"
        <| fun () ->
            let note = (load (file (byteDecoder + added [ "<x>", 7 ]) "" tokens)).Notes[0]

            for word in [ "\"<x>\""; "7"; "2" ] do
                Expect.stringContains note word "note"
        testCase "new tokens are loaded with the ids that they were saved with"
        <| fun () ->
            let folder = Directory.CreateTempSubdirectory("lori-tokens-").FullName

            try
                let saved =
                    (load (file (byteDecoder + added [ "<y>", 3 ]) "" tokens)).SaveTo(folder, [ "<bot>"; "<eot>" ])

                let again = TokenizerFile.Load folder
                Expect.equal (again.Encode "<bot><eot>") [| 4; 5 |] "ids"
                Expect.equal (saved.Encode "<bot><eot>") [| 4; 5 |] "ids before"
                Expect.isEmpty again.Notes "notes"
            finally
                Directory.Delete(folder, true)
        testCase "no new token where the next id is taken"
        <| fun () ->
            let gaps =
                (file byteDecoder "" tokens).Replace("\"b\": 1", "\"b\": 3, \"c\": 4, \"d\": 5")

            let message =
                refusalOf (fun () -> (load gaps).WithSpecialTokens [ "<bot>" ] |> ignore)

            Expect.stringContains message "gaps" "why"
    ]

/// An expression, a behaviour, whether it is inverted, and the pieces of "ab--c-".
let private splits =
    [
        "-", "Isolated", "false", [ "ab"; "-"; "-"; "c"; "-" ]
        "-", "Removed", "false", [ "ab"; "c" ]
        "-", "Removed", "true", [ "-"; "-"; "-" ]
        "-", "MergedWithPrevious", "false", [ "ab-"; "-"; "c-" ]
        "-", "MergedWithNext", "false", [ "ab"; "-"; "-c"; "-" ]
        "-", "Contiguous", "false", [ "ab"; "--"; "c"; "-" ]
        "[a-z]", "Isolated", "true", [ "a"; "b"; "--"; "c"; "-" ]
        "[a-z]", "MergedWithPrevious", "true", [ "a"; "b--"; "c-" ]
        "[a-z]++|-", "Isolated", "false", [ "ab"; "-"; "-"; "c"; "-" ]
        "(?:ab|-)*+c?+", "Isolated", "false", [ "ab--c"; "-" ]
        "[a-z]*+b|.", "Isolated", "false", [ "a"; "b"; "-"; "-"; "c"; "-" ]
    ]

let private splitTests =
    [
        for expression, behaviour, invert, wanted in splits do
            testCase $"split {expression} {behaviour} {invert}"
            <| fun () ->
                let words = List.distinct wanted

                let tokenizer =
                    load
                        $"""{{"pre_tokenizer": {{"type": "Split", "pattern": {{"Regex": {JsonSerializer.Serialize expression}}},
"behavior": "{behaviour}", "invert": {invert}}}, "model": {{"type": "WordLevel", "vocab": {vocabulary words}}}}}"""

                let found = [ for id in tokenizer.Encode "ab--c-" -> tokenizer.IdToToken id ]

                Expect.equal found wanted "pieces"
    ]

let private decoders =
    [
        for decoder, wanted in
            [
                """{"type": "Sequence", "decoders": [{"type": "ByteLevel"}]}""", "a b"
                """{"type": "Sequence", "decoders": [{"type": "Sequence", "decoders": [{"type": "ByteLevel"}]}, {"type": "Fuse"}]}""",
                "a b"
                """{"type": "Sequence", "decoders": [{"type": "Fuse"}]}""", "a\u0120b"
            ] do
            testCase $"decoder {decoder}"
            <| fun () ->
                let tokenizer = load (file $" \"decoder\": {decoder}, " "" allBytes)
                Expect.equal (tokenizer.Decode(tokenizer.Encode "a b")) wanted "text"
        for content in [ "đem"; "ßß"; "<|überlegung|>"; "Ġx"; "Größe"; "日本"; "ĊĊ" ] do
            testCase $"an added token decodes as its own text: {content}"
            <| fun () ->
                let tokenizer = load (file (byteDecoder + added [ content, 256 ]) "" allBytes)
                let text = $"a {content} b"
                Expect.equal (tokenizer.Encode content) [| 256 |] "found"
                Expect.equal (tokenizer.Decode(tokenizer.Encode text)) text "text"
        testCase "an added token that the vocabulary has too is text, unless a merge makes it"
        <| fun () ->
            let merged =
                (file (byteDecoder + added [ "Größe", 256; "ĠĠ", 257 ]) "" (allBytes @ [ "Größe"; "ĠĠ" ]))
                    .Replace("\"merges\": []", "\"merges\": [\"Ġ Ġ\"]")

            let tokenizer = load merged
            Expect.equal (tokenizer.Decode(tokenizer.Encode "Größe  a")) "Größe  a" "text"
        testCase "bytes after joining are refused"
        <| fun () ->
            let decoder =
                """ "decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "ByteLevel"}]}, """

            Expect.stringContains
                (refusalOf (fun () -> load (file decoder "" allBytes) |> ignore))
                "decoders[1]"
                "place"
    ]

let private unknowns =
    testCase "what is done with unknown bytes does not matter where there are none"
    <| fun () ->
        for field in [ "byte_fallback"; "fuse_unk" ] do
            let fields = $"\"{field}\": true,"
            let plain = load (file byteDecoder "" allBytes)
            let tokenizer = load (file byteDecoder fields allBytes)
            Expect.equal (tokenizer.Encode "a \u00e9") (plain.Encode "a \u00e9") field

            let message =
                refusalOf (fun () -> load (file byteDecoder fields (List.tail allBytes)) |> ignore)

            Expect.stringContains message field "refused where one is missing"

let private trims =
    testCase "offsets without white space, where the file wants them so"
    <| fun () ->
        for processor, wanted in
            [
                "null", [ 0, 1; 1, 2; 2, 3; 3, 4 ]
                """{"type": "ByteLevel", "trim_offsets": false}""", [ 0, 1; 1, 2; 2, 3; 3, 4 ]
                """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true}""", [ 1, 1; 1, 2; 3, 3; 3, 4 ]
                """{"type": "Sequence", "processors": [{"type": "ByteLevel"}]}""", [ 0, 0; 1, 2; 3, 3; 3, 4 ]
            ] do
            let tokenizer =
                load (file (byteDecoder + $" \"post_processor\": {processor}, ") "" allBytes)

            let found =
                [ for span in tokenizer.EncodeWithOffsets " a b" -> span.Start, span.End ]

            Expect.equal found wanted processor

let private ignored =
    testCase "truncation and padding are not followed, and that is said"
    <| fun () ->
        let parts =
            """ "truncation": {"max_length": 2, "strategy": "LongestFirst", "stride": 0}, "padding": {"pad_id": 0}, """

        let tokenizer = load (file (byteDecoder + parts) "" allBytes)
        Expect.hasLength (tokenizer.Encode "abcd") 4 "the whole text"
        Expect.hasLength tokenizer.Notes 2 "notes"

[<Tests>]
let tests =
    testList "tokenizer forms" (addedTests @ splitTests @ decoders @ [ unknowns; trims; ignored ])
