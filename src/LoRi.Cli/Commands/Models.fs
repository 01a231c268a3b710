/// `lori logits`, and what other commands that ask a model share with it.
module LoRi.Cli.Commands.Models

open System
open System.Globalization
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Files.Settings
open LoRi.Files.Text
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Runs.Answers
open LoRi.Runs.Settings

/// Token ids of an option, separated by commas.
let ids (text: string) =
    [|
        for part in text.Split(',', StringSplitOptions.TrimEntries) do
            match Int32.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture) with
            | true, id -> id
            | _ -> raise (UsageException $"--ids {text}: '{part}' is not a token id; separate ids by commas")
    |]

/// A model that is asked.
let model =
    Setting<string | null>(
        "model",
        "path",
        Forms.Place.OrNone(),
        null,
        "a Hub folder, a run directory or a .gguf file",
        Required = "name a Hub folder, a run directory or a .gguf file"
    )

/// An adapter that is merged into it.
let adapter =
    Setting<string | null>("adapter", "folder", Forms.Place.OrNone(), null, "folder of a LoRA adapter to merge in")

/// The folder of an adapter, which must be there.
let adapterOf (settings: SettingValues) =
    settings.Get adapter
    |> Option.ofObj
    |> Option.map (CommandLine.existing "adapter")
    |> Option.toObj

let private idList =
    Setting<string>(
        "ids",
        "list",
        Forms.Text,
        "",
        "token ids, separated by commas",
        Required = "give token ids, separated by commas"
    )

let private output =
    Setting<string | null>(
        "output",
        "file",
        Forms.Output.OrNone(),
        null,
        "safetensors file for logits and hidden.0 .. hidden.L"
    )

/// The options of `logits`.
let settings =
    CommandSettings(
        "logits",
        [|
            model
            idList
            adapter
            StageSettings.Dtype
            AnswerSettings.Weights
            output
            StageSettings.Threads
            StageSettings.Device
            StageSettings.Json
        |],
        Rules = [| AnswerSettings.WeightsRule |]
    )

/// Notes about a model go where no reader of the output meets them.
let tell (terminal: Terminal) model (notes: string seq) =
    for note in notes do
        terminal.Error.WriteLine(MessageText.Name $"{model}: {note}")

/// Shows what a model says of given ids.
let logits (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let options = SettingOptions.read settings arguments
    let given = ids (options.Get idList)
    let path = CommandLine.existing "model" (nonNull (options.Get model))

    match options.Get output with
    | null -> ()
    | output ->
        CommandLine.notAnInput [ ModelLoader.Resolve path ] output
        CommandLine.refuse (OutputName.FileFault(output, "a safetensors file", ".safetensors"))

    NativeRuntime.Load(native.WithThreads(options.Get StageSettings.Threads))

    let answer =
        ModelQueries.Logits(
            path,
            given,
            options.Get StageSettings.Dtype,
            options.Get StageSettings.Device,
            options.Get output,
            adapterOf options,
            options.Get AnswerSettings.Weights
        )

    tell terminal path answer.Notes

    if options.Get StageSettings.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "shape", Json.list [ Json.whole answer.Length; Json.whole answer.Vocabulary ]
                    "last", Json.numbers answer.Last
                    "loss",
                    (if answer.Loss.HasValue then
                         Json.number answer.Loss.Value
                     else
                         null)
                ])
    else
        let best =
            answer.Last |> Array.indexed |> Array.sortByDescending snd |> Array.truncate 5

        Terminal.writeFields
            terminal
            [
                "shape", $"{answer.Length} x {answer.Vocabulary}"
                "loss",
                (if answer.Loss.HasValue then
                     $"%.6f{answer.Loss.Value} nats"
                 else
                     "none for one id")
                "best next ids", String.Join(", ", [ for id, logit in best -> $"{id} (%.4f{logit})" ])
            ]
