/// What a mistyped command line is told, and what a stage says is next: lines that a shell reads as they were meant.
module LoRi.Cli.Tests.CorrectionTests

open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private distill =
    [ "distill"; "--teacher"; "t"; "--data"; "d"; "--output"; "o" ]

let private methods =
    LoRi.Training.KnownMethods.Students |> Seq.map _.About.Name |> String.concat ", "

let private mistyped =
    [
        for arguments, message in
            [
                [ "trian" ], "trian: there is no such command; did you mean teach or distill?; there are: info"
                [ "distil" ], "did you mean distill?"
                [ "eval" ], "did you mean evaluate?"
                [ "chat" ], "did you mean generate --chat?"
                [ "help"; "genrate" ], "did you mean generate?"
                [ "subspcae" ], "did you mean subspace?"
                [ "--hlep" ], "--hlep: there is no such command; did you mean --help?"
                [ "--verison" ], "did you mean --version?"
                [ "info"; "--hlep" ], "'--hlep'; did you mean --help?; `lori info --help`"
                [ "info"; "--libtroch"; "f" ], "did you mean --libtorch?"
                [ "subspace"; "fti" ], "did you mean subspace fit?"
                [ "teach"; "--modle"; "m" ], "'--modle'; did you mean --model?; `lori teach --help`"
                [ "teach"; "\u2014model"; "m" ], "did you mean --model?"
                [ "teach"; "--lr"; "1" ], "did you mean --learning-rate?"
                [ "teach"; "--model=m" ], "a value follows after a space: --model m"
                distill @ [ "--latnet-steps"; "3" ], "did you mean --latent-steps?"
                distill @ [ "--num_epochs"; "3" ], "did you mean --epochs?"
                distill @ [ "--method"; "lorii" ], $"must be one of {methods}; did you mean lori?"
                distill @ [ "--covariance"; "mode-wise" ], "did you mean modewise?"
                [ "teach"; "--model"; "m"; "--data"; "d"; "--output"; "o"; "--dtype"; "bf16" ], "did you mean bfloat16?"
                [ "score"; "--predictions"; "p"; "--rule"; "cody" ], "did you mean codi?"
                [ "completion"; "bsh" ], "did you mean bash?"
                [ "demo"; "--setting"; "compresed" ], "did you mean compressed?"
                [ "generate"; "runs/student"; "hi" ],
                "'runs/student'; every value follows its option: lori generate --model runs/student --prompt hi"
                [ "generate"; "my run"; "it's" ], @"lori generate --model 'my run' --prompt 'it'\''s'"
                [ "generate"; "--model"; "m"; "hi" ], "every value follows its option: --prompt hi"
                [ "generate"; "--model"; "m"; "--prompt"; "what"; "is"; "this" ],
                "a text of several words goes into quotes: --prompt 'what is this'"
                [ "evaluate"; "r"; "t.jsonl" ], "lori evaluate --model r --data t.jsonl"
                [ "inspect"; "a"; "b" ], "every value follows its option"
            ] do
            let line = String.concat " " arguments
            test $"lori {line}" { expectError BadUsage message arguments }
        test "a setting of a file" {
            inFolder (fun folder ->
                let config = file folder "c.json" """{"learning_rat": 0.5}"""

                expectError
                    Failed
                    "learning_rat: there is no such setting; settings are named as the options are, with underscores; did you mean learning_rate?"
                    (distill @ [ "--config"; config ])

                let config = file folder "c.json" """{"schedule": "half-cosin"}"""
                expectError Failed "did you mean half-cosine?" (distill @ [ "--config"; config ])
                let config = file folder "c.json" """{"batchsize": 3}"""
                expectError Failed "did you mean batch_size?" (withNothing "evaluate" @ [ "--config"; config ]))
        }
    ]

/// The words that a shell makes of a line.
let private words (line: string) =
    let info = ProcessStartInfo("bash", RedirectStandardOutput = true)

    for argument in [ "-c"; $"printf '%%s\\0' {line}" ] do
        info.ArgumentList.Add argument

    use shell = nonNull (Process.Start info)
    let found = shell.StandardOutput.ReadToEnd()
    shell.WaitForExit()
    found.TrimEnd('\000').Split '\000' |> List.ofArray

let private quoted =
    test "a shell reads quoted texts as they were" {
        let texts =
            [
                "plain"
                "a b"
                "it's"
                "$HOME `id` \"x\" \\"
                "日本語"
                "line\nfeed\ttab"
                "\027[31mred"
                "*?[a]"
                "~"
                "#a"
                "--option"
                "a'\n\\b"
                "a\u202Eb"
            ]

        Expect.equal (words (texts |> List.map Shell.quote |> String.concat " ")) texts "words"
        Expect.equal (Shell.quote "") "''" "nothing"

        for text in texts do
            Expect.isFalse (Shell.quote text |> Seq.exists System.Char.IsControl) "nothing moves the cursor"
    }

/// The command lines that a stage says are next, without the program's name.
let private next (outcome: Outcome) =
    Expect.equal outcome.Code Success outcome.Error

    [
        for line in outcome.Error.Split '\n' do
            if line.StartsWith "next: lori " then
                words (line.Substring 11)
    ]

let private forms =
    test "what is next after a teacher of a form is a method that reads it" {
        for form, method in [ "coconut", "coconut"; "icot", "icot-si" ] do
            withTiny (fun folder ->
                match next (lori (teach folder 1 "teacher" @ [ "--form"; form ])) with
                | [ "distill" :: "--method" :: name :: _ as distill ] ->
                    Expect.equal name method form

                    let outcome =
                        lori (distill @ [ "--steps"; "1"; "--batch-size"; "4"; "--threads"; "1" ])

                    Expect.equal outcome.Code Success outcome.Error
                | other -> failtest $"{other}")
    }

let private steps =
    test "what is next after a stage can be done, whatever the folders are called" {
        withTiny (fun folder ->
            let place = Path.Combine(folder, "it's a run")
            Directory.CreateDirectory place |> ignore
            let output = Path.Combine("it's a run", "teacher")
            let taught = next (lori (teach folder 2 output))

            let student =
                match taught with
                | [ "distill" :: _ as distill ] ->
                    let small =
                        [ "--steps"; "2"; "--batch-size"; "4"; "--threads"; "1"; "--latent-steps"; "2" ]

                    lori (distill @ small)
                | other -> failtest $"{other}"

            File.Copy(Path.Combine(folder, "data.jsonl"), Path.Combine(folder, "train.jsonl"))

            match next student with
            | [ evaluate; generate ] ->
                Expect.contains evaluate (Path.Combine(place, "student")) "the student"
                Expect.contains evaluate "TEST_DATA" "no data to test with"

                let tested =
                    lori (
                        (evaluate
                         |> List.map (fun word ->
                             if word = "TEST_DATA" then
                                 Path.Combine(folder, "data.jsonl")
                             else
                                 word))
                        @ [ "--max-new-tokens"; "2"; "--threads"; "1" ]
                    )

                match next tested with
                | [ report; compare ] ->
                    Expect.equal (lori report).Code Success "the report"
                    Expect.equal compare.Head "compare" "a comparison"
                | other -> failtest $"{other}"

                let answered =
                    loriWith "1 + 2 =\n" (generate @ [ "--max-new-tokens"; "2"; "--threads"; "1" ])

                Expect.equal answered.Code Success answered.Error
                Expect.stringContains answered.Out "explicit chain: " "against the teacher"
            | other -> failtest $"{other}"

            let estimated = lori (teach folder 2 "other" @ [ "--dry-run" ])
            Expect.isEmpty (next estimated) "nothing after an estimate")
    }

[<Tests>]
let tests = testList "Corrections" (mistyped @ [ quoted; forms; steps ])
