/// Parquet: columns are what the schema says, as in JSON, and what a file claims is not believed.
module LoRi.Training.Tests.ParquetTests

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Threading.Tasks
open Expecto
open LoRi.Files
open LoRi.Files.Data
open LoRi.Training.Tests.ParquetFiles

let private withFile (content: byte[]) check =
    let path = Path.GetTempFileName()

    try
        File.WriteAllBytes(path, content)
        check path
    finally
        File.Delete path

/// The examples of a file without their names, or why it is refused; within a time that no hang keeps.
let private outcome (content: byte[]) =
    let mutable found = Error ""

    withFile content (fun path ->
        let work =
            Task.Run(fun () ->
                try
                    Ok
                        [
                            for e in ReasoningData.Read(path).Examples ->
                                e.Id.Replace(Path.GetFileNameWithoutExtension path |> nonNull, "FILE"),
                                e.Question,
                                List.ofSeq e.Steps,
                                e.Answer
                        ]
                with :? InputException as e ->
                    Error(e.Message.Replace(path, "FILE")))

        if work.Wait(TimeSpan.FromSeconds 60.0) then
            found <- work.Result
        else
            failtest "hangs")

    found

let private lines (rows: string list) =
    Encoding.UTF8.GetBytes(String.concat "\n" rows)

/// Rows as JSON has them and as Parquet has them: the same examples, or both refused.
let private same name (json: string list) (parquet: byte[]) =
    test $"the same as JSON lines: {name}" {
        match outcome (lines json), outcome parquet with
        | Ok wanted, Ok found -> Expect.equal found wanted "examples"
        | Error _, Error _ -> ()
        | wanted, found -> failtest $"JSON lines: {wanted}; Parquet: {found}"
    }

let private row fields = "{\"question\": \"q\", " + fields + "}"

let private parity =
    [
        same "text" [ row @"""rationale"": ""a b"", ""answer"": ""1""" ] (written [ TextRow() ])
        same
            "text that is null"
            [ row @"""rationale"": null, ""answer"": ""1""" ]
            (written [ TextRow(rationale = null) ])
        same
            "lists"
            [
                row @"""steps"": [""a"", ""b""], ""answer"": 2"
                row @"""steps"": [], ""answer"": 2"
                row @"""steps"": [""c""], ""answer"": 2"
            ]
            (written
                [
                    ListRow(steps = ResizeArray [ "a"; "b" ])
                    ListRow()
                    ListRow(steps = ResizeArray [ "c" ])
                ])
        same
            "a null in a list"
            [ row @"""steps"": [""a"", null], ""answer"": 2" ]
            (written
                [
                    let row = ListRow()
                    row.steps.Add "a"
                    row.steps.Add null
                    row
                ])
        same
            "numbers in a list"
            [ row @"""rationale"": [1, 22], ""answer"": 2.5" ]
            (written [ NumbersRow(rationale = ResizeArray [ 1; 22 ]) ])
        same
            "a structure"
            [ row @"""rationale"": {""text"": ""a""}, ""answer"": ""1""" ]
            (written [ StructRow(rationale = Part(text = "a")) ])
        same "a structure that is null" [ row @"""rationale"": null, ""answer"": ""1""" ] (written [ StructRow() ])
        same
            "structures in a list"
            [ row @"""rationale"": [{""text"": ""a""}], ""answer"": ""1""" ]
            (written [ StructsRow(rationale = ResizeArray [ Part(text = "a") ]) ])
        same
            "a map"
            [ row @"""rationale"": {""a"": ""b""}, ""answer"": ""1""" ]
            (written [ MapRow(rationale = Dictionary(dict [ "a", "b" ])) ])
        same
            "a number as the question"
            [ """{"question": 7, "answer": "1"}""" ]
            (written [ {| question = 7; answer = "1" |} ])
        same
            "a number as the rationale"
            [ row @"""rationale"": 7, ""answer"": ""1""" ]
            (written
                [
                    {|
                        question = "q"
                        rationale = 7
                        answer = "1"
                    |}
                ])
        same
            "truth values"
            [ row @"""rationale"": ""a b"", ""answer"": true" ]
            (written [ AnswerRow<bool>(answer = true) ])
        same
            "whole numbers"
            [ row @"""rationale"": ""a b"", ""answer"": 18" ]
            (written [ AnswerRow<decimal>(answer = 18.00M) ])
        same "a number as a name" [ row @"""id"": 7, ""answer"": ""1""" ] (written [ IdRow<int>(id = 7) ])
        same
            "a list as a name"
            [ row @"""id"": [""a"", ""b""], ""answer"": ""1""" ]
            (written [ IdRow<ResizeArray<string>>(id = ResizeArray [ "a"; "b" ]) ])
        same
            "an object as a name"
            [ row @"""id"": {""text"": ""a""}, ""answer"": ""1""" ]
            (written [ IdRow<Part>(id = Part(text = "a")) ])
    ]

let private schema =
    [
        for name, content, wanted in
            [
                "a structure", written [ StructRow(rationale = Part(text = "a")) ], "'rationale' is a struct"
                "a map", written [ MapRow(rationale = Dictionary(dict [ "a", "b" ])) ], "'rationale' is a map"
                "structures in a list",
                written [ StructsRow(rationale = ResizeArray [ Part(text = "a") ]) ],
                "'rationale' is a list whose items are structs"
                "bytes", written [ BytesRow() ], "'rationale' is bytes"
                "a date", written [ AnswerRow<DateTime>(answer = DateTime(2020, 1, 2)) ], "'answer' is a date or a time"
                "infinity", written [ AnswerRow<double>(answer = infinity) ], "'answer' is an infinite number"
                "no number", written [ AnswerRow<double>(answer = nan) ], "row 1: "
            ] do
            test $"a column of {name} is refused by its name" {
                match outcome content with
                | Error message ->
                    Expect.stringContains message wanted "message"
                    Expect.isFalse (message.Contains "damaged") "the file is sound"
                | Ok found -> failtest $"{found}"
            }
        test "a UUID, a time or bytes as a name give way to the row's number" {
            for content in
                [
                    written [ IdRow<Guid>(id = Guid.NewGuid()) ]
                    written [ IdRow<DateTime>(id = DateTime(2020, 1, 2)) ]
                    written [ IdRow<byte[]>(id = [| 1uy; 2uy |]) ]
                    written [ IdRow<double>(id = nan) ]
                ] do
                Expect.equal (outcome content) (Ok [ "FILE:1", "q", [], "1" ]) "row"
        }
        test "a text that is not UTF-8 is refused with its column, as in JSON lines" {
            let content =
                packed Parquet.CompressionMethod.None [ TextRow(question = "question ~ one", rationale = "a") ]

            let broken = content |> Array.map (fun b -> if b = byte '~' then 0xFFuy else b)

            match outcome broken with
            | Error message -> Expect.stringContains message "row 1: \"question\" is not text in UTF-8" "message"
            | Ok found -> failtest $"{found}"
        }
        test "however the pages are packed, the rows are the same" {
            let rows =
                [
                    for i in 1..500 ->
                        TextRow(question = $"question {i}", rationale = (if i % 3 = 0 then null else $"a\n{i}"))
                ]

            let plain = outcome (packed Parquet.CompressionMethod.None rows)
            Expect.equal (Result.map List.length plain) (Ok 500) "rows"

            for compression in
                [
                    Parquet.CompressionMethod.Snappy
                    Parquet.CompressionMethod.Gzip
                    Parquet.CompressionMethod.Brotli
                    Parquet.CompressionMethod.Zstd
                    Parquet.CompressionMethod.Lz4Raw
                ] do
                Expect.equal (outcome (packed compression rows)) plain $"{compression}"
        }
    ]

/// Files whose claims cost a reader that believes them a hang, a crash or gigabytes.
let private hostile =
    let text = plain "q"
    let one = page 0L (int64 text.Length) (int64 text.Length) 1L 0L text
    let huge = 1L <<< 31

    [
        for depth in [ 100; 6_000; 60_000 ] do
            $"lists nested {depth} deep", file [] (List.replicate depth 0x19uy)
            $"structures nested {depth} deep", file [] (List.replicate depth 0x1Cuy)
        "a list of 2^31 things", file [] [ 0x29uy; 0xFCuy; 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 7uy ]
        "an endless number", file [] (List.replicate 40 0xFFuy)
        for rows in [ huge; 1L <<< 62; -1L; 2L ] do
            $"{rows} rows where one is", oneColumn rows 1L 0L one
            $"{rows} values where one is", oneColumn 1L rows 0L one
            $"{rows} rows and values where one is", oneColumn rows rows 0L one
        for count in [ 1_000_000L; 300_000_000L; 0x7FFFFFFFL ] do
            $"a run of {count} equal rows", oneColumn count count 0L (run count)
        for claimed in [ 0x7FFFFFFFL; -1L; 1L <<< 30 ] do
            $"a page of {claimed} bytes unpacked", oneColumn 1L 1L 0L (page 0L claimed (int64 text.Length) 1L 0L text)
            $"a page of {claimed} bytes", oneColumn 1L 1L 0L (page 0L (int64 text.Length) claimed 1L 0L text)

            $"a page of {claimed} values",
            oneColumn 1L 1L 0L (page 0L (int64 text.Length) (int64 text.Length) claimed 0L text)

            $"a dictionary of {claimed} texts",
            oneColumn 1L 1L 0L (page 2L (int64 text.Length) (int64 text.Length) claimed 0L text @ one)
        "a run that is shorter than its page claims", oneColumn 3L 3L 0L (runOf 1L 3L)
        "snappy that claims 4 GiB",
        oneColumn 1L 1L 1L (page 0L 5L 6L 1L 0L [ 0xFFuy; 0xFFuy; 0xFFuy; 0xFFuy; 15uy; 0uy ])
        "zstd that claims 2^60 bytes",
        oneColumn
            1L
            1L
            6L
            (page
                0L
                5L
                16L
                1L
                0L
                [
                    0x28uy
                    0xB5uy
                    0x2Fuy
                    0xFDuy
                    0xE0uy
                    0uy
                    0uy
                    0uy
                    0uy
                    0uy
                    0uy
                    0uy
                    16uy
                    1uy
                    0uy
                    0uy
                ])
        "text of 2^31 bytes", oneColumn 1L 1L 0L (page 0L 5L 5L 1L 0L [ 0xFFuy; 0xFFuy; 0xFFuy; 0x7Fuy; 97uy ])
        "pages of no values for ever", oneColumn 1L 1L 0L (page 0L 0L 0L 0L 0L [])
        "a column that lies in another file",
        file
            []
            (thrift (
                Struct
                    [
                        2, List(12, [ Struct [ 4, Text "schema"; 5, Int 0L ] ])
                        3, Int 0L
                        4, List(12, [ Struct [ 1, List(12, [ Struct [ 1, Text "../x" ] ]); 3, Int 0L ] ])
                    ]
            ))
        "a schema of one part that has a million",
        file [] (thrift (Struct [ 2, List(12, [ Struct [ 4, Text "schema"; 5, Int 1_000_000L ] ]); 3, Int 0L ]))
    ]

let private guarded =
    [
        test "a file made by hand is read" {
            let content = oneColumn 1L 1L 0L (page 0L 5L 5L 1L 0L (plain "q"))

            match outcome content with
            | Error message -> Expect.stringContains message "row 1: there is no \"answer\"" "the one column is read"
            | Ok found -> failtest $"{found}"

            match outcome (oneColumn 50_000L 50_000L 0L (run 50_000L)) with
            | Error message -> Expect.stringContains message "row 1: there is no \"answer\"" "the run is read"
            | Ok found -> failtest $"{found}"
        }
        for name, content in hostile do
            test $"refused in one line: {name}" {
                let before = GC.GetTotalAllocatedBytes()

                match outcome content with
                | Error message ->
                    Expect.isFalse (message.Contains "row 1: there is no") $"not for what it lacks: {message}"
                | Ok found -> failtest $"{found}"

                Expect.isLessThan (GC.GetTotalAllocatedBytes() - before) (1L <<< 28) "memory"
            }
    ]

[<Tests>]
// One after another, since what is allocated is counted for the whole process.
let tests = testSequenced <| testList "Parquet" (parity @ schema @ guarded)
