module LoRi.Cli.Tests.HelpTests

open Expecto
open LoRi.Cli
open LoRi.Cli.Tests.Running

let private helpTests =
    [
        for command in Registry.commands () ->
            let name = command.Page.Name

            test $"help of {name}" {
                let outcome = lori [ yield! name.Split ' '; "--help" ]
                Expect.equal outcome.Code 0 outcome.Error
                Expect.stringContains outcome.Out $"EXAMPLE: lori {name} " "example"
                expectGolden ("help " + name + ".txt") outcome.Out
            }
    ]

let private general =
    [
        test "commands stand under the names of their settings" {
            for command in Registry.commands () do
                Expect.equal (command.Settings().Name) command.Page.Name "name"
        }
        test "help of the program" {
            let outcome = lori [ "--help" ]
            Expect.equal outcome.Code 0 outcome.Error
            expectGolden "help.txt" outcome.Out
        }
        test "version" {
            let outcome = lori [ "--version" ]
            Expect.equal (outcome.Code, outcome.Out) (0, "lori 0.1.0\n") outcome.Error
        }
        test "a long help begins with what a first run needs, and has every option once" {
            let options (text: string) =
                [
                    for line in text.Split '\n' do
                        if line.StartsWith "    --" then
                            (line.Trim().Split [| ' '; ',' |])[0]
                ]

            for command in Registry.commands () do
                let name = command.Page.Name
                let all = (lori [ yield! name.Split ' '; "--help" ]).Out
                let own = all.Split("FOR EVERY COMMAND:")[0]

                Expect.equal
                    (List.sort (options own))
                    (command.Names() |> List.map fst |> List.filter ((<>) "--help") |> List.sort)
                    $"options of {name}"

                Expect.equal ((all.Split "OPTIONS:").Length <= 2) true $"one list of {name}"
                Expect.equal ((all.Split "    --help ").Length) 2 $"--help once of {name}"
                Expect.isFalse (all.Contains "FURTHER OPTIONS") $"every option of {name} has its section"

            let distill = options (lori [ "distill"; "--help" ]).Out
            Expect.equal distill[..4] [ "--method"; "--teacher"; "--data"; "--output"; "--latent-steps" ] "first"
        }
        test "help fits into 80 columns" {
            let texts =
                (lori [ "--help" ]).Out
                :: [
                    for command in Registry.commands () -> (lori [ yield! command.Page.Name.Split ' '; "--help" ]).Out
                ]

            for line in texts |> Seq.collect _.Split('\n') do
                let longest = line.Split ' ' |> Array.map _.Length |> Array.max
                Expect.isTrue (line.Length <= 80 || longest > 50) line
        }
        test "an example goes on over its lines as a shell reads it" {
            for command in Registry.commands () do
                let help = (lori [ yield! command.Page.Name.Split ' '; "--help" ]).Out

                let example =
                    help.Substring(help.LastIndexOf "EXAMPLE: " + "EXAMPLE: ".Length).TrimEnd()

                let joined = example.Split(" \\\n") |> Array.map _.Trim() |> String.concat " "

                Expect.equal joined $"lori {command.Page.Name} {command.Page.Example}" "the command"
                Expect.isFalse (joined.Contains '\n') "one command"
        }
        test "every example names options that exist" {
            for command in Registry.commands () do
                let help = (lori [ yield! command.Page.Name.Split ' '; "--help" ]).Out

                for word in command.Page.Example.Split ' ' do
                    if word.StartsWith "--" then
                        Expect.stringContains help $"    {word}" $"{word} of {command.Page.Name}"
        }
    ]

[<Tests>]
let tests = testList "Help" (helpTests @ general)
