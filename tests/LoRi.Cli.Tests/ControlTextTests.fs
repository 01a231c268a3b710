/// Text that looks like a control token, and ids that no row of a table stands for.
module LoRi.Cli.Tests.ControlTextTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyEvaluation
open LoRi.Cli.Tests.TinyRun

/// Rows in which a word, once for each part, stands where it was never meant to.
let private rowsWith (word: string) =
    [
        for row in 0..7 ->
            let at part =
                if row % 4 = part then $"{word} " else ""

            $"""{{"question": "{at 0}{row} + 1 =", "rationale": "{at 1}{row} + 1 = {row + 1}", "answer": "{at 2}{row + 1}"}}"""
    ]

let private writeRows folder word =
    File.WriteAllLines(path folder "data.jsonl", rowsWith word)

let private weights folder run =
    File.ReadAllBytes(path folder (run + "/final/model.safetensors"))

/// Changes a file, in which the text must stand.
let private edit (file: string) (text: string) (instead: string) =
    let whole = File.ReadAllText file
    Expect.stringContains whole text file
    File.WriteAllText(file, whole.Replace(text, instead))

/// The tiny tokenizer with one more added token, beside a model whose table has rows to spare.
let private roomy (folder: string) =
    let model = path folder "roomy"
    writeModelOf model 20

    edit
        (path model "tokenizer.json")
        "\"added_tokens\": ["
        """"added_tokens": [{"id": 15, "content": "<x>", "special": true},"""

    model

let private setEnd (model: string) (file: string) id =
    File.WriteAllText(path model file, $"""{{"eos_token_id": {id}}}""")

let private texts =
    [
        for method in [ "lori"; "latent-ce"; "codi" ] do
            test $"markers in the rows of {method} are words like any other" {
                withTiny (fun folder ->
                    let run word =
                        writeRows folder word

                        let start =
                            if method = "lori" then
                                distill folder 2 word
                            else
                                [
                                    "distill"
                                    "--method"
                                    method
                                    "--latent-steps"
                                    "2"
                                    "--model"
                                    path folder "model"
                                ]
                                @ training folder 2 word

                        succeed (lori start)
                        weights folder word

                    Expect.equal (run "<bot>") (run "zzz") "begin marker"
                    Expect.equal (run "<eot>") (run "zz") "end marker")
            }
        test "markers in what a student is asked are words like any other" {
            withTiny (fun folder ->
                succeed (lori (distill folder 1 "s"))

                let answer prompt =
                    let found =
                        loriJson
                            [
                                "generate"
                                "--model"
                                path folder "s"
                                "--threads"
                                "1"
                                "--max-new-tokens"
                                "3"
                                "--json"
                                "--prompt"
                                prompt
                            ]

                    found.GetProperty("ids").GetRawText()

                for marker in [ "<bot>"; "<eot>" ] do
                    Expect.equal (answer $"{marker} 1 + 2 =") (answer "zzz 1 + 2 =") marker

                let evaluated word =
                    let output = $"e-{word}"
                    writeRows folder word

                    succeed (
                        lori
                            [
                                "evaluate"
                                "--model"
                                path folder "s"
                                "--data"
                                path folder "data.jsonl"
                                "--output"
                                path folder output
                                "--threads"
                                "1"
                                "--max-new-tokens"
                                "3"
                            ]
                    )

                    [
                        for line in File.ReadAllLines(path folder (output + "/predictions.jsonl")) ->
                            JsonDocument.Parse(line).RootElement.GetProperty("prediction").GetRawText()
                    ]

                Expect.equal (evaluated "<bot>") (evaluated "zzz") "evaluation")
        }
        test "a vocabulary that has a marker as a word: refused with file and line" {
            withTiny (fun folder ->
                edit (path folder "model/tokenizer.json") "\"9\":" "\"<bot>\":"
                writeRows folder "<bot>"
                let outcome = lori (distill folder 1 "s")
                Expect.equal outcome.Code Failed outcome.Error

                Expect.stringContains
                    outcome.Error
                    $"""lori: error: --data {path folder "data.jsonl"}, line 1: the question has the text "<bot>", which"""
                    "the message"

                writeRows folder "z"
                succeed (lori (distill folder 1 "t")))
        }
        test "a frozen teacher reads its rows with its own tokenizer" {
            withTiny (fun folder ->
                let run word =
                    writeRows folder word
                    succeed (lori (distill folder 1 word @ [ "--init"; "base"; "--model"; roomy folder ]))
                    File.ReadAllText(path folder (word + "/log.txt"))

                Expect.stringContains (run "<x>") "8 training rows" "the log"

                let cached word =
                    Directory.GetFiles(
                        path folder (word + "/teacher-cache"),
                        "*.safetensors",
                        SearchOption.AllDirectories
                    )
                    |> Array.sort
                    |> Array.map File.ReadAllBytes

                run "zzz" |> ignore
                Expect.equal (cached "<x>") (cached "zzz") "the teacher has no such token")
        }
    ]

let private ids =
    let refused (arguments: string -> string list) file id =
        inFolder (fun folder ->
            let model = path folder "model"
            writeModel model
            writeData (path folder "data.jsonl") 3L 8

            if file = "config.json" then
                File.Delete(path model "generation_config.json")
                edit (path model file) "\"eos_token_id\": 1" $"\"eos_token_id\": {id}"
            else
                setEnd model file id

            let outcome = lori (arguments folder)
            Expect.equal outcome.Code Failed outcome.Error

            Expect.stringContains
                outcome.Error
                $"lori: error: {path model file}: eos_token_id is {id}, but the model's table has ids up to 14"
                "the message")

    let data folder =
        [
            "--data"
            path folder "data.jsonl"
            "--output"
            path folder "out"
            "--threads"
            "1"
        ]

    let named folder = [ "--model"; path folder "model" ]

    [
        test "an end token that the table lacks: teach" { refused (fun folder -> teach folder 1 "t") "config.json" 15 }
        test "an end token that the table lacks: distill" {
            refused (fun folder -> distill folder 1 "t") "config.json" 15
        }
        test "an end token that the table lacks: trajectories" {
            refused (fun folder -> "trajectories" :: named folder @ data folder) "config.json" 900
        }
        for file in [ "config.json"; "generation_config.json" ] do
            test $"an end token that the table lacks, in {file}: evaluate" {
                refused (fun folder -> "evaluate" :: named folder @ data folder) file 15
            }

            test $"an end token that the table lacks, in {file}: generate" {
                refused (fun folder -> "generate" :: named folder @ [ "--prompt"; "1 + 1 ="; "--threads"; "1" ]) file 15
            }
        test "a prompt in another tokenizer's ids" {
            inFolder (fun folder ->
                let model = path folder "model"
                writeModel model

                for asked in [ "--prompt"; "--ids" ] do
                    let rest, advice =
                        if asked = "--ids" then
                            [ "--ids"; "15" ], "give ids of this model"
                        else
                            [ "--prompt"; "<x>"; "--tokenizer"; roomy folder ],
                            "name the tokenizer that belongs to the model with --tokenizer"

                    expectError
                        Failed
                        $"{asked}: 15 is not among the ids of {model}, 0 to 14; {advice}"
                        ([ "generate"; "--model"; model; "--threads"; "1" ] @ rest))
        }
    ]

[<Tests>]
let tests =
    testSequenced (testList "control text" [ testList "texts" texts; testList "ids" ids ])
