/// Byte-pair encoding against its definition: of all pairs the one with the first merge, the leftmost of equals, until there is none.
module LoRi.Training.Tests.BpeTests

open System
open System.Collections.Generic
open System.Diagnostics
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Models

let private plain (tokens: string list) (merges: (string * string) list) : string list =
    let rank = dict (List.mapi (fun rank merge -> merge, rank) merges)

    let rec go (tokens: string list) =
        match
            List.pairwise tokens
            |> List.indexed
            |> List.filter (fun (_, pair) -> rank.ContainsKey pair)
        with
        | [] -> tokens
        | candidates ->
            let at, (left, right) = candidates |> List.minBy (fun (at, pair) -> rank[pair], at)
            go (List.take at tokens @ [ left + right ] @ List.skip (at + 2) tokens)

    go tokens

/// Merges of tokens that there are already, over the given letters, without doubles.
let private randomMerges (random: SeededRandom) (letters: string) count =
    let tokens = List<string>(letters |> Seq.map string)
    let merges = List<string * string>()

    while merges.Count < count do
        let merge = tokens[random.Below tokens.Count], tokens[random.Below tokens.Count]

        if not (merges.Contains merge) then
            merges.Add merge
            tokens.Add(fst merge + snd merge)

    List.ofSeq merges

let private vocabulary (letters: string) merges =
    let tokens =
        [
            for letter in letters -> string letter
            for left, right in merges -> left + right
        ]

    Dictionary(dict (tokens |> List.distinct |> List.mapi (fun id token -> token, id)))

let private pairs (merges: (string * string) list) =
    seq { for left, right in merges -> struct (left, right) }

let private randomTest seed =
    testCase $"random merges {seed}"
    <| fun () ->
        let random = SeededRandom(int64 seed, "bpe")
        let letters = "abcd"
        let merges = randomMerges random letters (2 + random.Below 40)
        let ids = vocabulary letters merges
        let model = BpeModel("test", ids, pairs merges, Nullable(), false)

        for _ in 1..20 do
            let length = random.Below 60
            let text = String(Array.init length (fun _ -> letters[random.Below letters.Length]))

            let expected =
                [|
                    for token in plain [ for letter in text -> string letter ] merges -> ids[token]
                |]

            Expect.equal (model.Encode(text.AsSpan())) expected text

[<Tests>]
let tests =
    testList
        "byte-pair encoding"
        [
            for seed in 1..40 do
                randomTest seed
            testCase "a long piece takes no longer than many short ones"
            <| fun () ->
                let merges = randomMerges (SeededRandom(1L, "bpe")) "abcd" 60

                let model =
                    BpeModel("test", vocabulary "abcd" merges, pairs merges, Nullable(), false)

                let random = SeededRandom(2L, "bpe")
                let text = String(Array.init 1_000_000 (fun _ -> "abcd"[random.Below 4]))
                let watch = Stopwatch.StartNew()
                let ids = model.Encode(text.AsSpan())

                Expect.isLessThan
                    watch.Elapsed
                    (TimeSpan.FromSeconds 60.0)
                    "a million letters; n squared takes many minutes"

                Expect.isLessThan ids.Length 1_000_000 "letters were merged"
            testCase "a piece in the vocabulary is taken whole where merges are ignored"
            <| fun () ->
                let ids = Dictionary(dict [ "a", 0; "b", 1; "ab", 2; "abab", 3 ])
                let merges = pairs [ "a", "b" ]

                let encode ignore (text: string) =
                    BpeModel("test", ids, merges, Nullable(), ignore).Encode(text.AsSpan())

                Expect.equal (encode false "abab") [| 2; 2 |] "merged"
                Expect.equal (encode true "abab") [| 3 |] "whole"
                Expect.equal (encode true "ababab") [| 2; 2; 2 |] "not in the vocabulary"
            for text, unknown, expected in
                [
                    "azzb", Nullable(), [| 2 |]
                    "azb", Nullable 9, [| 0; 9; 1 |]
                    "", Nullable(), [||]
                    "zz", Nullable(), [||]
                    "\u00E9a", Nullable 9, [| 9; 9; 0 |]
                ] do
                testCase $"bytes that the vocabulary lacks: {text}, {unknown}"
                <| fun () ->
                    let ids = Dictionary(dict [ "a", 0; "b", 1; "ab", 2 ])
                    let model = BpeModel("test", ids, pairs [ "a", "b" ], unknown, false)
                    Expect.equal (model.Encode(text.AsSpan())) expected text
        ]
