/// `lori import`.
module LoRi.Cli.Commands.Import

open System
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Import
open LoRi.Runs.Settings

let private checkpoint =
    Setting<string>(
        "checkpoint",
        "path",
        Forms.Place,
        "",
        "what the published code saved, as safetensors: a file, or the folder with it",
        Required = "name what the published code saved, as safetensors"
    )

let private basis =
    Setting<string>(
        "base",
        "path",
        Forms.Place,
        "",
        "a Hub folder of the base model, for its config.json and tokenizer; its weights are not read",
        Required = "name a Hub folder of the base model"
    )

let private output =
    Setting<string>("output", "folder", Forms.Output, "", "the folder to make", Required = "name the folder to make")

let private steps =
    Setting<Nullable<int>>(
        "latent_steps",
        "number",
        Forms.Whole(1).Optional(),
        Nullable(),
        "latent steps",
        DefaultText = "those of the released scripts, 6"
    )

let private alpha =
    Setting<float>(
        "lora_alpha",
        "number",
        Forms.Positive(),
        ImportOptions.DefaultAlpha,
        "adapters are scaled by it over their rank"
    )

/// Its options.
let settings =
    CommandSettings("import", [| checkpoint; basis; output; steps; alpha |])

/// Imports a model.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = SettingOptions.read settings arguments

    let options =
        ImportOptions(
            Checkpoint = CommandLine.existing "checkpoint" (given.Get checkpoint),
            Base = CommandLine.existing "base" (given.Get basis),
            Output = given.Get output,
            LatentSteps = given.Get steps,
            Alpha = given.Get alpha
        )

    NativeRuntime.Load native
    ImportStage.Run(options, Action<string>(fun line -> terminal.Out.WriteLine line))
