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

let private publicFiles =
    [
        for name, count, answer in
            [
                "gsm8k/test.jsonl", 985, None
                "gsm8k/train.jsonl", 7473, Some "72"
                "gsm8k_icot/train_no_aug.txt", 6973, None
                "gsm8k_icot/train_eq_derived.txt", 6973, None
                "gsm8k_icot/valid.txt", 500, None
                "gsm8k_icot/test.txt", 985, None
                "gsm_hard/gsmhardv2.jsonl", 853, None
                "svamp/SVAMP.json", 800, None
                "multiarith/MultiArith.json", 496, None
                "addsub/AddSub.json", 395, None
                "singleeq/questions.json", 508, None
                "singleop/mawpssingleop.jsonl", 562, Some "14"
                "asdiv/asdiv_pal.jsonl", 2085, None
                "asdiv/ASDiv.xml", 2294, Some "9"
                "4_by_4_mult/valid.txt", 1000, None
                "prosqa/prosqa_test.json", 500, None
                "prontoqa/prontoqa_test.json", 800, None
            ] ->
            test $"reads {name}" {
                let set = read name
                Expect.equal set.Examples.Count count "examples"
                Expect.equal set.BadRows 0 "bad rows"
                let ids = set.Examples |> Seq.map _.Id |> Seq.distinct |> Seq.length
                Expect.equal ids count "names are distinct"

                for example in set.Examples do
                    Expect.isFalse (String.IsNullOrWhiteSpace example.Question) "question"
                    Expect.isFalse (String.IsNullOrWhiteSpace example.Answer) "answer"

                match answer with
                | Some first -> Expect.equal set.Examples[0].Answer first "first answer"
                | None -> ()
            }
    ]

let private stepCounts =
    test "equation rationales have as many steps as counted, and empty ones none" {
        let counts =
            (read "gsm8k_icot/valid.txt").Examples
            |> Seq.countBy _.Steps.Count
            |> Seq.sort
            |> List.ofSeq

        Expect.equal counts [ 0, 6; 1, 26; 2, 155; 3, 140; 4, 91; 5, 53; 6, 18; 7, 8; 8, 3 ] "valid"
        Expect.equal (read "gsm8k_icot/test.txt").WithoutRationale 12 "test without rationale"
    }

let private annotations =
    test "GSM8K's annotations alone are the iCoT form of the same problems" {
        let options = DataOptions(Annotations = AnnotationHandling.Only)

        let gsm8k =
            ReasoningData.Read(SharedFiles.path "data/gsm8k/test.jsonl", options).Examples

        let icot = (read "gsm8k_icot/test.txt").Examples

        for a, b in Seq.zip gsm8k icot do
            Expect.equal a.Rationale b.Rationale "rationale"
            Expect.equal a.Answer b.Answer "answer"

        let stripped = (read "gsm8k/test.jsonl").Examples
        Expect.isFalse (stripped |> Seq.exists _.Rationale.Contains("<<")) "stripped"
    }

let private againstLoaders =
    test "questions and answers agree with the published loaders" {
        use golden =
            JsonDocument.Parse(File.ReadAllText(SharedFiles.path "fixtures/scoring/data_parsing.json"))

        let text (element: JsonElement) = nonNull (element.GetString())

        for set, loader in [ "svamp", "zero_shot_cot"; "multiarith", "zero_shot_cot" ] do
            for row in golden.RootElement.GetProperty(set).EnumerateArray() do
                let example =
                    (read (text (row.GetProperty "file"))).Examples[row.GetProperty("index").GetInt32()]

                let expected = row.GetProperty loader
                Expect.equal example.Question (text (expected.GetProperty "question")) $"{set} question"
                Expect.equal example.Answer (text (expected.GetProperty "answer")) $"{set} answer"

        for row in golden.RootElement.GetProperty("icot_text").EnumerateArray() do
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
    testList "Data" (publicFiles @ [ stepCounts; annotations; againstLoaders; parquet ] @ generic)
