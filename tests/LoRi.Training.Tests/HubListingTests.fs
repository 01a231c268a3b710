module LoRi.Training.Tests.HubListingTests

open System
open System.IO
open System.Text
open Expecto
open LoRi.Training.Hub
open LoRi.Training.Tests.HubServer
open LoRi.Training.Tests.HubDownloads

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

[<Tests>]
let tests =
    testList "Hub" [ testList "listings" listings; testList "selections" selections ]
