/// Names of outputs that promise another kind of thing than is written, and sizes in every notation.
module LoRi.Cli.Tests.OutputNameTests

open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Files
open LoRi.Files.Settings
open LoRi.Runs.Settings

let private path (folder: string) (name: string) = Path.Combine(folder, name)

let private endings =
    [
        "gguf"
        "safetensors"
        "zip"
        "html"
        "json"
        "jsonl"
        "bin"
        "pt"
        "tar"
        "tgz"
        "GGUF"
        "onnx"
        "png"
        "yaml"
    ]

let private names =
    [
        test "a folder is not named as a file is" {
            withTiny (fun folder ->
                let model, data = path folder "model", path folder "data.jsonl"

                for ending in endings do
                    let output = path folder $"out.{ending}"

                    for command in
                        [
                            [ "export"; "--model"; model ]
                            [ "teach"; "--model"; model; "--data"; data; "--steps"; "1" ]
                            [ "distill"; "--teacher"; model; "--data"; data; "--steps"; "1" ]
                            [ "evaluate"; "--model"; model; "--data"; data ]
                            [ "demo"; "--quick" ]
                            [ "download"; "someone/model" ]
                        ] do
                        expectError
                            BadUsage
                            $"--output {output}: is named as a {ending} file, and what is written is a folder of "
                            (command @ [ "--output"; output ])

                        Expect.isFalse (Path.Exists output) $"nothing is left by {command}")
        }
        test "a file is not named as another kind of file" {
            withTiny (fun folder ->
                let model, data = path folder "model", path folder "data.jsonl"

                for command, right, wrong in
                    [
                        [ "trajectories"; "--model"; model; "--data"; data ],
                        "safetensors",
                        [ "gguf"; "npz"; "pt"; "html" ]
                        [ "logits"; "--model"; model; "--ids"; "1" ], "safetensors", [ "gguf"; "json"; "zip" ]
                        [ "subspace"; "fit"; "--trajectories"; data ], "safetensors", [ "npz"; "json" ]
                        [ "report"; model ], "html", [ "pdf"; "md"; "gguf"; "json"; "zip" ]
                    ] do
                    for ending in wrong do
                        let output = path folder $"out.{ending}"

                        expectError
                            BadUsage
                            $"--output {output}: is named as a {ending} file, and what is written is "
                            (command @ [ "--output"; output ])

                        let instead = path folder $"out.{right}"
                        let message = (lori (command @ [ "--output"; output ])).Error
                        Expect.stringContains message $"name it {instead}" "what to do")
        }
        test "names with points that are no endings are taken, and so is a folder that is there" {
            let taken (name: string) =
                Expect.isNull (OutputName.FolderFault(name, "things")) name

            for name in [ "qwen2.5-0.5b"; "runs/v1.2"; "a.b.c"; "model.gguf.d"; "out/"; "." ] do
                taken name

            inFolder (fun folder ->
                let there = Directory.CreateDirectory(path folder "old.json").FullName
                taken there
                taken (there + "/"))

            Expect.isNotNull (OutputName.FolderFault("x.gguf/", "things")) "a folder's own sign does not help"
            Expect.isNull (OutputName.FileFault("states", "a file", ".safetensors")) "no ending"
            Expect.isNull (OutputName.FileFault("v1.5", "a file", ".safetensors")) "a version"
        }
    ]

let private sizes =
    test "a size is a number with its unit; a number alone counts MiB" {
        for text, bytes, shown in
            [
                "5GB", 5_000_000_000L, "5GB"
                "500MiB", 500L <<< 20, "500MiB"
                "4 GiB", 4L <<< 30, "4GiB"
                "1.5gib", 3L <<< 29, "1536MiB"
                "1024", 1L <<< 30, "1GiB"
                "4096", 4L <<< 30, "4GiB"
                "250mb", 250_000_000L, "250MB"
                "2TB", 2_000_000_000_000L, "2TB"
                "64KiB", 65_536L, "64KiB"
            ] do
            let size = StorageSize.Parse("--shard-size", text)
            Expect.equal (size.Bytes, string size) (bytes, shown) text
            Expect.equal (StorageSize.Parse("--shard-size", string size)) size "as it is written"

        for text in
            [
                ""
                "0"
                "-1"
                "5 apples"
                "GB"
                "1e3"
                "0GB"
                "99999999999TB"
                "NaN"
                "5G B"
            ] do
            Expect.throwsC (fun () -> StorageSize.Parse("--shard-size", text) |> ignore) (fun e ->
                Expect.stringStarts e.Message $"--shard-size {text}: must be a size with its unit" "message")
    }

[<Tests>]
let tests = testList "Output names" (names @ [ sizes ])
