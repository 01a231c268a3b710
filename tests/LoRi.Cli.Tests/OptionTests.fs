/// Options that are given twice, that a file gives, or that look like a call for help; and where help is found.
module LoRi.Cli.Tests.OptionTests

open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Runs.Settings
open LoRi.Cli.Tests.Running

let private repeated =
    [
        test "the parts of a list that is given in parts are put together" {
            let settings =
                teachSettings
                    [
                        "--model"
                        "m"
                        "--data"
                        "a"
                        "b"
                        "--output"
                        "o"
                        "--lora-rank"
                        "2"
                        "--lora-targets"
                        "q_proj"
                        "--data"
                        "c"
                        "--lora-targets"
                        "v_proj"
                    ]

            Expect.equal (List.ofSeq settings.Train.Data) [ "a"; "b"; "c" ] "files, in their order"
            Expect.equal (List.ofSeq (settings.Values.Get AdapterSettings.Targets)) [ "q_proj"; "v_proj" ] "targets"
        }
        test "every file of a data option that is given twice is read" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "model"
                let first = file folder "a.jsonl" TinyFolder.rows[0]
                let second = file folder "b.jsonl" TinyFolder.rows[1]

                let found =
                    loriJson
                        [
                            "trajectories"
                            "--model"
                            model
                            "--data"
                            first
                            "--output"
                            Path.Combine(folder, "t.safetensors")
                            "--data"
                            second
                            "--json"
                        ]

                Expect.equal (found.GetProperty("examples").GetInt32()) 2 "examples of both files")
        }
        test "an option of one value that is given twice is bad usage" {
            for command in [ "teach"; "evaluate"; "trajectories" ] do
                for option in [ "--model"; "--batch-size"; "--config" ] do
                    let extra =
                        if option = "--model" then
                            [ option; "n" ]
                        else
                            [ option; "3"; option; "4" ]

                    expectError BadUsage $"{option} is given more than once, as " (withNothing command @ extra)

            expectError
                BadUsage
                "--method is given more than once, as lori and codi; give it once"
                [ "distill"; "--method"; "lori"; "--method"; "codi" ]
        }
    ]

let private ofFiles =
    [
        test "a value of a file is what its option's type says, for every command" {
            inFolder (fun folder ->
                for command in [ "teach"; "evaluate"; "trajectories" ] do
                    for key, value, message in
                        [
                            "batch_size", "\"3\"", "batch_size 3: must be a whole number"
                            "batch_size", "2.5", "batch_size 2.5: must be a whole number"
                            "skip_bad_lines", "\"yes\"", "skip_bad_lines yes: must be true or false"
                            "answer_prefix", "5", "answer_prefix 5: must be text"
                            "data", "[1]", "data [1]: must be a list of texts"
                            "data", "{}", "data {}: must be a list of texts"
                        ] do
                        let config = file folder "s.json" $"{{\"{key}\": {value}}}"

                        expectError
                            Failed
                            $"--config {config}: {message}"
                            (command :: [ "--model"; "m"; "--data"; "d"; "--output"; "o"; "--config"; config ]))
        }
        test "a text in a file is no option, whatever it looks like, and one file stands for a list of one" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "model"
                let config = file folder "s.json"
                let output = Path.Combine(folder, "o")

                for command in [ "teach"; "evaluate"; "trajectories" ] do
                    for name in [ "ab.jsonl"; "--help"; "--json" ] do
                        expectError
                            Failed
                            $"--data {name}: there is no such file or folder"
                            [
                                command
                                "--model"
                                model
                                "--output"
                                output
                                "--config"
                                config $"{{\"data\": \"{name}\"}}"
                            ]

                let fed =
                    SettingOptions.read
                        Commands.Evaluate
                        ((withNothing "evaluate").Tail
                         @ [
                             "--config"
                             config """{"answer_prefix": "--write-prefix", "json": false, "seed": null}"""
                         ])

                Expect.equal (fed.Get AnswerSettings.AnswerPrefix) "--write-prefix" "text"
                Expect.isFalse (fed.Get AnswerSettings.WritePrefix || fed.Get StageSettings.Json) "no option"
                Expect.isFalse (fed.IsGiven AnswerSettings.Seed) "nothing")
        }
        test "what neither the file nor the command line gives is missing" {
            inFolder (fun folder ->
                expectError
                    BadUsage
                    "--output is missing: name the folder to make"
                    [
                        "evaluate"
                        "--data"
                        "d"
                        "--config"
                        file folder "s.json" """{"model": "m"}"""
                    ])
        }
    ]

let private methods =
    [
        test "methods that there are not are refused at once, and those that there are offered" {
            let help = (lori [ "distill"; "--help" ]).Out

            let names =
                LoRi.Training.KnownMethods.Students |> Seq.map _.About.Name |> String.concat ", "

            for name in [ "grpo"; "soft-tokens" ] do
                expectError
                    BadUsage
                    $"--method {name}: must be one of {names}"
                    [
                        "distill"
                        "--method"
                        name
                        "--teacher"
                        "t"
                        "--data"
                        "d"
                        "--output"
                        "o"
                    ]

                Expect.isFalse (help.Contains name) $"{name} in the help"

            for method in LoRi.Training.KnownMethods.Students do
                Expect.stringContains help method.About.Name "offered"
        }
        test "ranks and levels that the teacher does not have are bad usage before anything is made" {
            inFolder (fun folder ->
                let teacher = TinyFolder.model folder "teacher"
                let data = file folder "d.jsonl" (String.concat "\n" TinyFolder.rows)
                let output = Path.Combine(folder, "run")

                let distill =
                    [
                        "distill"
                        "--teacher"
                        teacher
                        "--data"
                        data
                        "--output"
                        output
                        "--steps"
                        "1"
                    ]

                for options, message in
                    [
                        [ "--layer-rank"; "9" ], $"--layer-rank 9: must be at most 2, as {teacher} has 2 traced levels"
                        [ "--layer-rank"; "2"; "--levels"; "last-1" ], "--layer-rank 2: must be at most 1"
                        [ "--hidden-rank"; "9" ],
                        $"--hidden-rank 9: must be at most 8, as the states of {teacher} have 8 components"
                        [ "--levels"; "last-3" ], "--levels last-3: the model has 2 levels only"
                    ] do
                    expectError BadUsage message (distill @ options)

                let config = file folder "s.json" """{"hidden_rank": 9}"""

                expectError
                    Failed
                    $"--config {config}: --hidden-rank 9: must be at most 8"
                    (distill @ [ "--config"; config ])

                Expect.isFalse (Directory.Exists output) "no folder"

                let identity =
                    lori (distill @ [ "--subspace-kind"; "identity"; "--layer-rank"; "9"; "--dry-run" ])

                Expect.equal identity.Code Success identity.Error)
        }
    ]

let private overview = lazy (lori [ "--help" ]).Out

let private help =
    [
        test "help is found in every way" {
            for arguments, like in
                [
                    [ "help" ], [ "--help" ]
                    [ "--verbose"; "--help" ], [ "--help" ]
                    [ "--help"; "--verbose" ], [ "--help" ]
                    [ "--libtorch"; "x"; "-h" ], [ "--help" ]
                    [ "help"; "teach" ], [ "teach"; "--help" ]
                    [ "help"; "subspace"; "fit" ], [ "subspace"; "fit"; "--help" ]
                    [ "help"; "subspace" ], [ "subspace"; "--help" ]
                    [ "subspace" ], [ "subspace"; "--help" ]
                    [ "--verbose"; "--version" ], [ "--version" ]
                ] do
                let found, expected = lori arguments, lori like
                Expect.equal found.Code Success $"{arguments}: {found.Error}"
                Expect.equal found.Out expected.Out $"{arguments}"

            Expect.stringContains overview.Value "lori help COMMAND" "the overview says so"
        }
        test "a command that there is not names those that there are" {
            expectError
                BadUsage
                "subspace foo: there is no such command; there are: subspace fit, subspace report"
                [ "subspace"; "foo" ]

            for arguments in [ [ "dance" ]; [ "help"; "dance" ]; [ "--verbose"; "dance" ] ] do
                let outcome = lori arguments
                Expect.equal outcome.Code BadUsage $"{arguments}"
                Expect.stringContains outcome.Error "dance: there is no such command; there are: info, demo" "message"
        }
        test "a help flag that is an option's value is none" {
            inFolder (fun folder ->
                let model = TinyFolder.model folder "m"

                let ask prompt =
                    loriJson
                        [
                            "generate"
                            "--model"
                            model
                            "--prompt"
                            prompt
                            "--max-new-tokens"
                            "2"
                            "--json"
                        ]

                Expect.equal (text "text" (ask "--help")) (text "text" (ask "--help")) "an answer"

                for options in [ [ "--help" ]; [ "--prompt"; "1"; "-h" ]; [ "--max-new-tokens"; "--help" ] ] do
                    let outcome = lori ([ "generate"; "--model"; model ] @ options)
                    Expect.equal outcome.Code Success outcome.Error
                    Expect.stringStarts outcome.Out "lori generate: " "help")
        }
    ]

let private full =
    test "standard output that cannot be written is one clear error" {
        if not (File.Exists "/dev/full") then
            skiptest "/dev/full is not available"

        for arguments in [ "--help"; "score --help"; "info --json" ] do
            let start = ProcessStartInfo("/bin/sh", RedirectStandardError = true)

            start.ArgumentList.Add "-c"
            let program = Path.Combine(System.AppContext.BaseDirectory, "lori.dll")
            start.ArgumentList.Add $"exec dotnet '{program}' {arguments} > /dev/full"
            use running = nonNull (Process.Start start)
            let error = running.StandardError.ReadToEnd()
            running.WaitForExit()
            Expect.equal running.ExitCode Failed error

            Expect.equal
                error
                "lori: error: standard output: cannot be written (No space left on device); make room there, or send it somewhere else\n"
                arguments
    }

[<Tests>]
let tests = testList "Options" (repeated @ ofFiles @ methods @ help @ [ full ])
