/// Data by the name of a data set that was fetched: its files of one split, never of several.
module LoRi.Training.Tests.DataFilesTests

open System.IO
open Expecto
open LoRi.Files.Data

let private inCache (files: string list) (check: string -> unit) =
    let cache = Directory.CreateTempSubdirectory("lori-test").FullName

    try
        for file in files do
            let path =
                Path.Combine(cache, "datasets--own--sums", "snapshots", String.replicate 40 "a", file)

            Directory.CreateDirectory(nonNull (Path.GetDirectoryName path)) |> ignore
            File.WriteAllText(path, "")

        check cache
    finally
        Directory.Delete(cache, true)

let private found cache path =
    [
        for file in DataFiles.Fetched(path, "own/sums", cache) -> nonNull (Path.GetFileName file)
    ]

let private splits =
    [
        "README.md"
        "dataset_infos.json"
        "main/train-00000-of-00002.parquet"
        "main/train-00001-of-00002.parquet"
        "main/test-00000-of-00001.parquet"
        "other/train.jsonl"
    ]

[<Tests>]
let tests =
    testList
        "Data files"
        [
            test "the beginning of a path names all shards of a split" {
                inCache splits (fun cache ->
                    Expect.equal
                        (found cache "own/sums/main/train")
                        [ "train-00000-of-00002.parquet"; "train-00001-of-00002.parquet" ]
                        "shards"

                    Expect.equal (found cache "own/sums/other") [ "train.jsonl" ] "a folder of one")
            }
            test "a data set of one file needs no more than its name" {
                inCache [ "rows.jsonl"; "README.md" ] (fun cache ->
                    Expect.equal (found cache "own/sums") [ "rows.jsonl" ] "file")
            }
            test "several splits are never read together, and what there is gets named" {
                inCache splits (fun cache ->
                    let refusal (path: string) =
                        SharedFiles.refusalOf (fun () -> found cache path |> ignore)

                    Expect.stringContains (refusal "own/sums") "own/sums/main/train, own/sums/other/train" "all"
                    Expect.stringContains (refusal "own/sums/main") "has several" "two of a folder"
                    Expect.stringContains (refusal "own/sums/valid") "has no such file of rows" "none")
            }
            test "what is not there, or is no name, stays as it is" {
                inCache [] (fun cache -> Expect.equal (found cache "own/sums") [ "sums" ] "not fetched")

                for path in [ "rows.jsonl"; "a/b.jsonl"; "/a/b"; "../a/b"; "a" ] do
                    Expect.equal (List.ofSeq (DataFiles.Of path)) [ path ] path
                    Expect.equal (DataFiles.Hint path) "" path

                Expect.stringContains
                    (DataFiles.Hint "own/sums/main")
                    "lori download own/sums --repo-type dataset"
                    "hint"
            }
        ]
