/// `lori export`.
module LoRi.Cli.Commands.Export

open System
open System.Collections.Generic
open LoRi.Cli
open LoRi.Models.Native
open LoRi.Runs.Export
open LoRi.Files.Settings
open LoRi.Runs.Settings

let private text key name help =
    Setting<string | null>(key, name, Forms.Text.OrNone(), null, help)

let private several key name help =
    Setting<IReadOnlyList<string>>(key, name, Forms.List, [||], help)

let private model =
    Setting<string>(
        "model",
        "path",
        Forms.Place,
        "",
        "a run directory, a Hub folder or a .gguf file",
        Required = "name a run directory, a Hub folder or a .gguf file"
    )

let private output =
    Setting<string>("output", "folder", Forms.Output, "", "the folder to make", Required = "name the folder to make")

let private form =
    Setting<ExportForm>(
        "form",
        "name",
        Forms.Choice<ExportForm>(),
        ExportForm.Merged,
        "merged, or adapter for what a run with --lora-rank trained"
    )

let private adapter =
    Setting<string | null>(
        "adapter",
        "folder",
        Forms.Place.OrNone(),
        null,
        "folder of a LoRA adapter to merge in, or to export with --form adapter"
    )

let private shardSize =
    Setting<StorageSize>(
        "max_shard_size",
        "size",
        Forms.Size,
        StorageSize ExportOptions.DefaultShardBytes,
        "largest file of weights, such as 500MB or 4GiB; a number alone counts MiB"
    )

let private evaluations =
    Setting<IReadOnlyList<string>>(
        "evaluation",
        "folder",
        Forms.Places,
        [||],
        "folders that evaluate wrote, for the model card; FOLDER=OWNER/NAME says what the Hub calls the data; several may follow"
    )

let private baseModel =
    text "base_model" "name" "what the Hub calls the base model, OWNER/NAME, for the model card"

let private license =
    text "license" "identifier" "the Hub's identifier of the licence, such as apache-2.0, for the model card"

let private languages =
    several "language" "code" "languages of the model, such as en, for the model card; several may follow"

let private datasets =
    several "dataset" "name" "what the Hub calls the training data, OWNER/NAME, for the model card; several may follow"

/// Its options.
let settings =
    CommandSettings(
        "export",
        [|
            model
            output
            form
            adapter
            StageSettings.ShortDtype
            shardSize
            StageSettings.Tokenizer
            evaluations
            baseModel
            license
            languages
            datasets
            StageSettings.Json
        |]
    )

let private exportOptions (given: SettingValues) =
    let options =
        ExportOptions(
            Model = CommandLine.existing "model" (given.Get model),
            Output = given.Get output,
            Adapter =
                (given.Get adapter
                 |> Option.ofObj
                 |> Option.map (CommandLine.existing "adapter")
                 |> Option.toObj),
            Form = given.Get form,
            Dtype = given.Get StageSettings.ShortDtype,
            ShardBytes = (given.Get shardSize).Bytes,
            Tokenizer = given.Get StageSettings.Tokenizer,
            BaseModel = given.Get baseModel,
            Licence = given.Get license,
            Languages = given.Get languages,
            Datasets = given.Get datasets,
            Evaluations = given.Get evaluations
        )

    CommandLine.asUsage options.Validate
    options

/// Hands a model out.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = SettingOptions.read settings arguments
    let options = exportOptions given
    NativeRuntime.Load native

    let files =
        ExportStage.Run(options, Action<string>(fun line -> terminal.Error.WriteLine line))

    if given.Get StageSettings.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "output", Json.text options.Output
                    "files", Json.list (Seq.map Json.text files)
                ])
    else
        for name in files do
            terminal.Out.WriteLine name
