module LoRi.Cli.Tests.HelpTests

open Expecto
open LoRi.Cli
open LoRi.Cli.Tests.Running

let private helpTests =
    [
        for command in Registry.commands ->
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
        test "help of the program" {
            let outcome = lori [ "--help" ]
            Expect.equal outcome.Code 0 outcome.Error
            expectGolden "help.txt" outcome.Out
        }
        test "version" {
            let outcome = lori [ "--version" ]
            Expect.equal (outcome.Code, outcome.Out) (0, "lori 0.1.0\n") outcome.Error
        }
        test "every example names options that exist" {
            for command in Registry.commands do
                let help = (lori [ yield! command.Page.Name.Split ' '; "--help" ]).Out

                for word in command.Page.Example.Split ' ' do
                    if word.StartsWith "--" then
                        Expect.stringContains help $"    {word}" $"{word} of {command.Page.Name}"
        }
    ]

[<Tests>]
let tests = testList "Help" (helpTests @ general)
