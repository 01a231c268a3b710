/// Downloads from the Hub on the loopback interface: its files, its clients, and what is expected of them.
module LoRi.Training.Tests.HubDownloads

open System
open System.IO
open Expecto
open LoRi.Files
open LoRi.Files.Hub
open LoRi.Training.Tests.HubServer

let bytes (length: int) =
    Array.init length (fun i -> byte ((i * 7 + i / 251) % 256))

let config = small "config.json" "{\"model_type\": \"llama\"}"B
let weights = large "model.safetensors" (bytes 300_000)
let nested = small "sub dir/ü#1?.json" "[]"B
let files = [ config; weights; nested; small "empty.txt" [||] ]

/// Lines that a download writes.
type Screen() =
    let lines = ResizeArray<string>()
    member _.Lines = List.ofSeq lines

    interface IDownloadScreen with
        member _.Line text = lines.Add text
        member _.Begin(path, _, arrived) = lines.Add $"begin {path} {arrived}"
        member _.Progress _ = ()
        member _.Finished() = lines.Add "finished"

let inFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "lori-hub-"

    try
        run folder.FullName
    finally
        folder.Delete true

let options (url: string) (folder: string) =
    HubOptions(
        Endpoint = Uri url,
        CacheFolder = Path.Combine(folder, "cache"),
        Pauses = [ TimeSpan.Zero; TimeSpan.Zero; TimeSpan.Zero ],
        LongestPause = TimeSpan.FromMilliseconds 10.0,
        Patience = TimeSpan.FromSeconds 5.0
    )

let tiny = DownloadRequest(RepositoryId.Parse(RepositoryKind.Model, "owner/tiny"))

let download (options: HubOptions) (request: DownloadRequest) =
    let screen = Screen()
    HubDownload.Run(options, request, screen), screen.Lines

let fails (text: string) (work: unit -> unit) =
    try
        work ()
        failtest "was accepted but must be refused"
    with :? InputException as e ->
        Expect.stringContains e.Message text "the message"
        Expect.isFalse (e.Message.Contains '\n') "one line"

let refused (text: string) options request =
    fails text (fun () -> download options request |> ignore)

let nothing _ _ = None

/// Runs a test against a Hub with these files, whose servers `intercept` may speak for.
let withHub files intercept (run: Hub -> HubOptions -> string -> unit) =
    inFolder
    <| fun folder ->
        use hub = new Hub(files, intercept)
        run hub (options hub.Url folder) folder

let checkFolder (folder: string) (expected: HubFile list) =
    for file in expected do
        Expect.equal (File.ReadAllBytes(Path.Combine(folder, file.Name))) file.Content file.Name

let contentRequests (requests: Request list) =
    requests
    |> List.filter (fun request -> request.Method = "GET" && not (request.Target.StartsWith "/api/"))

let repository (folder: string) =
    Path.Combine(folder, "cache", "models--owner--tiny")

let withToken (options: HubOptions) =
    HubOptions(
        Endpoint = options.Endpoint,
        CacheFolder = options.CacheFolder,
        Token = "hf_secret",
        Pauses = options.Pauses,
        LongestPause = options.LongestPause
    )

/// Answers the first `count` content requests of a server otherwise.
let firstTimes where count (other: Request -> Reply) =
    let left = ref count

    let take () =
        lock left (fun () ->
            left.Value <- left.Value - 1
            left.Value >= 0)

    fun place (request: Request) ->
        if place = where && request.Method = "GET" && not (request.Target.StartsWith "/api/") then
            if take () then Some(other request) else None
        else
            None
