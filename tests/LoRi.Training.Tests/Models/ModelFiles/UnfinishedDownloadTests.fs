/// Models of which a download left some files out: in the Hub's cache, and in a folder of its own.
module LoRi.Training.Tests.UnfinishedDownloadTests

open System.IO
open Expecto
open LoRi.Cli.Tests
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Runs.Answers
open LoRi.Training.Tests.SharedFiles

/// The tiny model where the Hub's tools would put it.
let private inCache (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-snapshot-").FullName

    try
        NativeRuntime.Load()
        let snapshots = Path.Combine(folder, "models--acme--tiny", "snapshots")
        run (TinyFolder.model snapshots (System.String('1', 40)))
    finally
        Directory.Delete(folder, true)

let private load (model: string) =
    let struct (loaded, _) = ModelLoader.Load(model, LoadSettings.OnCpu Precision.Full)
    loaded.Dispose()

let private index (model: string) (shards: string list) =
    let entries =
        shards |> List.mapi (fun i shard -> $"\"t{i}\": \"{shard}\"") |> String.concat ", "

    File.WriteAllText(Path.Combine(model, "model.safetensors.index.json"), $"{{\"weight_map\": {{{entries}}}}}")

let private remove (model: string) (name: string) = File.Delete(Path.Combine(model, name))

/// What is done to the model, and the file that the message must name.
let private losses: (string * (string -> unit) * string) list =
    [
        "no configuration", (fun model -> remove model "config.json"), "config.json"
        "no weights", (fun model -> remove model "model.safetensors"), "model.safetensors"
        "a link to weights that are not there",
        (fun model ->
            remove model "model.safetensors"

            File.CreateSymbolicLink(Path.Combine(model, "model.safetensors"), "../../blobs/abc")
            |> ignore),
        "model.safetensors"
        "one shard of two",
        (fun model ->
            File.Move(
                Path.Combine(model, "model.safetensors"),
                Path.Combine(model, "model-00001-of-00002.safetensors")
            )

            index model [ "model-00001-of-00002.safetensors"; "model-00002-of-00002.safetensors" ]),
        "model-00002-of-00002.safetensors"
    ]

let private lost =
    [
        for name, change, missing in losses do
            testCase name
            <| fun () ->
                inCache (fun model ->
                    load model
                    change model

                    for ask in [ load; (fun model -> ModelLoader.Shape model |> ignore) ] do
                        let message = refusalOf (fun () -> ask model)
                        Expect.stringContains message $"{missing} is missing" "what"
                        Expect.stringContains message "`lori download acme/tiny` resumes it" "what to do"

                    File.WriteAllText(Path.Combine(model, "model.safetensors.0badc0de.incomplete"), "")
                    let plain = Path.Combine(Path.GetDirectoryName model |> nonNull, "..", "plain")
                    Directory.Move(model, plain)
                    let message = refusalOf (fun () -> load plain)
                    Expect.stringContains message $"{missing} is missing" "in a folder of its own"
                    Expect.stringContains message "the same `lori download` resumes it" "what to do there")
        testCase "no tokenizer"
        <| fun () ->
            inCache (fun model ->
                remove model "tokenizer.json"
                load model
                let message = refusalOf (fun () -> StageModel.Tokenizer(model, null) |> ignore)
                Expect.stringContains message "tokenizer.json is missing" "what"
                Expect.stringContains message "`lori download acme/tiny`" "what to do")
        testCase "a link to a tokenizer that is not there"
        <| fun () ->
            inCache (fun model ->
                remove model "tokenizer.json"

                File.CreateSymbolicLink(Path.Combine(model, "tokenizer.json"), "../../blobs/abc")
                |> ignore

                let message = refusalOf (fun () -> StageModel.Tokenizer(model, null) |> ignore)
                Expect.stringContains message "tokenizer.json is missing" "what")
        testCase "a folder that no download made is told of as before"
        <| fun () ->
            inCache (fun model ->
                let plain = Path.Combine(Path.GetDirectoryName model |> nonNull, "..", "plain")
                Directory.Move(model, plain)
                remove plain "model.safetensors"
                let message = refusalOf (fun () -> load plain)
                Expect.isFalse (message.Contains "download") message)
    ]

[<Tests>]
let tests = testList "unfinished downloads" lost
