module LoRi.Training.Tests.HubTests

open System
open System.IO
open System.Text
open Expecto
open LoRi.Training
open LoRi.Training.Hub
open LoRi.Training.Tests.HubServer

let private bytes (length: int) =
    Array.init length (fun i -> byte ((i * 7 + i / 251) % 256))

let private config = small "config.json" "{\"model_type\": \"llama\"}"B
let private weights = large "model.safetensors" (bytes 300_000)
let private nested = small "sub dir/ü#1?.json" "[]"B
let private files = [ config; weights; nested; small "empty.txt" [||] ]

/// Lines that a download writes.
type private Screen() =
    let lines = ResizeArray<string>()
    member _.Lines = List.ofSeq lines

    interface IDownloadScreen with
        member _.Line text = lines.Add text
        member _.Begin(path, _, arrived) = lines.Add $"begin {path} {arrived}"
        member _.Progress _ = ()
        member _.Finished() = lines.Add "finished"

let private inFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "lori-hub-"

    try
        run folder.FullName
    finally
        folder.Delete true

let private options (url: string) (folder: string) =
    HubOptions(
        Endpoint = Uri url,
        CacheFolder = Path.Combine(folder, "cache"),
        Pauses = [ TimeSpan.Zero; TimeSpan.Zero; TimeSpan.Zero ],
        LongestPause = TimeSpan.FromMilliseconds 10.0,
        Patience = TimeSpan.FromSeconds 5.0
    )

let private tiny =
    DownloadRequest(RepositoryId.Parse(RepositoryKind.Model, "owner/tiny"))

let private download (options: HubOptions) (request: DownloadRequest) =
    let screen = Screen()
    HubDownload.Run(options, request, screen), screen.Lines

let private fails (text: string) (work: unit -> unit) =
    try
        work ()
        failtest "was accepted but must be refused"
    with :? InputException as e ->
        Expect.stringContains e.Message text "the message"
        Expect.isFalse (e.Message.Contains '\n') "one line"

let private refused (text: string) options request =
    fails text (fun () -> download options request |> ignore)

let private nothing _ _ = None

/// Runs a test against a Hub with these files, whose servers `intercept` may speak for.
let private withHub files intercept (run: Hub -> HubOptions -> string -> unit) =
    inFolder
    <| fun folder ->
        use hub = new Hub(files, intercept)
        run hub (options hub.Url folder) folder

let private checkFolder (folder: string) (expected: HubFile list) =
    for file in expected do
        Expect.equal (File.ReadAllBytes(Path.Combine(folder, file.Name))) file.Content file.Name

let private contentRequests (requests: Request list) =
    requests
    |> List.filter (fun request -> request.Method = "GET" && not (request.Target.StartsWith "/api/"))

let private repository (folder: string) =
    Path.Combine(folder, "cache", "models--owner--tiny")

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

let private withToken (options: HubOptions) =
    HubOptions(
        Endpoint = options.Endpoint,
        CacheFolder = options.CacheFolder,
        Token = "hf_secret",
        Pauses = options.Pauses,
        LongestPause = options.LongestPause
    )

let private token =
    [
        testCase "goes to the Hub and never to another host, however it is redirected"
        <| fun () ->
            withHub files nothing
            <| fun hub options _ ->
                download (withToken options) tiny |> ignore

                for request in hub.Requests do
                    Expect.equal (Map.tryFind "authorization" request.Headers) (Some "Bearer hf_secret") request.Target

                Expect.isNonEmpty hub.StoreRequests "the store was asked"

                for request in hub.StoreRequests do
                    Expect.isFalse (request.Headers.ContainsKey "authorization") "no token for the store"
        testCase "stays with the Hub on relative redirects"
        <| fun () ->
            let renamed where (request: Request) =
                if where = "hub" && request.Target.Contains "owner/tiny" then
                    Some(reply 307 [ "Location", request.Target.Replace("owner/tiny", "owner/renamed") ] [||])
                else
                    None

            withHub files renamed
            <| fun hub options _ ->
                let result, _ = download (withToken options) tiny
                checkFolder result.Folder files

                for request in hub.Requests do
                    Expect.isTrue (request.Headers.ContainsKey "authorization") request.Target
        testCase "a redirect to something else than HTTP is refused"
        <| fun () ->
            for location in [ "file:///etc/passwd"; "ftp://127.0.0.1/x" ] do
                withHub files (fun _ _ -> Some(reply 302 [ "Location", location ] [||]))
                <| fun _ options _ -> refused "which is not followed" options tiny
        testCase "redirects in a circle end"
        <| fun () ->
            withHub files (fun _ request -> Some(reply 302 [ "Location", request.Target ] [||]))
            <| fun _ options _ -> refused "redirects more than" options tiny
    ]

/// Answers the first `count` content requests of a server otherwise.
let private firstTimes where count (other: Request -> Reply) =
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

let private interruptions =
    [
        testCase "a connection that is cut is gone on with where it ended"
        <| fun () ->
            let cut request =
                { ranged weights.Content request with
                    CutAfter = Some 100_000
                }

            withHub files (firstTimes "store" 2 cut)
            <| fun hub options _ ->
                let result, _ = download options tiny
                checkFolder result.Folder files

                Expect.equal
                    [ for request in hub.StoreRequests -> Map.tryFind "range" request.Headers ]
                    [ None; Some "bytes=100000-"; Some "bytes=200000-" ]
                    "ranges"
        testCase "a part from an earlier run is gone on with"
        <| fun () ->
            withHub files nothing
            <| fun hub options folder ->
                let blobs = Path.Combine(repository folder, "blobs")
                Directory.CreateDirectory blobs |> ignore
                File.WriteAllBytes(Path.Combine(blobs, hashOf weights + ".incomplete"), weights.Content[..12_344])
                let result, lines = download options tiny
                checkFolder result.Folder files
                Expect.contains lines "begin model.safetensors 12345" "it says so"
                Expect.equal (Map.tryFind "range" hub.StoreRequests[0].Headers) (Some "bytes=12345-") "range"
        testCase "a part of another file, and one that is too long, are begun anew"
        <| fun () ->
            for part in
                [
                    Array.zeroCreate 1000
                    Array.zeroCreate 400_000
                    Array.zeroCreate weights.Content.Length
                ] do
                withHub files nothing
                <| fun _ options folder ->
                    let blobs = Path.Combine(repository folder, "blobs")
                    Directory.CreateDirectory blobs |> ignore
                    File.WriteAllBytes(Path.Combine(blobs, hashOf weights + ".incomplete"), part)
                    let result, _ = download options tiny
                    checkFolder result.Folder files
        testCase "servers that ignore or misunderstand ranges"
        <| fun () ->
            let whole _ = reply 200 [] weights.Content

            let wrong _ =
                reply
                    206
                    [
                        "Content-Range", $"bytes 0-{weights.Content.Length - 1}/{weights.Content.Length}"
                    ]
                    weights.Content

            for answer in [ whole; wrong; (fun _ -> reply 416 [] [||]) ] do
                withHub files (firstTimes "store" 1 answer)
                <| fun _ options folder ->
                    let blobs = Path.Combine(repository folder, "blobs")
                    Directory.CreateDirectory blobs |> ignore
                    File.WriteAllBytes(Path.Combine(blobs, hashOf weights + ".incomplete"), weights.Content[..999])
                    let result, _ = download options tiny
                    checkFolder result.Folder files
        testCase "busy and failing servers are asked again"
        <| fun () ->
            for status, headers in [ 500, []; 503, []; 429, [ "Retry-After", "1" ]; 408, [] ] do
                withHub files (firstTimes "store" 3 (fun _ -> reply status headers [||]))
                <| fun hub options _ ->
                    let result, lines = download options tiny
                    checkFolder result.Folder files
                    Expect.equal hub.StoreRequests.Length 4 "three times in vain"
                    let said = lines |> List.filter (fun line -> line.Contains $"HTTP {status}")
                    Expect.equal said.Length 3 "and it says so"
        testCase "an address of the store that has expired is asked for again"
        <| fun () ->
            withHub files (firstTimes "store" 1 (fun _ -> reply 403 [] [||]))
            <| fun _ options _ -> checkFolder (fst (download options tiny)).Folder files
        testCase "after all attempts there is one error, and the part stays"
        <| fun () ->
            let cut request =
                { ranged weights.Content request with
                    CutAfter = Some 1000
                }

            withHub files (firstTimes "store" 100 cut)
            <| fun _ options folder ->
                refused "4 times in a row" options tiny
                let part = Path.Combine(repository folder, "blobs", hashOf weights + ".incomplete")
                Expect.equal (FileInfo part).Length 4000L "what has arrived"
        testCase "a server that falls silent is not waited for"
        <| fun () ->
            let silent _ _ =
                Threading.Thread.Sleep 3000
                None

            withHub files silent
            <| fun _ options _ ->
                let impatient =
                    HubOptions(
                        Endpoint = options.Endpoint,
                        CacheFolder = options.CacheFolder,
                        Pauses = [],
                        Patience = TimeSpan.FromMilliseconds 200.0
                    )

                refused "nothing came within" impatient tiny
        testCase "no server at all"
        <| fun () ->
            inFolder
            <| fun folder ->
                use gone = new Server(fun _ -> reply 200 [] [||])
                let url = gone.Url
                (gone :> IDisposable).Dispose()
                refused "the connection to 127.0.0.1 failed" (options url folder) tiny
    ]

let private answers status headers (_: string) (_: Request) =
    Some(reply status headers "<html>no</html>"B)

let private refusals =
    let case name (text: string) status headers hasToken =
        testCase name
        <| fun () ->
            withHub files (answers status headers)
            <| fun hub options _ ->
                let options = if hasToken then withToken options else options
                refused text options tiny
                Expect.equal hub.Requests.Length 1 "asked once"

    [
        case
            "401 without a token"
            "set HF_TOKEN to a token that may read it"
            401
            [ "X-Error-Code", "RepoNotFound" ]
            false
        case "401 with a token" "HF_TOKEN is not valid for it" 401 [] true
        case "401 of a gated model" "accept its terms at" 401 [ "X-Error-Code", "GatedRepo" ] false
        case "403 of a gated model" "check that HF_TOKEN is of that account" 403 [ "X-Error-Code", "GatedRepo" ] true
        case
            "404 of a repository"
            "does not exist (HTTP 404, \"not \\u000bhere\")"
            404
            [ "X-Error-Message", "not \x0bhere" ]
            false
        case "404 of a revision" "has no revision \"main\"" 404 [ "X-Error-Code", "RevisionNotFound" ] false
        case "410" "is refused (HTTP 410)" 410 [] false
        case "an answer that is a page" "not the JSON that a Hub sends" 200 [] false
        testCase "a file that is gated although its listing is not"
        <| fun () ->
            let gated _ (request: Request) =
                if request.Target.StartsWith "/api/" then
                    None
                else
                    Some(reply 403 [ "X-Error-Code", "GatedRepo" ] [||])

            withHub files gated <| fun _ options _ -> refused "is gated (HTTP 403)" options tiny
    ]

let private wrongContent =
    let attempt (text: string) (intercept: string -> Request -> Reply option) =
        withHub files intercept
        <| fun _ options folder ->
            refused text options tiny
            let blobs = Path.Combine(repository folder, "blobs")
            Expect.isFalse (File.Exists(Path.Combine(blobs, hashOf weights))) "no blob"

            Expect.isFalse
                (Path.Exists(Path.Combine(repository folder, "snapshots", commit, weights.Name)))
                "nothing under its name"

    [
        testCase "content that does not hash to what is listed is thrown away"
        <| fun () ->
            attempt "does not hash to" (firstTimes "store" 9 (ranged (Array.map (fun b -> b ^^^ 1uy) weights.Content)))
        testCase "a git blob that does not hash to what is listed"
        <| fun () ->
            withHub [ config ] (firstTimes "hub" 1 (fun _ -> reply 200 [] (Array.rev config.Content)))
            <| fun _ options _ -> refused "does not hash to" options tiny
        testCase "more or fewer bytes than are listed"
        <| fun () ->
            attempt "announces 300001 bytes" (firstTimes "store" 9 (fun _ -> reply 200 [] (bytes 300_001)))
            attempt "announces 10 bytes" (firstTimes "store" 9 (fun _ -> reply 200 [] (bytes 10)))
        testCase "headers that contradict the listing"
        <| fun () ->
            let head name value place (request: Request) =
                if place = "hub" && request.Method = "HEAD" then
                    Some(reply 200 [ name, value ] [||])
                else
                    None

            attempt "which it listed" (head "X-Linked-Etag" $"\"{String('a', 64)}\"")
            attempt "which it listed" (head "ETag" $"W/\"{String('b', 40)}\"")
            attempt "which it listed" (head "X-Linked-Size" "17")
            attempt "which it listed" (head "X-Repo-Commit" (String('c', 40)))
        testCase "too little space"
        <| fun () ->
            withHub files nothing
            <| fun hub options _ ->
                let small =
                    HubOptions(
                        Endpoint = options.Endpoint,
                        CacheFolder = options.CacheFolder,
                        FreeSpace = fun _ -> 1000L
                    )

                refused "are needed but only" small tiny
                Expect.isEmpty (contentRequests hub.Requests) "nothing was fetched"
    ]

let private hostileNames =
    [
        "../evil"
        "a/../../evil"
        "/etc/passwd"
        "a//b"
        "./a"
        "a/."
        ""
        "C:/evil"
        "a:b"
        "..\\evil"
        "\\\\host\\share"
        "a\nb"
        "a\000b"
        "CON"
        "sub/nul.txt"
        "a."
        "a "
        ".git/hooks/post-checkout"
        "x.incomplete"
        String('a', 300)
        String('a', 2000)
    ]

let private listings =
    let serves (json: string) (_: string) (request: Request) =
        if request.Target.StartsWith "/api/" then
            Some(reply 200 [] (Encoding.UTF8.GetBytes json))
        else
            None

    let refuses (text: string) (json: string) =
        withHub files (serves json)
        <| fun _ options folder ->
            refused text options tiny
            Expect.isFalse (Directory.Exists(Path.Combine(folder, "cache"))) "nothing was written"

    [
        testCase "hostile names of files"
        <| fun () ->
            for name in hostileNames do
                refuses "do not trust this repository" (listing [ entry { config with Name = name } ])

            let lone = (entry config).Replace("config.json", "\\ud800")
            refuses "" (listing [ lone ])
        testCase "hostile sizes, hashes and commits"
        <| fun () ->
            let good = entry config
            let size = $"\"size\": {config.Content.Length}"

            for bad in
                [
                    good.Replace(size, "\"size\": -1")
                    good.Replace(size, "\"size\": 1e300")
                    good.Replace(size, "\"size\": \"1\"")
                    good.Replace(hashOf config, "../../evil")
                    good.Replace(hashOf config, (hashOf config).ToUpperInvariant())
                    good.Replace("rfilename", "name")
                    "17"
                    "null"
                ] do
                refuses "" (listing [ bad ])

            refuses "listed twice" (listing [ good; good ])
            refuses "names no commit" ((listing [ good ]).Replace(commit, "../evil"))
            refuses "names no commit" "{\"siblings\": []}"
            refuses "names no commit" "[]"
            refuses "not the JSON" (String('[', 100_000))

            let enormous (name: string) =
                (entry { config with Name = name }).Replace(size, $"\"size\": {Int64.MaxValue}")

            refuses "are needed but only" (listing [ enormous "a.safetensors"; enormous "b.safetensors" ])
        testCase "repository names"
        <| fun () ->
            for good in [ "gpt2"; "owner/tiny"; "HuggingFaceTB/SmolLM2-135M"; "a_b/c.d" ] do
                Expect.isTrue (RepositoryId.IsName good) good

            for bad in
                [
                    ""
                    "a/b/c"
                    "../x"
                    "a/.."
                    "a--b/c"
                    "a/b.git"
                    "/a"
                    "a/"
                    "a b"
                    "a\\b"
                    "-a/b"
                    "https://x/y"
                ] do
                Expect.isFalse (RepositoryId.IsName bad) bad
                fails "is no repository" (fun () -> RepositoryId.Parse(RepositoryKind.Model, bad) |> ignore)
        testCase "revisions"
        <| fun () ->
            withHub files nothing
            <| fun hub options _ ->
                for bad in [ "../x"; "/x"; ""; "a\\b" ] do
                    refused "--revision" options (DownloadRequest(tiny.Repository, Revision = bad))

                Expect.isEmpty hub.Requests "the server is not asked"
    ]

let private selections =
    let names (result: DownloadResult) =
        [ for file in result.Files -> file.File.Path ]

    [
        testCase "pickles and other frameworks' weights are left out, with a note"
        <| fun () ->
            let pickles =
                [
                    large "pytorch_model.bin" (bytes 10)
                    large "x/optimizer.PT" (bytes 11)
                    small "tf_model.h5" (bytes 3)
                ]

            withHub (files @ pickles) nothing
            <| fun hub options _ ->
                let result, lines = download options tiny
                Expect.equal (names result) [ for file in files -> file.Name ] "files"
                Expect.equal (List.ofSeq result.LeftOut) [ for file in pickles -> file.Name ] "left out"
                Expect.exists lines (fun line -> line.Contains "pytorch_model.bin, x/optimizer.PT") "a note"
                Expect.equal hub.StoreRequests.Length 1 "only the weights"
        testCase "a model with pickles only is an error; its configuration alone is not"
        <| fun () ->
            withHub [ config; large "pytorch_model.bin" (bytes 10) ] nothing
            <| fun _ options _ ->
                refused "only as pickles" options tiny
                let request = DownloadRequest(tiny.Repository, Include = [ "*.json" ])
                Expect.equal (names (fst (download options request))) [ config.Name ] "files"
                refused "only as pickles" options (DownloadRequest(tiny.Repository, Include = [ "*.bin" ]))
        testCase "patterns"
        <| fun () ->
            withHub files nothing
            <| fun _ options _ ->
                for includes, excludes, expected in
                    [
                        [ "*.json" ], [], [ config.Name; nested.Name ]
                        [], [ "*.safetensors"; "sub dir/" ], [ config.Name; "empty.txt" ]
                        [ "sub dir/" ], [], [ nested.Name ]
                        [ "config.jso?" ], [], [ config.Name ]
                    ] do
                    let request =
                        DownloadRequest(tiny.Repository, Include = includes, Exclude = excludes)

                    Expect.equal (names (fst (download options request))) expected $"{includes} {excludes}"

                refused "none of its 4 files matches" options (DownloadRequest(tiny.Repository, Include = [ "*.md" ]))
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
            testList "token" token
            testList "interruptions" interruptions
            testList "refusals" refusals
            testList "wrong content" wrongContent
            testList "listings" listings
            testList "selections" selections
            testList "environment" environment
            testList "locks" locks
            testList "screen" plainScreen
        ]
