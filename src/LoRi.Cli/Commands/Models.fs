/// `lori logits`, and what other commands that ask a model share with it.
module LoRi.Cli.Commands.Models

open System
open System.Globalization
open LoRi.Cli
open LoRi.Cli.ExitCodes
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

/// Loads libtorch.
let load (native: NativeRuntimeOptions) threads =
    NativeRuntime.Load(native.WithThreads(Option.toNullable threads))

/// Notes about a model go where no reader of the output meets them.
let tell (terminal: Terminal) model (notes: string seq) =
    for note in notes do
        terminal.Error.WriteLine(MessageText.Name $"{model}: {note}")

/// Shows what a model says of given ids.
let logits (terminal: Terminal) native arguments =
    let options = CommandLine.parse<LogitsArgs> "logits" arguments
    let given = ids (options.GetResult LogitsArgs.Ids)

    let dtype =
        CommandLine.choiceOr "dtype" (options.TryGetResult LogitsArgs.Dtype) DtypeOption.F32

    let device =
        CommandLine.choiceOr "device" (options.TryGetResult LogitsArgs.Device) DeviceOption.Cpu

    CommandLine.atLeastOne "threads" (options.TryGetResult LogitsArgs.Threads)
    let model = CommandLine.existing "model" (options.GetResult LogitsArgs.Model)

    match options.TryGetResult LogitsArgs.Output with
    | Some output ->
        CommandLine.notAnInput [ ModelLoader.Resolve model ] output
        CommandLine.refuse (OutputName.FileFault(output, "a safetensors file", ".safetensors"))
    | None -> ()

    load native (options.TryGetResult LogitsArgs.Threads)

    let answer =
        ModelQueries.Logits(
            model,
            given,
            dtype,
            device,
            Option.toObj (options.TryGetResult LogitsArgs.Output),
            options.TryGetResult LogitsArgs.Adapter
            |> Option.map (CommandLine.existing "adapter")
            |> Option.toObj
        )

    tell terminal model answer.Notes

    if options.Contains LogitsArgs.Json then
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
