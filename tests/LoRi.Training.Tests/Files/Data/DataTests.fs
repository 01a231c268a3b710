module LoRi.Training.Tests.DataTests

open System
open System.IO
open System.Text
open System.Text.Json
open Expecto
open LoRi.Files
open LoRi.Files.Data

/// A row of the Parquet file that a test writes; the names are the columns'.
type ParquetRow() =
    member val question = "" with get, set
    member val steps = ResizeArray<string>() with get, set
    member val answer = 0.0 with get, set

let private read (name: string) =
    ReasoningData.Read(SharedFiles.path $"data/{name}")

let private withFile (content: byte[]) check =
    let path = Path.GetTempFileName()

    try
        File.WriteAllBytes(path, content)
        check path
    finally
        File.Delete path

let private withText (content: string) check =
    withFile (Encoding.UTF8.GetBytes content) check

let private refusal (path: string) (options: DataOptions) =
    try
        ReasoningData.Read(path, options) |> ignore
        failtest "expected a refusal"
    with :? InputException as e ->
        Expect.isFalse (e.Message.Contains '\n') "one line"
        e.Message

/// How many examples a published file has: its lines, the rows of its list, or its problems.
let private published (name: string) =
    let file = SharedFiles.path $"data/{name}"

    match Path.GetExtension name with
    | ".xml" -> Xml.Linq.XDocument.Load(file).Descendants(Xml.Linq.XName.Get "Problem") |> Seq.length
    | ".json" -> (SharedFiles.json $"data/{name}").GetArrayLength()
    | _ -> File.ReadLines file |> Seq.filter (String.IsNullOrWhiteSpace >> not) |> Seq.length

let private publicFiles =
    [
        for name in
            [
                "gsm8k/test.jsonl"
                "gsm8k/train.jsonl"
                "gsm8k_icot/train_no_aug.txt"
                "gsm8k_icot/train_eq_derived.txt"
                "gsm8k_icot/valid.txt"
                "gsm8k_icot/test.txt"
                "gsm_hard/gsmhardv2.jsonl"
                "svamp/SVAMP.json"
                "multiarith/MultiArith.json"
                "addsub/AddSub.json"
                "singleeq/questions.json"
                "singleop/mawpssingleop.jsonl"
                "asdiv/asdiv_pal.jsonl"
                "asdiv/ASDiv.xml"
                "4_by_4_mult/valid.txt"
                "prosqa/prosqa_test.json"
                "prontoqa/prontoqa_test.json"
            ] ->
            test $"reads {name}" {
                let set = read name
                let count = published name
                Expect.isGreaterThan count 0 "examples of the file"
                Expect.equal set.Examples.Count count "examples"
                Expect.equal set.BadRows 0 "bad rows"
                let ids = set.Examples |> Seq.map _.Id |> Seq.distinct |> Seq.length
                Expect.equal ids count "names are distinct"

                for example in set.Examples do
                    Expect.isFalse (String.IsNullOrWhiteSpace example.Question) "question"
                    Expect.isFalse (String.IsNullOrWhiteSpace example.Answer) "answer"
            }
    ]

let private targets =
    test "whole numbers are written without a point" {
        for line, example in
            Seq.zip
                (File.ReadLines(SharedFiles.path "data/singleop/mawpssingleop.jsonl"))
                (read "singleop/mawpssingleop.jsonl").Examples do
            use row = JsonDocument.Parse line
            let target = row.RootElement.GetProperty("target").GetDouble()
            Expect.equal example.Answer (string target) line
    }

/// Steps of a line in the form of equations: so many marks does it have.
let private marks (line: string) = line.Split("<<").Length - 1

let private stepCounts =
    test "equation rationales have as many steps as marks, and empty ones none" {
        for name in [ "gsm8k_icot/valid.txt"; "gsm8k_icot/test.txt" ] do
            let set = read name

            let counts =
                File.ReadLines(SharedFiles.path $"data/{name}") |> Seq.map marks |> List.ofSeq

            Expect.equal [ for example in set.Examples -> example.Steps.Count ] counts name

            Expect.equal set.WithoutRationale (counts |> List.filter ((=) 0) |> List.length) $"{name} without rationale"
    }

let private annotations =
    test "GSM8K's annotations alone are the iCoT form of the same problems" {
        let options = DataOptions(Annotations = AnnotationHandling.Only)

        let gsm8k =
            ReasoningData.Read(SharedFiles.path "data/gsm8k/test.jsonl", options).Examples

        let icot =
            readOnlyDict
                [
                    for example in (read "gsm8k_icot/test.txt").Examples -> example.Question, example
                ]

        let both = gsm8k |> Seq.filter (fun a -> icot.ContainsKey a.Question) |> List.ofSeq

        if both.IsEmpty then
            skiptest "the files have no problem in common"

        for a in both do
            Expect.equal a.Rationale icot[a.Question].Rationale "rationale"
            Expect.equal a.Answer icot[a.Question].Answer "answer"

        let stripped = (read "gsm8k/test.jsonl").Examples
        Expect.isFalse (stripped |> Seq.exists _.Rationale.Contains("<<")) "stripped"
    }

let private againstLoaders =
    test "questions and answers agree with the published loaders" {
        let golden = SharedFiles.json "fixtures/scoring/data_parsing.json"
        let text (element: JsonElement) = nonNull (element.GetString())

        let rows name =
            SharedFiles.find name golden
            |> Option.map (fun _ -> SharedFiles.items name golden)
            |> Option.defaultValue []

        for set, loader in [ "svamp", "zero_shot_cot"; "multiarith", "zero_shot_cot" ] do
            for row in rows set do
                let example =
                    (read (text (row.GetProperty "file"))).Examples[row.GetProperty("index").GetInt32()]

                let expected = row.GetProperty loader
                Expect.equal example.Question (text (expected.GetProperty "question")) $"{set} question"
                Expect.equal example.Answer (text (expected.GetProperty "answer")) $"{set} answer"

        for row in rows "icot_text" do
            withText (text (row.GetProperty "text")) (fun path ->
                let example = ReasoningData.Read(path).Examples[0]
                let expected = row.GetProperty "coconut"
                Expect.equal example.Question (text (expected.GetProperty "question")) "question"
                Expect.equal example.Answer (text (expected.GetProperty "answer")) "answer"
                let steps = [ for s in expected.GetProperty("steps").EnumerateArray() -> text s ]
                Expect.equal (List.ofSeq example.Steps) (steps |> List.filter ((<>) "")) "steps")
    }

let private generic =
    [
        test "generic JSON lines: text, lists, numbers, other names" {
            let lines =
                """{"q": "one?", "why": ["a", " b "], "a": 3.0}
{"q": "two?", "why": "first\nsecond", "a": "1,200", "id": "x"}
{"q": "three?", "why": "<<1+1=2>> <<2+2=4>>", "a": -0.5}
"""

            let options =
                DataOptions(QuestionColumn = "q", RationaleColumn = "why", AnswerColumn = "a")

            withText lines (fun path ->
                let rows = ReasoningData.Read(path, options).Examples
                Expect.equal (rows |> Seq.map _.Answer |> List.ofSeq) [ "3"; "1,200"; "-0.5" ] "answers"

                Expect.equal
                    (rows |> Seq.map (_.Steps >> List.ofSeq) |> List.ofSeq)
                    [ [ "a"; "b" ]; [ "first"; "second" ]; [ "<<1+1=2>>"; "<<2+2=4>>" ] ]
                    "steps"

                Expect.equal rows[0].Rationale "a b" "joined"
                Expect.equal rows[1].Id "x" "own name")
        }
        test "a bad line stops with its number, or is counted" {
            let lines = "a||<<1=1>> #### 1\n\nno bars\nb|| #### 2\n"

            withText lines (fun path ->
                let message = refusal path (DataOptions())
                Expect.stringStarts message $"{path}, line 3: found 0 of '||'" "place"
                let set = ReasoningData.Read(path, DataOptions(SkipBadLines = true))
                Expect.equal (set.Examples.Count, set.BadRows, set.WithoutRationale) (2, 1, 1) "counts")
        }
        test "bytes that are not UTF-8 are refused with their line" {
            let bytes =
                Array.concat
                    [
                        Encoding.ASCII.GetBytes "a||b #### 1\nx||"
                        [| 0xFFuy |]
                        Encoding.ASCII.GetBytes " #### 2"
                    ]

            withFile bytes (fun path -> Expect.stringContains (refusal path (DataOptions())) "line 2: byte 4" "place")
        }
        test "XML with a document type is refused" {
            let xml =
                """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ProblemSet><Problem ID="1"><Body>&e;</Body></Problem></ProblemSet>"""

            withText xml (fun path ->
                Expect.stringContains (refusal path (DataOptions())) "not acceptable XML" "reason")
        }
        test "unknown, empty and missing files are refused" {
            withText "hello\n" (fun path ->
                Expect.stringContains (refusal path (DataOptions())) "not recognised" "unknown")

            withText " \n" (fun path -> Expect.stringContains (refusal path (DataOptions())) "empty" "empty")

            Expect.stringContains
                (refusal "/no/such/file" (DataOptions()))
                "there is no such file; check the path"
                "missing"
        }
        test "a limit counts over all files" {
            withText "a||x #### 1\nb||x #### 2\n" (fun path ->
                Expect.equal
                    (ReasoningData.Read([ path; path ], DataOptions(Limit = Nullable 3)).Examples.Count)
                    3
                    "limit")
        }
        test "the split is decided by the question alone" {
            let example question =
                ReasoningExample("id", question, [||], "", "1")

            let all = [| for i in 1..2000 -> example $"question {i}" |]
            let struct (training, validation) = DataSplit.ByQuestion(all, 0.1)
            Expect.equal (training.Count + validation.Count) 2000 "all"
            Expect.isTrue (abs (validation.Count - 200) < 60) "share"
            let struct (_, again) = DataSplit.ByQuestion(Array.rev all, 0.1)
            Expect.equal (again |> Seq.map _.Question |> set) (validation |> Seq.map _.Question |> set) "same rows"
        }
    ]

let private parquet =
    test "Parquet: columns with text, lists and numbers" {
        let rows =
            [
                ParquetRow(question = "one?", steps = ResizeArray [ "a"; "b" ], answer = 3.0)
                ParquetRow(question = "two?", steps = ResizeArray(), answer = 2.5)
            ]

        use stream = new MemoryStream()
        Parquet.Serialization.ParquetSerializer.SerializeAsync(rows, stream).Wait()

        withFile (stream.ToArray()) (fun path ->
            let read = ReasoningData.Read(path).Examples
            Expect.equal (read |> Seq.map _.Answer |> List.ofSeq) [ "3"; "2.5" ] "answers"
            Expect.equal (read |> Seq.map (_.Steps >> List.ofSeq) |> List.ofSeq) [ [ "a"; "b" ]; [] ] "steps")

        withFile (stream.ToArray()[..60]) (fun path ->
            Expect.stringContains (refusal path (DataOptions())) "not a Parquet file" "truncated")
    }

[<Tests>]
let tests =
    testList "Data" (publicFiles @ [ targets; stepCounts; annotations; againstLoaders; parquet ] @ generic)
