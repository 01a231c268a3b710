module LoRi.Training.Tests.HubListingTests

open System
open System.IO
open System.Text
open Expecto
open LoRi.Files.Hub
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
        testCase "files that can run code are told by their first bytes and by what they are packed in"
        <| fun () ->
            let start (first: byte list) =
                Array.append (Array.ofList first) (bytes 300)

            let text (first: string) =
                start (List.ofArray (System.Text.Encoding.Latin1.GetBytes first))

            let zip name =
                text (
                    "PK\u0003\u0004"
                    + System.String('\u0000', 22)
                    + $"{char (String.length name)}\u0000\u0000\u0000"
                    + name
                )

            let byBytes =
                [
                    large "spiece.model" (start [ 0x80uy; 4uy; 0x95uy ])
                    large "model" (start [ 0x80uy; 2uy; 0x7Duy ])
                    small "x/data.json" (text "cposix\nsystem\n")
                    large "weights.dat" (zip "archive/data.pkl")
                    large "lib.model" (text "\u007fELF")
                ]

            let byName =
                [
                    large "g.pt.zip" (bytes 10)
                    large "h.pkl.gz" (bytes 11)
                    small "q.py" "pass"B
                    large "l.P" (bytes 12)
                ]

            let sound =
                [
                    // A header of 0x0280 bytes.
                    large "other.safetensors" (start [ 0x80uy; 2uy; 0uy; 0uy; 0uy; 0uy; 0uy; 0uy; byte '{' ])
                    large "rows.zip" (zip "rows.csv")
                    small "merges.txt" "cos of\nthe"B
                    small "one.txt" [| 0x80uy |]
                ]

            withHub (files @ byBytes @ byName @ sound) nothing
            <| fun _ options _ ->
                let result, lines = download options tiny
                Expect.equal (names result) [ for file in files @ sound -> file.Name ] "files"
                Expect.equal (List.ofSeq result.LeftOut) [ for file in byName @ byBytes -> file.Name ] "left out"

                for file in byBytes do
                    Expect.exists lines (fun line -> line.StartsWith $"{file.Name}: left out") file.Name

                let left =
                    Directory.GetFiles(options.CacheFolder, "*", SearchOption.AllDirectories)
                    |> Array.filter (fun file ->
                        file.EndsWith ".incomplete"
                        || List.exists (fun one -> Path.GetFileName file = one.Name) byBytes)

                Expect.isEmpty left "nothing of them is kept"
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
