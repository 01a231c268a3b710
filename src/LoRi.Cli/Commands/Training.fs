module LoRi.Cli.Commands.Training

open System.Text.Json.Nodes
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Training
open LoRi.Training.Runs

/// The key of the option that names a file of settings; it is not a setting itself.
let private configKey = "config"

/// Settings that stand among the alignment's but matter to every method, or are checked with their values.
let private sharedKeys = [ "teacher_text"; "subspace" ]

/// An option of the alignment on the command line does nothing for a method that has none.
let private refuseUnused (settings: RunSettings) (given: string list) =
    let method = settings.Latent.Method
    let aligned = OptionJson.Keys<LoRiOptions>()

    let unused =
        given
        |> List.tryFind (fun key -> aligned.Contains key && not (List.contains key sharedKeys))

    match unused with
    | Some key when settings.Command = "distill" && method <> MethodNames.LoRi ->
        let option = key.Replace('_', '-')

        raise (
            UsageException
                $"--{option} and --method {method} contradict each other: only {MethodNames.LoRi} aligns trajectories"
        )
    | _ -> ()

/// The settings of a run: those of the command line over those of a file over the defaults, checked.
let private resolve command (given: (string * Json.Value) list) =
    let commandLine = JsonObject()

    for key, value in given do
        if key <> configKey then
            commandLine[key] <- value

    let config: string | null =
        match List.tryFind (fst >> (=) configKey) given with
        | Some(_, path) -> (nonNull path).GetValue<string>()
        | None -> null

    // A bad file is bad input, a bad option is bad usage.
    CommandLine.asUsage (fun () -> RunSettings.Read(command, commandLine, OptionSource.CommandLine))
    |> ignore

    let settings = RunSettings.Read(command, commandLine, config)
    refuseUnused settings (List.map fst given)
    CommandLine.asUsage settings.Validate
    settings

/// The settings that `lori teach` runs with.
let teachSettings arguments =
    resolve "teach" (CommandLine.settings (CommandLine.parse<TrainArgs> "teach" arguments))

/// The settings that `lori distill` runs with.
let distillSettings arguments =
    let own, shared = CommandLine.parseBoth<DistillArgs, TrainArgs> "distill" arguments
    resolve "distill" (CommandLine.settings own @ CommandLine.settings shared)
