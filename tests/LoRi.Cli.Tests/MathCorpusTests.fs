/// What a corpus of trajectories may be: anchors of some examples, several files, shards, names, and never the output.
module LoRi.Cli.Tests.MathCorpusTests

open System.Collections.Generic
open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.MathRunning
open LoRi.Files.Safetensors
open LoRi.Models.Weights

let private ranks = [ "--layer-rank"; "1"; "--hidden-rank"; "2" ]

let private states i =
    tensor $"trajectory.{i}" [ 2L; 3L + int64 i; 4L ]

let private anchor i = tensor $"anchor.{i}" [ 2L; 4L ]

let private fitting (trajectories: string list) output =
    [ "subspace"; "fit"; "--output"; output; "--trajectories" ] @ trajectories

let private named folder name (ids: string list) contents =
    let path = Path.Combine(folder, name)
    let list = String.concat ", " [ for id in ids -> $"\"{id}\"" ]

    let metadata =
        Dictionary(dict [ "format", "lori-trajectories"; "ids", $"[{list}]" ])

    SafetensorsWriter.Write(path, contents, metadata)
    path

let private anchors =
    [
        test "anchors of some examples are those that count" {
            inFolder (fun folder ->
                let some =
                    trajectories folder "some" [ states 0; states 1; states 2; anchor 0; anchor 2 ]

                let _, fitted = fit folder some ranks
                use file = SafetensorsFile.Open some
                use first = file.ReadTensor("anchor.0", TorchSharp.torch.ScalarType.Float64)
                use second = file.ReadTensor("anchor.2", TorchSharp.torch.ScalarType.Float64)
                use both = TorchSharp.torch.stack ([| first; second |])
                use deviation = both.std [| 0L; 2L |]

                expectNumbers
                    sumTolerance
                    (deviation.data<float>().ToArray())
                    (numbers (fitted.GetProperty "anchor_std"))
                    "anchor_std")
        }
        test "files with and without anchors make one corpus" {
            inFolder (fun folder ->
                let full = trajectories folder "full" [ states 0; states 1; anchor 0; anchor 1 ]
                let bare = trajectories folder "bare" [ states 0; states 1 ]
                let _, alone = fit folder full ranks

                let together =
                    loriJson (fitting [ full; bare ] (Path.Combine(folder, "s")) @ "--json" :: ranks)

                Expect.equal (together.GetProperty("examples").GetInt32()) 4 "examples"

                Expect.equal
                    (numbers (together.GetProperty "anchor_std"))
                    (numbers (alone.GetProperty "anchor_std"))
                    "the anchors of the first file")
        }
    ]

let private outputs =
    [
        test "a corpus is not written over" {
            inFolder (fun folder ->
                let path = trajectories folder "t.safetensors" [ states 0; anchor 0 ]
                let before = File.ReadAllBytes path
                expectError BadUsage "would write over it" (fitting [ path ] path)
                let other = Path.Combine(folder, ".", "t.safetensors")
                expectError BadUsage "would write over it" (fitting [ path ] other)
                Expect.equal (File.ReadAllBytes path) before "the file is as it was")
        }
    ]

let private parts =
    [
        test "some shards of a corpus are not the corpus" {
            inFolder (fun folder ->
                let first = trajectories folder "t-00001-of-00002.safetensors" [ states 0 ]
                let second = trajectories folder "t-00002-of-00002.safetensors" [ states 1 ]
                let output = Path.Combine(folder, "s")
                expectError Failed "1 of the shards of this corpus are named, there are 2" (fitting [ first ] output)
                let whole = loriJson (fitting [ second; first ] output @ "--json" :: ranks)
                Expect.equal (whole.GetProperty("examples").GetInt32()) 2 "both shards")
        }
        test "examples in another order are refused by their names" {
            inFolder (fun folder ->
                let contents = [ states 0; states 1; anchor 0; anchor 1 ]
                let teacher = named folder "t" [ "a"; "b" ] contents
                let swapped = named folder "s" [ "b"; "a" ] contents
                let others = named folder "o" [ "c"; "d" ] contents
                let bare = trajectories folder "n" contents
                let subspace, _ = fit folder teacher ranks

                expectError
                    Failed
                    "example 0 is b, which is example 1 of --teacher"
                    (objectiveArguments subspace teacher swapped)

                for student in [ teacher; others; bare ] do
                    objective subspace teacher student [] |> ignore)
        }
    ]

[<Tests>]
let tests =
    testList "Math from the command line, corpora" (anchors @ outputs @ parts)
