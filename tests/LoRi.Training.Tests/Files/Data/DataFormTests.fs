/// The form of a row is told from its fields, the same way whatever file it is in.
module LoRi.Training.Tests.DataFormTests

open System
open System.IO
open System.IO.Pipes
open System.Text
open Expecto
open LoRi.Files
open LoRi.Files.Data

/// A row of GSM8K as the Hub's Parquet files have it.
type SolvedRow() =
    member val question = "" with get, set
    member val answer = "" with get, set

/// A row of SVAMP.
type SvampRow() =
    member val ID = 0 with get, set
    member val Body = "" with get, set
    member val Question = "" with get, set
    member val Answer = 0.0 with get, set

let private withFile (content: byte[]) check =
    let path = Path.GetTempFileName()

    try
        File.WriteAllBytes(path, content)
        check path
    finally
        File.Delete path

let private parquet (rows: 'row list) =
    use stream = new MemoryStream()
    Parquet.Serialization.ParquetSerializer.SerializeAsync(rows, stream).Wait()
    stream.ToArray()

let private lines (rows: string list) =
    Encoding.UTF8.GetBytes(String.concat "\n" rows)

let private array (rows: string list) =
    Encoding.UTF8.GetBytes("[" + String.concat ",\n" rows + "]")

let private readWith (options: DataOptions) (content: byte[]) =
    let mutable set = ReasoningSet([||], 0, 0)
    withFile content (fun path -> set <- ReasoningData.Read(path, options))
    set

let private read content =
    List.ofSeq (readWith (DataOptions()) content).Examples

let private refused (content: byte[]) =
    let mutable message = ""

    withFile content (fun path ->
        try
            ReasoningData.Read path |> ignore
            failtest "expected a refusal"
        with :? InputException as e ->
            message <- e.Message.Replace(path, "FILE"))

    message

let private solved =
    [
        """{"question": "How many?", "answer": "He has 2*9 = <<2*9=18>>18.\nSo 18.\n#### 18"}"""
        """{"question": "And now?", "answer": "None.\n#### 1,000"}"""
    ]

let private gsm8k =
    [
        for name, content in
            [
                "lines", lines solved
                "an array", array solved
                "Parquet",
                parquet
                    [
                        SolvedRow(question = "How many?", answer = "He has 2*9 = <<2*9=18>>18.\nSo 18.\n#### 18")
                        SolvedRow(question = "And now?", answer = "None.\n#### 1,000")
                    ]
            ] do
            test $"GSM8K as {name}: the final value is the answer, the solution the rationale" {
                let rows = read content
                Expect.equal [ for e in rows -> e.Answer ] [ "18"; "1,000" ] "answers"
                Expect.equal [ for e in rows -> e.Rationale ] [ "He has 2*9 = 18.\nSo 18."; "None." ] "rationales"
                let only = DataOptions(Annotations = AnnotationHandling.Only)
                Expect.equal (readWith only content).Examples[0].Rationale "<<2*9=18>>" "annotations"
            }
        test "rows that are said to be generic are, whatever their fields look like" {
            let generic =
                readWith (DataOptions(Format = System.Nullable DataFormat.JsonLines)) (lines solved)

            Expect.stringContains generic.Examples[0].Answer "####" "the whole answer"
            Expect.equal [ for e in generic.Examples -> e.Rationale ] [ ""; "" ] "no rationale"
        }
        for name, content in [ "lines", lines; "an array", array ] do
            test $"an answer without its mark after GSM8K's in {name} is a bad row, a damaged row decides nothing" {
                let unmarked = """{"question": "Which?", "answer": "He has 2*9 = 18."}"""
                Expect.stringContains (refused (content (solved @ [ unmarked ]))) "the answer has no '####'" "after"

                let rows =
                    readWith (DataOptions(SkipBadLines = true)) (content ("""{"question": "x"}""" :: solved))

                Expect.equal (rows.BadRows, rows.Examples[1].Answer) (1, "1,000") "first"
            }

            test $"rows of {name} with a rationale of their own keep their answers" {
                let own = """{"question": "q", "rationale": "r", "answer": "so #### 3", "id": 7}"""
                let row = List.exactlyOne (read (content [ own ]))
                Expect.equal (row.Rationale, row.Answer, row.Id) ("r", "so #### 3", "7") "generic"
            }
    ]

let private svamp =
    [ """{"ID": 5, "Body": "He had 3 ", "Question": "How many?", "Answer": 3.0}""" ]

let private others =
    [
        for name, content in
            [
                "lines", lines svamp
                "an array", array svamp
                "Parquet", parquet [ SvampRow(ID = 5, Body = "He had 3 ", Question = "How many?", Answer = 3.0) ]
            ] do
            test $"SVAMP as {name}, its names numbers" {
                let row = List.exactlyOne (read content)
                Expect.equal (row.Id, row.Question, row.Answer) ("5", "He had 3 How many?", "3") "row"
            }
        for name, content in [ "lines", lines; "an array", array ] do
            test $"MultiArith and GSM-Hard as {name}" {
                let multi = """{"iIndex": 0, "sQuestion": " How many? ", "lSolutions": [39.0]}"""
                let row = List.exactlyOne (read (content [ multi ]))
                Expect.equal (row.Question, row.Answer) ("How many?", "39") "MultiArith"
                let hard = """{"input": "How much?", "code": "", "target": -2.5}"""
                let row = List.exactlyOne (read (content [ hard ]))
                Expect.equal (row.Question, row.Answer) ("How much?", "-2.5") "GSM-Hard"
            }
        test "columns that the user names come before those of a data set" {
            let row =
                """{"Body": "b", "Question": "q", "Answer": 1, "question_concat": "b q!", "final": 2}"""

            let options =
                DataOptions(QuestionColumn = "question_concat", AnswerColumn = "final")

            let found = (readWith options (lines [ row ])).Examples[0]
            Expect.equal (found.Question, found.Answer) ("b q!", "2") "named"
        }
    ]

/// A row of the generic names whose answer is a double.
type NumberRow() =
    member val question = "q" with get, set
    member val answer = 0.0 with get, set

let private exponents =
    test "exponents are written out to the last digit, and are the same number" {
        let exact =
            [
                "1e-30", "0." + String('0', 29) + "1"
                "5.551115123125783e-17", "0." + String('0', 16) + "5551115123125783"
                "-1.50E+2", "-150"
                "1.25e6", "1250000"
                "1e30", "1" + String('0', 30)
                "123456789012345678901234567890.5e-1", "12345678901234567890123456789.05"
                "0e-5", "0"
                "1e999999999999", "1e999999999999"
                "18.50", "18.50"
            ]

        for written, expected in exact do
            let row = $"""{{"question": "q", "answer": {written}}}"""
            Expect.equal (List.exactlyOne (read (lines [ row ]))).Answer expected written

        let doubles =
            [
                1e-30
                5.551115123125783e-17
                1e300
                5e-324
                Math.PI * 1e-9
                0.1
                905889564523320607017.0
            ]

        for row, value in Seq.zip (read (parquet [ for value in doubles -> NumberRow(answer = value) ])) doubles do
            Expect.isFalse (row.Answer.Contains 'E') row.Answer
            Expect.equal (Double.Parse(row.Answer, Globalization.CultureInfo.InvariantCulture)) value row.Answer
    }

let private unicode =
    [
        test "half a surrogate pair is refused with its row, wherever in the row it is" {
            for fields in
                [
                    @"""question"": ""q \ud800"", ""answer"": ""1"""
                    @"""question"": ""q"", ""answer"": ""1"", ""\udc00x"": 1"
                    @"""\ud800x"": 1, ""question"": ""q"", ""answer"": ""1"""
                ] do
                let good = """{"question": "q", "answer": "1"}"""
                let bad = "{" + fields + "}"

                for content, place in [ lines [ good; bad ], "line 2"; array [ good; bad ], "entry 2" ] do
                    Expect.stringContains (refused content) $"FILE, {place}: has half a surrogate pair" fields
                    let rows = readWith (DataOptions(SkipBadLines = true)) content
                    Expect.equal (rows.Examples.Count, rows.BadRows) (1, 1) "left out"

                Expect.stringContains (refused (lines [ bad; good ])) "FILE, line 1: has half" "the first row"
        }
        test "a whole pair is text" {
            let row = """{"question": "\ud83d\ude00", "answer": "1"}"""
            Expect.equal (List.exactlyOne (read (lines [ row ]))).Question "😀" "question"
        }
        test "an array that is not UTF-8 is said to be that" {
            let content =
                Array.concat [ "[{\"question\": \"caf"B; [| 0xE9uy |]; "\", \"answer\": \"1\"}]"B ]

            Expect.stringContains (refused content) "FILE, entry 1: is not UTF-8" "reason"
        }
    ]

let private pipes =
    test "a pipe is refused, as its rows would be gone after the first look" {
        if not (OperatingSystem.IsLinux()) then
            skiptest "needs /proc"

        use pipe = new AnonymousPipeServerStream(PipeDirection.Out)
        let path = $"/proc/self/fd/{pipe.ClientSafePipeHandle.DangerousGetHandle()}"

        for options in [ DataOptions(); DataOptions(Format = Nullable DataFormat.Gsm8k) ] do
            Expect.throwsC (fun () -> ReasoningData.Read(path, options) |> ignore) (fun e ->
                Expect.equal
                    e.Message
                    $"{path}: is a pipe, not a regular file; write what it holds to a file first"
                    "message")

        Expect.throwsC (fun () -> LoRi.Runs.Settings.OptionFile.Read path |> ignore) (fun e ->
            Expect.equal
                e.Message
                $"--config {path}: is a pipe, not a regular file; write what it holds to a file first"
                "configuration")
    }

[<Tests>]
let tests =
    testList "Data forms" (gsm8k @ others @ [ exponents ] @ unicode @ [ pipes ])
