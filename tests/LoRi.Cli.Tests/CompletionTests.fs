module LoRi.Cli.Tests.CompletionTests

open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private script shell =
    let outcome = lori [ "completion"; shell ]
    Expect.equal outcome.Code Success outcome.Error
    outcome.Out

/// Every option that a command's help lists, but the global ones.
let private optionsOf (command: Registry.Command) =
    [
        for line in command.Page.Options().Split '\n' do
            if line.StartsWith "    --" then
                line.Trim().Split([| ' '; ','; '[' |]) |> Array.head
    ]

/// What bash offers for the words of a command line, the last of which is being written.
let private offered (script: string) (words: string list) =
    if not (File.Exists "/bin/bash") then
        skiptest "there is no bash here"

    let quoted = words |> List.map (fun word -> $"'{word}'") |> String.concat " "

    let start =
        ProcessStartInfo("/bin/bash", [ "--norc" ], RedirectStandardInput = true, RedirectStandardOutput = true)

    use shell = nonNull (Process.Start start)

    shell.StandardInput.Write(
        script
        + $"\nCOMP_WORDS=({quoted}); COMP_CWORD={words.Length - 1}; _lori; echo \"${{COMPREPLY[*]}}\"\n"
    )

    shell.StandardInput.Close()
    let answer = shell.StandardOutput.ReadToEnd()
    shell.WaitForExit()
    answer.Trim().Split ' ' |> List.ofArray

let private contents =
    [
        for shell in [ "bash"; "zsh"; "fish" ] ->
            test $"the script for {shell} has every command and every option" {
                let text = script shell

                for command in Registry.commands () do
                    for word in command.Page.Name.Split ' ' do
                        Expect.stringContains text word "command"

                    for option in optionsOf command do
                        let wanted =
                            if shell = "fish" then
                                $" -l {option.TrimStart '-'} "
                            else
                                option

                        Expect.stringContains text wanted $"{command.Page.Name} {option}"
            }
    ]

let private bash =
    [
        test "bash completes commands, second words and options" {
            let text = script "bash"
            Expect.equal (offered text [ "lori"; "tea" ]) [ "teach" ] "command"
            Expect.equal (offered text [ "lori"; "subspace"; "" ]) [ "fit"; "report"; "nulls" ] "second word"
            Expect.equal (offered text [ "lori"; "teach"; "--warm" ]) [ "--warmup-steps" ] "option"
            Expect.equal (offered text [ "lori"; "distill"; "--lambda-a" ]) [ "--lambda-anchor" ] "option of its own"
            Expect.equal (offered text [ "lori"; "subspace"; "fit"; "--layer-e" ]) [ "--layer-energy" ] "two words"
            Expect.equal (offered text [ "lori"; "teach"; "--model"; "fold" ]) [ "" ] "values are files"
        }
        test "another shell is bad usage" {
            expectError BadUsage "must be one of bash, zsh, fish" [ "completion"; "cmd" ]
        }
    ]

[<Tests>]
let tests = testList "Completion" (contents @ bash)
