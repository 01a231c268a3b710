/// Command lines that train the tiny model by any method.
module LoRi.Cli.Tests.MethodCommands

open System.IO
open LoRi.Files.Settings
open LoRi.Runs.Settings
open LoRi.Training.Methods

/// The beginning of a command line that distils by a method from the folder's model: small numbers where it has such settings.
let distilBy (about: MethodFacts) (folder: string) =
    let model = Path.Combine(folder, "model")

    let has (setting: Setting) =
        about.Settings |> Seq.exists (fun own -> own.Key = setting.Key)

    [
        yield! [ "distill"; "--method"; about.Name ]
        if about.HasFrozenTeacher then
            yield! [ "--teacher"; model ]
        if not about.HasFrozenTeacher || about.StartsFromBase then
            yield! [ "--model"; model ]
        if has SharedSettings.LatentSteps then
            yield! [ "--latent-steps"; "2" ]
        if has SharedSettings.Sweeps then
            yield! [ "--sweeps"; "2" ]
    ]

/// Small adapters with dropout.
let smallAdapters =
    [
        "--lora-rank"
        "2"
        "--lora-dropout"
        "0.2"
        "--lora-targets"
        "q_proj"
        "v_proj"
    ]
