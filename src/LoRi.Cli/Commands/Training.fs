module LoRi.Cli.Commands.Training

open System.Text.Json.Nodes
open LoRi.Cli
open LoRi.Runs.Settings

/// The key of the option that names a file of settings; it is not a setting itself.
let private configKey = "config"

/// The settings of a run: those of the command line over those of a file over the defaults, checked.
let private resolve command arguments (given: (string * Json.Value) list) =
    let commandLine = JsonObject()

    for key, value in given do
        if key <> configKey then
            commandLine[key] <- value

    let config: string | null =
        match List.tryFind (fst >> (=) configKey) given with
        | Some(_, path) -> (nonNull path).GetValue<string>()
        | None -> null

    CommandLine.blaming arguments (fun () ->
        let settings = RunSettings.Read(command, commandLine, config)
        settings.Validate()
        settings)

/// The settings that `lori teach` runs with.
let teachSettings arguments =
    resolve "teach" arguments (CommandLine.settings (CommandLine.parse<TrainArgs> "teach" arguments))

/// The settings that `lori distill` runs with.
let distillSettings arguments =
    let own, shared = CommandLine.parseBoth<DistillArgs, TrainArgs> "distill" arguments
    resolve "distill" arguments (CommandLine.settings own @ CommandLine.settings shared)
