/// The name that a mistyped one may stand for.
module LoRi.Training.Tests.DidYouMeanTests

open System
open Expecto
open LoRi.Files.Text

let private options =
    [
        "--model"
        "--tokenizer"
        "--data"
        "--output"
        "--steps"
        "--epochs"
        "--batch-size"
        "--learning-rate"
        "--log-every"
        "--max-tokens"
        "--latent-steps"
        "--dtype"
        "--top-k"
        "--top-p"
    ]

let private near =
    [
        for given, expected in
            [
                "--modle", "--model"
                "--mode", "--model"
                "-model", "--model"
                "\u2014model", "--model"
                "\u2212\u2212model", "--model"
                "--Model", "--model"
                "--batch_size", "--batch-size"
                "--bacth-size", "--batch-size"
                "--tokeniser", "--tokenizer"
                "--lr", "--learning-rate"
                "--bs", "--batch-size"
                "--tok", "--tokenizer"
                "--num_epochs", "--epochs"
                "--output_dir", "--output"
                "--model-name-or-path", "--model"
                "--num-latent-steps", "--latent-steps"
                "--per_device_train_batch_size", "--batch-size"
            ] ->
            test $"{given} is near" {
                Expect.equal (DidYouMean.Nearest(given, options)) expected "name"
                Expect.equal (DidYouMean.Hint(given, options)) $"; did you mean {expected}?" "hint"
            }
        for given in
            [
                "--fast"
                "--x"
                "--"
                ""
                "--zzzzzzzz"
                String('m', 100_000)
                "\000\027[31m"
            ] ->
            test $"nothing is near {given.Substring(0, min 12 given.Length) |> Uri.EscapeDataString}" {
                Expect.isNull (DidYouMean.Nearest(given, options)) "name"
                Expect.equal (DidYouMean.Hint(given, options)) "" "hint"
            }
    ]

/// A letter left out, put in, replaced or swapped with its neighbour.
let private mistyped (name: string) (kind: int) (at: int) =
    let at = abs (at % name.Length)

    match abs (kind % 4) with
    | 0 -> name.Remove(at, 1)
    | 1 -> name.Insert(at, "q")
    | 2 -> name.Remove(at, 1).Insert(at, "q")
    | _ when at + 1 < name.Length ->
        name.Substring(0, at) + string name[at + 1] + string name[at] + name.Substring(at + 2)
    | _ -> name

let private properties =
    [
        testProperty "one slip is one edit, and the same back"
        <| fun kind at ->
            for name in options do
                let other = mistyped name kind at
                let edits = DidYouMean.Edits(name, other)
                Expect.isLessThanOrEqual edits 1 "one"
                Expect.equal (DidYouMean.Edits(other, name)) edits "back"
                Expect.equal (edits = 0) (other = name) "none only between equals"
        testProperty "edits between two texts are at least their difference in length, at most the longer's length"
        <| fun (one: char list) (other: char list) ->
            let a, b = String(Array.ofList one), String(Array.ofList other)
            let edits = DidYouMean.Edits(a, b)

            edits >= abs (a.Length - b.Length) && edits <= max a.Length b.Length
        testProperty "one slip in a word of a longer name is understood"
        <| fun kind at ->
            for name in [ "--tokenizer"; "--learning-rate"; "--latent-steps"; "--max-tokens" ] do
                let other = "--" + mistyped (name.Substring 2) kind at
                Expect.equal (DidYouMean.Nearest(other, options)) name other
    ]

[<Tests>]
let tests = testList "DidYouMean" (near @ properties)
