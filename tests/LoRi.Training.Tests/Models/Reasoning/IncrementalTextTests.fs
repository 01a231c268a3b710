/// Text while it is written: the parts make the text of all ids, and no part ends within a character.
module LoRi.Training.Tests.IncrementalTextTests

open System
open System.Text
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Training.Tests.TokenizerTexts

/// Every byte alone, and a few of several bytes: whole characters, and ends of some with beginnings of others.
let private bytes: byte array list =
    [ for value in 0..255 -> [| byte value |] ]
    @ [
        [| 0xE6uy; 0x97uy |]
        [| 0xA5uy; 0xE6uy |]
        [| 0x9Cuy; 0xACuy |]
        [| 0x20uy; 0xF0uy; 0x9Fuy |]
        [| 0x8Cuy; 0x8Auy; 0x21uy |]
        Encoding.UTF8.GetBytes "\uFFFD"
        Encoding.UTF8.GetBytes " the"
        Encoding.UTF8.GetBytes "日本"
    ]

let private token (value: byte array) =
    value |> Array.map ByteAlphabet.Write |> String.concat ""

let private loadModel kind parts (tokens: string list) special =
    let vocabulary =
        tokens
        |> List.mapi (fun id token -> $"{Json.JsonSerializer.Serialize token}: {id}")
        |> String.concat ", "

    load
        $"""{{"added_tokens": [{{"id": {tokens.Length}, "content": "{special}", "special": true}}], {parts},
"model": {{"type": "{kind}", "vocab": {{{vocabulary}}}, "merges": [], "unk_token": "a"}}}}"""

let private byteLevel =
    lazy
        loadModel
            "BPE"
            """ "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"} """
            (List.map token bytes)
            "<end>"

let private end' = bytes.Length

/// The parts that a stream gives for some ids, the last after all.
let private parts tokenizer (ids: int list) =
    let stream = IncrementalText tokenizer

    [
        for id in ids do
            stream.Add id
        stream.End()
    ]

let private whole (tokenizer: TextTokenizer) (ids: int list) =
    tokenizer.Decode(ids, skipSpecialTokens = true)

let private ids (values: int list) =
    values |> List.map (fun value -> abs (value % (end' + 1)))

let private properties =
    [
        testProperty "the parts are the text, whatever the bytes"
        <| fun (values: int list) ->
            let ids = ids values
            Expect.equal (String.concat "" (parts byteLevel.Value ids)) (whole byteLevel.Value ids) "text"
        testProperty "the bytes of a text, cut anywhere, come as whole characters, each as soon as it is there"
        <| fun (letters: char list) (astral: int list) ->
            let text =
                String(Array.ofList letters)
                + String.concat "" [ for value in astral -> Rune(0x10000 + abs (value % 0xFFFFF)).ToString() ]

            let valid =
                Encoding.UTF8.GetString(Encoding.UTF8.GetBytes text).Replace("\uFFFD", "")

            let given = Encoding.UTF8.GetBytes valid
            let found = parts byteLevel.Value [ for value in given -> int value ]
            Expect.equal (String.concat "" found) valid "text"
            Expect.equal (List.last found) "" "nothing is held back at the end"

            for part in found do
                Expect.isFalse (part.Contains '\uFFFD') "no half character"
                Expect.isLessThanOrEqual (part.EnumerateRunes() |> Seq.length) 1 "one at a time"
    ]

let private cases =
    [
        test "letters that no one can read are not held back for long" {
            let found = parts byteLevel.Value (List.replicate 50 0xFF)
            Expect.equal (String.concat "" found) (String('\uFFFD', 50)) "text"
            Expect.equal (found |> List.findIndex (fun part -> part <> "")) 3 "three may be a beginning"
        }
        test "what is not shown holds nothing back" {
            Expect.equal (parts byteLevel.Value [ 65; end'; 66 ]) [ "A"; ""; "B"; "" ] "parts"
        }
        test "a half character at the end is told at the end" {
            Expect.equal (parts byteLevel.Value [ 65; 0xE6; 0x97 ]) [ "A"; ""; ""; "\uFFFD" ] "parts"
        }
        for name, decoder in [ "joined with spaces", "null"; "joined as they are", """{"type": "Fuse"}""" ] do
            test $"tokens {name}" {
                let tokenizer =
                    loadModel
                        "WordLevel"
                        $""" "pre_tokenizer": {{"type": "Split", "pattern": {{"String": " "}}, "behavior": "Removed", "invert": false}}, "decoder": {decoder} """
                        [ "a"; "b"; "日本"; "" ]
                        "<end>"

                for ids in [ [ 0; 1; 2 ]; [ 4; 0; 4; 1 ]; [ 0; 4; 4; 2; 2; 4 ]; [ 4 ]; []; [ 0; 3; 1 ] ] do
                    Expect.equal (String.concat "" (parts tokenizer ids)) (whole tokenizer ids) $"{ids}"
            }
    ]

let private told =
    test "every id is told with its row, in the order in which it is written" {
        NativeRuntime.Load()
        use model = TinyTraining.model Precision.Exact 3L
        let questions = [| [| 4; 5; 6 |]; [| 7 |]; [| 5; 4 |] |]

        for reasoning in TinyTraining.everyReasoning do
            let plan = GenerationPlan(reasoning, [| 2; 3 |], 12, [| 1 |])
            let found = Array.init questions.Length (fun _ -> ResizeArray<int>())

            let written =
                AnswerGenerator.Generate(model, questions, plan, (fun row id -> found[row].Add id))

            Expect.equal [ for row in found -> List.ofSeq row ] [ for row in written -> List.ofArray row ] "told"

            Expect.equal
                [
                    for row in AnswerGenerator.Generate(model, questions, plan) -> List.ofArray row
                ]
                [ for row in written -> List.ofArray row ]
                "the same without a listener"
    }

[<Tests>]
let tests = testList "IncrementalText" (properties @ cases @ [ told ])
