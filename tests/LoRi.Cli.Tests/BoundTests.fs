/// Options that ask for memory, threads or time: none takes a number that brings a machine down.
module LoRi.Cli.Tests.BoundTests

open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Runs.Settings
open LoRi.Training
open LoRi.Cli.Tests.Running

/// What must be there for a command line to be looked at any further.
let private mandatory =
    Map
        [
            "logits", [ "--model"; "m"; "--ids"; "1" ]
            "generate", [ "--model"; "m"; "--prompt"; "p" ]
            "trajectories", [ "--model"; "m"; "--data"; "d"; "--output"; "o" ]
            "evaluate", [ "--model"; "m"; "--data"; "d"; "--output"; "o" ]
            "teach", [ "--model"; "m"; "--data"; "d"; "--output"; "o" ]
            "distill", [ "--teacher"; "m"; "--data"; "d"; "--output"; "o" ]
            "data", [ "--model"; "m"; "--data"; "d" ]
            "report", [ "r" ]
            "subspace fit", [ "--trajectories"; "t"; "--output"; "o" ]
            "subspace report", [ "--subspace"; "s" ]
            "subspace nulls", [ "--model"; "m"; "--data"; "d" ]
            "plan-scale", [ "--model"; "m" ]
            "objective", [ "--subspace"; "s"; "--teacher"; "t"; "--student"; "u" ]
            "probe", [ "--model"; "m"; "--data"; "d"; "--intervene"; "zero"; "--output"; "o" ]
            "model new", [ "--tokenizer"; "t"; "--output"; "o" ]
            "model reduce", [ "--model"; "m"; "--subspace"; "s"; "--output"; "o" ]
            "experiment plan", [ "m" ]
            "experiment run", [ "m"; "--output"; "o" ]
        ]

/// The task that has an option, where some have it.
let private taskOf option =
    match option with
    | "--digits" -> "multiplication"
    | "--nodes"
    | "--edges" -> "graph"
    | _ -> "chain"

/// The options of a command that have a bound, and their bounds.
let private bounded (command: Registry.Command) =
    [
        for setting in command.Settings().Settings do
            if setting.ValueForm.Most.HasValue then
                setting.Flag, setting.ValueForm.Most.Value
    ]

/// A method that has an option, where some have it.
let private having option =
    KnownMethods.Students
    |> Seq.tryFind (fun method -> method.About.Settings |> Seq.exists (fun setting -> setting.Flag = option))
    |> Option.map (fun method -> [ "--method"; method.About.Name ])
    |> Option.defaultValue []

[<Tests>]
let tests =
    testList
        "Bounds"
        [
            for command in Registry.commands () do
                for option, most in bounded command do
                    test $"{command.Page.Name} {option}" {
                        let arguments =
                            [
                                yield! command.Page.Name.Split ' '
                                yield! mandatory |> Map.tryFind command.Page.Name |> Option.defaultValue []
                                if command.Page.Name = "distill" then
                                    yield! having option
                                if command.Page.Name = "task write" then
                                    yield! [ taskOf option; "--output"; "o" ]
                                option
                                "2000000000"
                            ]

                        expectError BadUsage $"{option} 2000000000: must be at most {most}" arguments
                    }
            for key, most in [ "threads", StageSettings.Threads.Form.Most.Value; "batch_size", 65536.0 ] do
                test $"{key} in a file of settings" {
                    inFolder (fun folder ->
                        let config = file folder "c.json" $"""{{"{key}": 1000000}}"""

                        for command in [ "teach"; "evaluate"; "trajectories" ] do
                            expectError
                                Failed
                                $"1000000: must be at most {most}"
                                (withNothing command @ [ "--config"; config ]))
                }
        ]
