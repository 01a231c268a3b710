/// `lori download` as a process of its own, against a Hub on the loopback interface.
module LoRi.Cli.Tests.DownloadTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Training.Tests.HubServer

/// The tiny model as a repository, its weights in the store.
let private repository (folder: string) =
    [
        for path in Directory.GetFiles(TinyFolder.model folder "source") ->
            let name = nonNull (Path.GetFileName path)
            let content = File.ReadAllBytes path

            if name.EndsWith ".safetensors" then
                large name content
            else
                small name content
    ]

let private against (url: string) (folder: string) arguments =
    TinyRun.finish (
        TinyRun.startWith
            [
                "HF_ENDPOINT", url
                "HF_HOME", Path.Combine(folder, "home")
                "HF_HUB_CACHE", ""
                "HF_TOKEN", ""
            ]
            arguments
    )

let private failing (hub: Hub) folder code (text: string) arguments =
    let outcome = against hub.Url folder arguments
    Expect.equal outcome.Code code outcome.Error
    Expect.equal (outcome.Error.TrimEnd('\n').Split('\n').Length) 1 outcome.Error
    Expect.stringContains outcome.Error text "message"
    Expect.equal outcome.Out "" "nothing on the output stream"

[<Tests>]
let tests =
    testList
        "Download"
        [
            test "a model is fetched, found again, and used by its name" {
                inFolder (fun folder ->
                    let files = repository folder
                    use hub = new Hub(files, (fun _ _ -> None))
                    let first = against hub.Url folder [ "download"; "owner/tiny"; "--json" ]
                    Expect.equal first.Code Success first.Error
                    let result = JsonDocument.Parse(first.Out).RootElement
                    Expect.equal (text "commit" result) commit "commit"
                    Expect.equal (result.GetProperty("files").GetArrayLength()) files.Length "files"

                    for file in files do
                        Expect.equal
                            (File.ReadAllBytes(Path.Combine(text "folder" result, file.Name)))
                            file.Content
                            file.Name

                        Expect.stringContains first.Error $"{file.Name}: " "progress in plain lines"

                    let again = against hub.Url folder [ "download"; "owner/tiny" ]
                    Expect.equal again.Out (text "folder" result + "\n") again.Error
                    Expect.stringContains again.Error $"{files.Length} of them already there" "nothing to fetch"
                    let asked = hub.Requests.Length
                    let logits = [ "logits"; "--model"; "owner/tiny"; "--ids"; "1,2,3"; "--json" ]
                    let used = against hub.Url folder logits
                    Expect.equal used.Code Success used.Error
                    Expect.equal hub.Requests.Length asked "no network where a model is used")
            }
            test "refusals are one line" {
                inFolder (fun folder ->
                    use hub =
                        new Hub([], (fun _ _ -> Some(reply 404 [ "X-Error-Code", "RepoNotFound" ] [||])))

                    failing hub folder Failed "the model owner/tiny does not exist" [ "download"; "owner/tiny" ]

                    failing
                        hub
                        folder
                        Failed
                        "the data set owner/tiny does not exist"
                        [ "download"; "owner/tiny"; "--repo-type"; "dataset" ]

                    failing hub folder BadUsage "is no repository of the Hub" [ "download"; "../tiny" ]

                    failing
                        hub
                        folder
                        BadUsage
                        "--repo-type space: must be one of model, dataset"
                        [ "download"; "owner/tiny"; "--repo-type"; "space" ]

                    failing
                        hub
                        folder
                        Failed
                        "`lori download owner/tiny` would fetch it from the Hub"
                        [ "logits"; "--model"; "owner/tiny"; "--ids"; "1" ])
            }
        ]
