/// Weights in several files with an index.
module LoRi.Training.Tests.ShardTests

open System.IO
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Weights

let private tensor name count =
    SafetensorsContent.FromFloats(name, [ int64 count ], Array.init count (fun i -> float32 (i + String.length name)))

let private contents =
    [ tensor "a" 10; tensor "bb" 20; tensor "ccc" 3; tensor "dddd" 7; tensor "e" 0 ]

let private inFolder check =
    let folder = Directory.CreateTempSubdirectory("lori-shards").FullName

    try
        check folder
    finally
        Directory.Delete(folder, true)

/// Every split reads back as the whole, no file holds more than was allowed unless it holds one tensor, and no other file is left.
let private splits =
    [
        for limit in [ 1L; 40L; 80L; 92L; 120L; 160L; 1000L ] do
            test $"shards of {limit} bytes" {
                inFolder (fun folder ->
                    let names = ShardedWriter.Write(folder, contents, limit)
                    use source = SafetensorsCheckpoint.Open folder
                    Expect.equal source.Files.Count names.Count "files"

                    for file in source.Files do
                        let bytes = file.Entries |> Seq.sumBy _.Length

                        let filled =
                            file.Entries |> Seq.filter (fun entry -> entry.Length > 0L) |> Seq.length

                        Expect.isTrue (bytes <= limit || filled = 1) $"{file.Path}: {bytes} bytes"

                    Expect.equal
                        (source.Tensors |> Seq.map _.Name |> Seq.sort |> List.ofSeq)
                        [ "a"; "bb"; "ccc"; "dddd"; "e" ]
                        "names"

                    for name, count in [ "a", 10; "bb", 20; "ccc", 3; "dddd", 7 ] do
                        Expect.equal
                            (source.ReadDoubles name)
                            (Array.init count (fun i -> float (i + name.Length)))
                            name

                    let index = if names.Count > 1 then 1 else 0
                    Expect.hasLength (Directory.GetFiles folder) (names.Count + index) "nothing else is left")
            }
    ]

[<Tests>]
let tests = testList "Shards" splits
