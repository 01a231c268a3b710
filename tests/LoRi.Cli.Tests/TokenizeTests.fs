/// `lori tokenize` on the golden strings: what goes through standard input and output, characters of all kinds included.
module LoRi.Cli.Tests.TokenizeTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Training.Tests

let private root = "fixtures/tokenizers"

let private json (file: string) =
    JsonDocument.Parse(File.ReadAllBytes(sharedFile file)).RootElement

let private items (element: JsonElement) = List.ofSeq (element.EnumerateArray())

let private ids (element: JsonElement) =
    [ for id in items (element.GetProperty "ids") -> id.GetInt32() ]

/// One line of JSON each, one object each.
let private tokenize family options (lines: string list) =
    let input = lines |> List.map (fun line -> line + "\n") |> String.concat ""

    let outcome =
        loriWith input ([ "tokenize"; "--tokenizer"; sharedFile $"tokenizers/{family}" ] @ options)

    Expect.equal outcome.Code Success outcome.Error

    let answers =
        outcome.Out.TrimEnd('\n').Split '\n'
        |> List.ofArray
        |> List.map (fun line -> JsonDocument.Parse(line).RootElement)

    Expect.equal answers.Length lines.Length "one line each"
    answers

let private encodes family options (cases: (string * int list) list) =
    let answers =
        tokenize family options [ for text, _ in cases -> JsonSerializer.Serialize text ]

    for (text, expected), answer in List.zip cases answers do
        Expect.equal (ids answer) expected text
        Expect.equal (Running.text "text" answer) text "the text itself"

let private decodes family options name (cases: JsonElement list) =
    let answers =
        tokenize family options [ for case in cases -> case.GetProperty("ids").GetRawText() ]

    for case, answer in List.zip cases answers do
        Expect.equal (text "text" answer) (text name case) "decoded"
        Expect.equal (ids answer) (ids case) "the ids themselves"

let private familyTests family =
    let fixture name = json $"{root}/{family}/{name}.json"

    [
        testCase "texts to ids"
        <| fun () ->
            let cases = items (fixture "encodings")

            let chats =
                if List.contains $"{root}/{family}" (SharedFiles.foldersWith "chat.json" root) then
                    [ for chat in items (fixture "chat") -> text "rendered" chat, ids chat ]
                else
                    []

            encodes
                family
                [ "--no-special" ]
                ([ for case in cases -> text "text" case, ids (case.GetProperty "plain") ] @ chats)
        testCase "ids to texts"
        <| fun () ->
            let cases =
                [ for case in items (fixture "encodings") -> case.GetProperty "plain" ]
                @ items ((fixture "decode").GetProperty "sequences")

            decodes family [ "--decode" ] "decoded" cases
        testCase "with and without special tokens"
        <| fun () ->
            let cases = items (fixture "encodings")
            encodes family [ "--json" ] [ for case in cases -> text "text" case, ids (case.GetProperty "special") ]

            [ for case in cases -> case.GetProperty "special" ]
            @ items ((fixture "decode").GetProperty "sequences")
            |> decodes family [ "--decode"; "--skip-special" ] "decoded_skip_special"
    ]

let private refusals =
    [
        for name, options, input, message in
            [
                "no string", [], "\"a\"\n[1]\n", "standard input, line 2: expected a JSON string"
                "no JSON", [], "hello\n", "standard input, line 1: expected a JSON string"
                "half a surrogate pair", [], "\"\\ud800\"\n", "standard input, line 1: expected a JSON string"
                "null", [], "null\n", "standard input, line 1: expected a JSON string"
                "no list", [ "--decode" ], "\"a\"\n", "standard input, line 1: expected a JSON list of ids"
                "no whole number",
                [ "--decode" ],
                "[1]\n\n[1.5]\n",
                "standard input, line 3: expected a JSON list of ids"
                "too large a number", [ "--decode" ], "[99999999999]\n", "standard input, line 1: expected a JSON list"
                "a list within a list", [ "--decode" ], "[[1]]\n", "standard input, line 1: expected a JSON list of ids"
            ] ->
            testCase name
            <| fun () ->
                inFolder (fun folder ->
                    let tokenizer = file folder "tokenizer.json" TinyFolder.tokenizer
                    let outcome = loriWith input ([ "tokenize"; "--tokenizer"; tokenizer ] @ options)
                    Expect.equal outcome.Code Failed "exit code"
                    Expect.stringContains outcome.Error message "message")
    ]

let private files =
    [
        testCase "a run directory's tokenizer, a byte order mark, empty lines and other line ends"
        <| fun () ->
            inFolder (fun folder ->
                let final = Directory.CreateDirectory(Path.Combine(folder, "final")).FullName

                file final "tokenizer.json" TinyFolder.tokenizer |> ignore

                let outcome =
                    loriWith "\uFEFF\"1+2\"\r\n\r\n\"3\"" [ "tokenize"; "--tokenizer"; folder ]

                Expect.equal outcome.Code Success outcome.Error

                Expect.equal
                    outcome.Out
                    "{\"ids\":[16,11,17],\"text\":\"1+2\"}\n{\"ids\":[18],\"text\":\"3\"}\n"
                    "two lines")
    ]

/// A process of its own, whose locale says Latin-1.
let private otherLocale =
    test "pipes are UTF-8 whatever the locale" {
        inFolder (fun folder ->
            let tokenizer = file folder "tokenizer.json" TinyFolder.tokenizer
            let utf8 = System.Text.UTF8Encoding false

            let info =
                ProcessStartInfo(
                    "dotnet",
                    [
                        Path.Combine(AppContext.BaseDirectory, "lori.dll")
                        "tokenize"
                        "--tokenizer"
                        tokenizer
                    ],
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    StandardInputEncoding = utf8,
                    StandardOutputEncoding = utf8
                )

            info.Environment["LC_ALL"] <- "en_US.ISO-8859-1"
            use running = nonNull (Process.Start info)
            running.StandardInput.WriteLine "\"\u00E9\u4E2D\""
            running.StandardInput.Close()
            let answer = running.StandardOutput.ReadToEnd()
            running.WaitForExit()
            Expect.equal answer "{\"ids\":[2,2],\"text\":\"\u00E9\u4E2D\"}\n" "what came back")
    }

[<Tests>]
let tests =
    testList
        "tokenize"
        [
            SharedFiles.fixtureTests "families" (fun () ->
                [
                    for family in SharedFiles.folders root do
                        testList family (familyTests family)
                ])
            testList "refused" refusals
            testList "files" files
            otherLocale
        ]
