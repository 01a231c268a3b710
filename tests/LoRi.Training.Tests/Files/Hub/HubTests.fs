module LoRi.Training.Tests.HubTests

open System
open System.IO
open Expecto
open LoRi.Files
open LoRi.Files.Hub
open LoRi.Training.Tests.HubServer
open LoRi.Training.Tests.HubDownloads

let private layout =
    [
        testCase "the cache has the Hub's own layout, and a second run fetches nothing"
        <| fun () ->
            withHub files nothing
            <| fun hub options folder ->
                let result, _ = download options tiny
                let repository = repository folder
                Expect.equal result.Folder (Path.Combine(repository, "snapshots", commit)) "snapshot"
                Expect.equal (File.ReadAllText(Path.Combine(repository, "refs", "main"))) commit "ref"
                checkFolder result.Folder files

                for file in files do
                    let link = FileInfo(Path.Combine(result.Folder, file.Name))
                    Expect.stringStarts (nonNull link.LinkTarget) ".." "a link within the cache"

                    Expect.equal
                        (nonNull (link.ResolveLinkTarget true)).FullName
                        (Path.Combine(repository, "blobs", hashOf file))
                        "to the blob"

                Expect.equal (Directory.GetFiles(Path.Combine(repository, "blobs")).Length) files.Length "blobs only"
                let before = (contentRequests hub.Requests).Length
                let again, lines = download options tiny
                Expect.equal (contentRequests hub.Requests).Length before "nothing is fetched"
                Expect.isTrue (again.Files |> Seq.forall (fun file -> not file.Fetched)) "all were there"
                Expect.exists lines (fun line -> line.Contains "4 files, 4 of them already there") "and it says so"

                Expect.equal
                    (HubCache.FindSnapshot(options.CacheFolder, tiny.Repository))
                    result.Folder
                    "found without network"
        testCase "blobs that another tool fetched are linked, not fetched"
        <| fun () ->
            withHub files nothing
            <| fun hub options folder ->
                let blobs = Path.Combine(repository folder, "blobs")
                Directory.CreateDirectory blobs |> ignore
                File.WriteAllBytes(Path.Combine(blobs, hashOf weights), weights.Content)
                let result, _ = download options tiny
                checkFolder result.Folder files
                Expect.isEmpty hub.StoreRequests "the store is never asked"
        testCase "a truncated blob is fetched again; a damaged one of the right size where that is asked for"
        <| fun () ->
            withHub files nothing
            <| fun _ options folder ->
                let first, _ = download options tiny
                let blob = Path.Combine(repository folder, "blobs", hashOf weights)
                File.WriteAllBytes(blob, weights.Content[..99])
                download options tiny |> ignore
                checkFolder first.Folder files
                File.WriteAllBytes(blob, Array.zeroCreate weights.Content.Length)

                let verified =
                    download options (DownloadRequest(tiny.Repository, Verify = true)) |> fst

                Expect.equal
                    [
                        for f in verified.Files do
                            if f.Fetched then
                                f.File.Path
                    ]
                    [ weights.Name ]
                    "one file"

                checkFolder first.Folder files
        testCase "copies where links must not be"
        <| fun () ->
            inFolder
            <| fun folder ->
                use hub = new Hub(files, nothing)
                let options = options hub.Url folder

                let options =
                    HubOptions(Endpoint = options.Endpoint, CacheFolder = options.CacheFolder, Links = false)

                let result, _ = download options tiny
                checkFolder result.Folder files
                Expect.isNull (FileInfo(Path.Combine(result.Folder, weights.Name)).LinkTarget) "a plain file"
                let again, _ = download options tiny
                Expect.isTrue (again.Files |> Seq.forall (fun file -> not file.Fetched)) "all were there"
        testCase "a plain folder: only files that hash to what is listed count"
        <| fun () ->
            withHub files nothing
            <| fun hub options folder ->
                let target = Path.Combine(folder, "out")
                Directory.CreateDirectory target |> ignore
                File.WriteAllBytes(Path.Combine(target, weights.Name), weights.Content)
                File.WriteAllText(Path.Combine(target, config.Name), "{\"model_type\": \"LLAMA\"}")
                let request = DownloadRequest(tiny.Repository, Output = target)
                let result, _ = download options request
                Expect.equal result.Folder target "folder"
                checkFolder target files
                Expect.isEmpty hub.StoreRequests "the good one is not fetched"
                let names = Directory.GetFiles(target, "*", SearchOption.AllDirectories)
                Expect.equal names.Length files.Length "nothing else is left"
        testCase "a data set, and a revision with a slash"
        <| fun () ->
            withHub [ small "data/train.jsonl" "{}"B ] nothing
            <| fun hub options folder ->
                let id = RepositoryId.Parse(RepositoryKind.Dataset, "owner/tiny")
                let result, _ = download options (DownloadRequest(id, Revision = "refs/pr/1"))
                let repository = Path.Combine(folder, "cache", "datasets--owner--tiny")
                Expect.stringStarts result.Folder repository "folder"
                Expect.equal (File.ReadAllText(Path.Combine(repository, "refs", "refs", "pr", "1"))) commit "ref"
                let targets = [ for request in hub.Requests -> request.Target ]
                Expect.contains targets "/api/datasets/owner/tiny/revision/refs%2Fpr%2F1?blobs=true" "listing"
                Expect.contains targets $"/datasets/owner/tiny/resolve/{commit}/data/train.jsonl" "file"
    ]

let private environment =
    let from (values: (string * string) list) =
        HubOptions.From(fun name -> values |> List.tryFind (fst >> (=) name) |> Option.map snd |> Option.toObj)

    [
        testCase "variables"
        <| fun () ->
            let home = Environment.GetFolderPath Environment.SpecialFolder.UserProfile
            let plain = from []
            Expect.equal (plain.Endpoint.ToString()) "https://huggingface.co/" "endpoint"
            Expect.equal plain.CacheFolder (Path.Combine(home, ".cache", "huggingface", "hub")) "cache"
            Expect.isNull plain.Token "token"
            Expect.equal (from [ "HF_HOME", "/h" ]).CacheFolder "/h/hub" "HF_HOME"
            Expect.equal (from [ "HF_HOME", "/h"; "HF_HUB_CACHE", "/c" ]).CacheFolder "/c" "HF_HUB_CACHE"
            Expect.equal (from [ "XDG_CACHE_HOME", "/x" ]).CacheFolder "/x/huggingface/hub" "XDG_CACHE_HOME"
            Expect.equal (from [ "HF_HUB_CACHE", "~/c" ]).CacheFolder (home + "/c") "the user's folder"
            Expect.equal (from [ "HF_TOKEN", " hf_x \n" ]).Token "hf_x" "token"
            Expect.isFalse (from [ "HF_HUB_DISABLE_SYMLINKS", "1" ]).Links "links"

            Expect.equal
                ((from [ "HF_ENDPOINT", "https://mirror.example/hub" ]).Endpoint.ToString())
                "https://mirror.example/hub/"
                "a mirror"
        testCase "variables that make no sense"
        <| fun () ->
            for bad in [ "huggingface.co"; "file:///x"; "https://user:pw@host"; "https://x/?a" ] do
                fails "HF_ENDPOINT" (fun () -> from [ "HF_ENDPOINT", bad ] |> ignore)

            fails "HF_TOKEN has" (fun () -> from [ "HF_TOKEN", "hf_secret\r\nX: y" ] |> ignore)

            try
                from [ "HF_TOKEN", "hf_secret x" ] |> ignore
            with :? InputException as e ->
                Expect.isFalse (e.Message.Contains "hf_secret") "the token is not shown"
    ]

let private locks =
    [
        testCase "a second program waits for the first, and then uses its file"
        <| fun () ->
            withHub files nothing
            <| fun hub options folder ->
                let path =
                    Path.Combine(options.CacheFolder, ".locks", "models--owner--tiny", hashOf weights + ".lock")

                Directory.CreateDirectory(nonNull (Path.GetDirectoryName path)) |> ignore

                let held =
                    new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None)

                let screen = Screen()

                let running =
                    Threading.Tasks.Task.Run(fun () -> HubDownload.Run(options, tiny, screen))

                while not running.IsCompleted
                      && not (screen.Lines |> List.exists (fun line -> line.Contains "another program")) do
                    Threading.Thread.Sleep 10

                let blobs = Path.Combine(repository folder, "blobs")
                File.WriteAllBytes(Path.Combine(blobs, hashOf weights), weights.Content)
                held.Dispose()
                checkFolder running.Result.Folder files
                Expect.isEmpty hub.StoreRequests "it was not fetched twice"
    ]

let private plainScreen =
    [
        testCase "plain lines: what is there, now and then how far, and the end"
        <| fun () ->
            let mutable now = 0L

            let clock =
                { new TimeProvider() with
                    override _.TimestampFrequency = 1L
                    override _.GetTimestamp() = now
                }

            use writer = new StringWriter(NewLine = "\n")
            let screen = PlainDownloadScreen(writer, clock) :> IDownloadScreen
            screen.Begin("a", 4L <<< 20, 1L <<< 20)

            for second in 1L .. 12L do
                now <- second
                screen.Progress((1L <<< 20) + second * 1024L)

            screen.Finished()

            Expect.equal
                (writer.ToString())
                "a: going on after 1.0 MiB of 4.0 MiB\na: 1.0 MiB of 4.0 MiB\na: 4.0 MiB, checked\n"
                "lines"
    ]

[<Tests>]
let tests =
    testList
        "Hub"
        [
            testList "layout" layout
            testList "environment" environment
            testList "locks" locks
            testList "screen" plainScreen
        ]
