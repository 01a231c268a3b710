module LoRi.Training.Tests.HubFailureTests

open System
open System.IO
open Expecto
open LoRi.Files.Hub
open LoRi.Training.Tests.HubServer
open LoRi.Training.Tests.HubDownloads

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
        testCase "a server that asks to be left alone for a day is not waited for"
        <| fun () ->
            withHub files (fun _ _ -> Some(reply 429 [ "Retry-After", "100000" ] [||]))
            <| fun hub options _ ->
                refused "asks to be left alone for 100000 s" options tiny
                Expect.equal hub.Requests.Length 1 "asked once"
        testCase "a server that trickles is sending too little, however long it goes on"
        <| fun () ->
            let options =
                HubOptions(
                    Endpoint = Uri "http://localhost",
                    CacheFolder = ".",
                    Patience = TimeSpan.Zero,
                    LeastBytesPerSecond = 1_000_000
                )

            let rate = ReceivedRate options
            Threading.Thread.Sleep 5
            Expect.isTrue (rate.IsTooLow 1) "one byte"
            Expect.isFalse (rate.IsTooLow 1_000_000_000) "a flood"
            Threading.Thread.Sleep 5
            Expect.isTrue (rate.IsTooLow 1) "the flood before does not count"
            Expect.isFalse (rate.IsTooLow 0) "the end"

            let patient =
                ReceivedRate(HubOptions(Endpoint = Uri "http://localhost", CacheFolder = "."))

            Expect.isFalse (patient.IsTooLow 1) "a beginning"
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

[<Tests>]
let tests =
    testList
        "Hub"
        [
            testList "token" token
            testList "interruptions" interruptions
            testList "refusals" refusals
            testList "wrong content" wrongContent
        ]
