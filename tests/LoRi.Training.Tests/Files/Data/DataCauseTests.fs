/// Files that are no rows are refused for the reason that they are none.
module LoRi.Training.Tests.DataCauseTests

open System
open System.Diagnostics
open System.IO
open System.IO.Compression
open System.Text
open Expecto
open LoRi.Files
open LoRi.Files.Data

let private refusalOf (options: DataOptions) (content: byte[]) =
    let path = Path.GetTempFileName()

    try
        File.WriteAllBytes(path, content)

        try
            let found = ReasoningData.Read(path, options)
            $"accepted {found.Examples.Count}"
        with :? InputException as e ->
            e.Message.Replace(path, "FILE")
    finally
        File.Delete path

let private refusal (content: byte[]) = refusalOf (DataOptions()) content

let private text (content: string) =
    refusal (Encoding.UTF8.GetBytes content)

let private gzip =
    use packed = new MemoryStream()

    do
        use stream = new GZipStream(packed, CompressionMode.Compress, true)
        stream.Write(ReadOnlySpan "{\"question\": \"q\", \"answer\": \"1\"}\n"B)

    packed.ToArray()

let private utf16 (encoding: Encoding) =
    Array.append (encoding.GetPreamble()) (encoding.GetBytes """{"question": "q", "answer": "1"}""")

let private magics =
    test "files of other kinds are called by their names, also where a form is asked for" {
        for content, name in
            [
                gzip, "gzip"
                Array.append [| 0x28uy; 0xB5uy; 0x2Fuy; 0xFDuy |] "xxxx"B, "zstd"
                Array.append [| 0xFDuy |] "7zXZ\000xx"B, "xz"
                "BZh91AY&SY"B, "bzip2"
                "PK\003\004xxxx"B, "zip"
                "%PDF-1.7\n"B, "PDF"
                "<!DOCTYPE html><html><body>404</body></html>"B, "web page"
                "  <html>"B, "web page"
                utf16 Encoding.Unicode, "UTF-16"
                utf16 Encoding.BigEndianUnicode, "UTF-16"
                utf16 Encoding.UTF32, "UTF-32"
                utf16 (UnicodeEncoding(false, false)), "UTF-16"
                "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"B, "git LFS"
                "ARROW1\000\000"B, "Arrow"
                "SQLite format 3\000"B, "SQLite"
                "GGUF\003\000\000\000"B, "GGUF"
            ] do
            for options in
                [
                    DataOptions()
                    for format in
                        [
                            DataFormat.JsonLines
                            DataFormat.Gsm8k
                            DataFormat.JsonArray
                            DataFormat.Icot
                            DataFormat.Parquet
                        ] do
                        DataOptions(Format = Nullable format)
                ] do
                Expect.stringContains (refusalOf options content) name name
    }

let private layouts =
    [
        test "one object over several lines" {
            for content in
                [
                    "{\n  \"question\": \"q\",\n  \"answer\": \"1\"\n}\n{\n  \"question\": \"r\",\n  \"answer\": \"2\"\n}\n"
                    "{ \"question\": \"q\",\r\n  \"steps\": [\r\n \"a\"],\r\n \"answer\": \"1\" }\r\n"
                ] do
                Expect.stringStarts
                    (text content)
                    "FILE: one object stands on several lines; each must stand on one line"
                    content
        }
        test "rows under a key" {
            for content in
                [
                    """{"version": 1, "data": [{"question": "q", "answer": "1"}]}"""
                    "{\n \"version\": 1,\n \"data\": [\n  {\n   \"question\": \"q\",\n   \"answer\": \"1\"\n  }\n ]\n}"
                    "{\"data\": [\n"
                    + String.replicate 5_000 "{\"question\": \"q\", \"answer\": \"1\"},\n"
                    + "{}]}"
                ] do
                Expect.stringContains (text content) "the rows stand under \"data\"" content
        }
        test "a list or an object within a row is not taken for the rows" {
            let row inner =
                $"{{\"question\": \"q\", {inner}, \"answer\": \"1\"}}"

            for inner in
                [
                    "\"messages\": [{\"role\": \"user\"}]"
                    "\"meta\": {\"source\": {\"page\": 1}}"
                ] do
                let several = (row inner).Replace(", ", ",\n")

                Expect.stringStarts (text (several + "\n" + several)) "FILE: one object stands on several lines" inner

            let chat = "{\"messages\": [{\"role\": \"user\"}]}\n"
            Expect.stringContains (text (chat + chat)) "line 1: there is no 'content', only: role" "chats"
        }
        test "a comma behind the last field" {
            Expect.stringContains
                (text "{\"question\": \"q\", \"answer\": \"1\",}")
                "FILE, line 1: not valid JSON: a comma stands before a closing brace or bracket"
                "reason"
        }
        test "a first row that is cut short is a bad row, whatever follows" {
            let content = "{\"question\": \"q\n{\"question\": \"q\", \"answer\": \"1\"}\n"
            let options = DataOptions(SkipBadLines = true)
            Expect.equal (refusalOf options (Encoding.UTF8.GetBytes content)) "accepted 1" "left out"
            Expect.stringContains (text content) "FILE, line 1: " "place"

            let halved =
                "{\"question\": \"q\", \"answer\":\n{\"question\": \"q\", \"answer\": \"1\"}\n"

            Expect.stringContains (text halved) "FILE, line 1: not valid JSON: it ends before all" "halved"
        }
        test "words that JSON does not have" {
            for word in [ "NaN"; "Infinity"; "-Infinity"; "None"; "True" ] do
                let row answer more =
                    "{\"question\": \"q\", \"answer\": " + answer + more + "}"

                for bad in [ row word ""; row "1" (", \"score\": " + word) ] do
                    let lines = text (row "1" "" + "\n" + bad)

                    Expect.stringContains
                        lines
                        $"FILE, line 2: not valid JSON: {word} stands there, which JSON does not have"
                        bad

                    let array = text ("[" + row "1" "" + ",\n" + bad + "]")

                    Expect.stringContains
                        array
                        $"FILE, line 2: not valid JSON: {word} stands there, which JSON does not have"
                        bad

            Expect.equal (text "{\"question\": \"NaN?\", \"answer\": \"None\"}") "accepted 1" "within texts"
        }
        test "a table of commas or tabs is told how to become rows" {
            for content in [ "question,answer\na,1\n"; "q\ta\n1\t2\n" ] do
                let message = text content
                Expect.stringContains message "looks like a table in CSV or TSV" content
                Expect.stringContains message "as JSON lines" content

            Expect.stringContains (text "some words, and no more") "not recognised" "a sentence"
        }
        test "a field that stands twice in a row" {
            for content, place in
                [
                    "{\"question\": \"q\", \"question\": \"r\", \"answer\": \"1\"}", "line 1"
                    "[{\"question\": \"q\", \"answer\": \"1\", \"answer\": \"1\"}]", "entry 1"
                ] do
                Expect.stringContains (text content) $"FILE, {place}: " place
                Expect.stringContains (text content) "stands there twice" place
        }
        test "several objects on a line" {
            Expect.stringContains
                (text "{\"question\": \"q\", \"answer\": \"1\"}{\"question\": \"q\", \"answer\": \"1\"}")
                "one object a line"
                "reason"
        }
    ]

let private deep =
    test "XML that is nested deeply is refused at once, markup within a part is text" {
        let problem body =
            $"<ProblemSet><Problem ID=\"p\"><Body>{body}</Body><Question>Q?</Question><Answer>9 (apples)</Answer></Problem></ProblemSet>"

        let nested depth =
            problem (String.replicate depth "<a>" + "B" + String.replicate depth "</a>")

        let began = Stopwatch.StartNew()
        Expect.stringContains (text (nested 200_000)) "elements are nested more than 64 deep" "deep"
        Expect.isLessThan began.Elapsed (TimeSpan.FromSeconds 20.0) "time"

        Expect.stringContains
            (text ("<ProblemSet>" + String.replicate 70 "<a>" + nested 1))
            "more than 64 deep"
            "outside of problems"

        Expect.equal (text (nested 40)) "accepted 1" "some"
        Expect.equal (text (problem "He <b>has</b> 3 &amp; <![CDATA[<4>]]>")) "accepted 1" "markup"
    }

[<Tests>]
let tests = testList "Data causes" (magics :: deep :: layouts)
