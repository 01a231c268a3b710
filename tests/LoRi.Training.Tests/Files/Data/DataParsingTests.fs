/// What the published loaders make of lines of the data files, against what ours make of them.
module LoRi.Training.Tests.DataParsingTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Data
open LoRi.Runs.Scoring

let private golden = lazy SharedFiles.json "fixtures/scoring/data_parsing.json"

let private rows (name: string) =
    match SharedFiles.find name golden.Value with
    | Some rows when rows.GetArrayLength() > 0 -> SharedFiles.items name golden.Value
    | _ -> skiptest $"the reference files have no {name}"

let private field (name: string) (part: string) (row: JsonElement) =
    SharedFiles.text part (row.GetProperty name)

/// What we read from the lines of a file that holds just this text; bad lines are left out.
let private parsed (text: string) (annotations: AnnotationHandling) =
    let path = Path.GetTempFileName()

    try
        File.WriteAllText(path, text)

        let set =
            ReasoningData.Read(path, DataOptions(SkipBadLines = true, Annotations = annotations))

        List.ofSeq set.Examples, set.BadRows
    finally
        File.Delete path

let private one (text: string) annotations =
    match parsed text annotations with
    | [ example ], 0 -> example
    | examples, bad -> failtest $"{examples.Length} examples and {bad} bad rows in {text}"

let private gold (answer: string) =
    AnswerScorer.Score(ScoringRule.Codi, "", answer).Gold

/// CODI's question and gold, where it evaluates.
let private asCodiEvaluates (example: ReasoningExample) (row: JsonElement) =
    Expect.equal
        (QuestionTexts.Of(QuestionText.Codi, example.Question))
        (field "codi_eval" "question" row)
        $"CODI's question, {row}"

    Expect.equal (gold example.Answer) (field "codi_eval" "gold" row) $"CODI's gold, {row}"

let private gsm8k =
    test "GSM8K: question and gold of CODI, the iCoT line of the same problem, the final answer" {
        for row in rows "gsm8k_jsonl" do
            let line =
                JsonSerializer.Serialize
                    {|
                        question = SharedFiles.text "question" row
                        answer = SharedFiles.text "answer" row
                    |}

            let example = one line AnnotationHandling.Only
            asCodiEvaluates example row
            Expect.equal example.Question (field "zero_shot_cot" "question" row) $"question, {row}"

            // That loader removes commas, ours leaves it to the scorer.
            Expect.equal (gold example.Answer) (gold (field "zero_shot_cot" "answer" row)) $"answer, {row}"

            match row.GetProperty "icot" with
            | icot when icot.ValueKind = JsonValueKind.Null -> ()
            | icot when (SharedFiles.text "file" icot).EndsWith("train_eq_derived.txt", StringComparison.Ordinal) ->
                // Made by other means than by leaving out the prose: the answers agree, the steps need not.
                Expect.equal
                    example.Answer
                    (one (SharedFiles.text "text" icot) AnnotationHandling.Strip).Answer
                    $"{row}"
            | icot ->
                let same = one (SharedFiles.text "text" icot) AnnotationHandling.Strip
                Expect.equal example.Question same.Question $"question of the iCoT line, {row}"
                Expect.equal (gold example.Answer) (gold same.Answer) $"answer of the iCoT line, {row}"
                Expect.equal (List.ofSeq example.Steps) (List.ofSeq same.Steps) $"steps of the iCoT line, {row}"
    }

let private gsmHard =
    test "GSM-Hard: question, and the number to the last bit" {
        for row in rows "gsm_hard" do
            let line =
                $"""{{"input": {JsonSerializer.Serialize(SharedFiles.text "question" row)}, "target": {SharedFiles.text "target" row}}}"""

            let example = one line AnnotationHandling.Strip
            asCodiEvaluates example row
            Expect.equal (gold example.Answer) (SharedFiles.text "target" row) $"target, {row}"
    }

let private ofFiles =
    [
        for set in [ "svamp"; "multiarith" ] ->
            test $"{set}: question and gold of CODI and of the loader it was published with" {
                let read =
                    rows set
                    |> List.map (SharedFiles.text "file")
                    |> List.distinct
                    |> List.map (fun file -> file, ReasoningData.Read(SharedFiles.path $"data/{file}").Examples)
                    |> Map

                for row in rows set do
                    let example = read[SharedFiles.text "file" row][row.GetProperty("index").GetInt32()]

                    asCodiEvaluates example row
                    Expect.equal example.Question (field "zero_shot_cot" "question" row) $"question, {row}"
                    Expect.equal example.Answer (field "zero_shot_cot" "answer" row) $"answer, {row}"
            }
    ]

/// iCoT's answer as it trains on it: with its mark and without commas.
let private marked (example: ReasoningExample) =
    "#### " + example.Answer.Replace(",", "")

/// iCoT's training sentence.
let private sentence (question: string) (example: ReasoningExample) =
    $" {question} <EOS> {example.Rationale} <EOS> {marked example} <EOS>"

let private icotLine (row: JsonElement) =
    let example = one (SharedFiles.text "text" row) AnnotationHandling.Strip

    for loader in [ "icot_kd"; "icot_si" ] do
        let question = field loader "question" row
        Expect.equal (question.Trim()) example.Question $"{loader} question, {row}"
        Expect.equal (field loader "cot" row) example.Rationale $"{loader} rationale, {row}"
        Expect.equal (field loader "answer" row) (marked example) $"{loader} answer, {row}"
        Expect.equal (field loader "sentence" row) (sentence question example) $"{loader} sentence, {row}"

    let withoutLast =
        example.Steps |> Seq.take (max 0 (example.Steps.Count - 1)) |> List.ofSeq

    match row.GetProperty("codi_train").TryGetProperty "dropped" with
    | true, _ -> Expect.isFalse (Char.IsDigit example.Answer[0]) $"CODI leaves out what begins with no digit, {row}"
    | _ ->
        Expect.equal ((field "codi_train" "question" row).Trim()) example.Question $"CODI's question, {row}"
        Expect.equal (field "codi_train" "cot" row) (String.Join(' ', withoutLast)) $"CODI's rationale, {row}"
        Expect.equal (field "codi_train" "answer" row) $"The answer is: {example.Answer}" $"CODI's answer, {row}"

    let question = field "icot_kd" "question" row
    let ending = $"The answer is:{example.Answer}<EOS>"
    let steps = String.Concat withoutLast
    Expect.equal (field "pccot" "teacher" row) (question + steps + ending) $"PCCoT's teacher, {row}"

    Expect.equal
        (field "pccot" "student_2_latents" row)
        (question + "<BOT><L><L><EOT>" + ending)
        $"PCCoT's student, {row}"

let private icotText =
    test "iCoT text: both iCoT loaders, CODI's and PCCoT's training text" { List.iter icotLine (rows "icot_text") }

let private pairs (name: string) (row: JsonElement) =
    [
        for pair in SharedFiles.items name row -> SharedFiles.asText pair[0], SharedFiles.asText pair[1]
    ]

/// What a row of the iCoT loaders becomes with us, or nothing where it is a bad line here and stops training there.
let private ofRow (question: string, target: string) =
    match target.IndexOf "####" with
    | at when at >= 0 && question.Trim() <> "" && target.Substring(at + 4).Trim() <> "" ->
        Some(question.Trim(), target.Substring(0, at).Trim(), target.Substring(at + 4).Trim())
    | _ -> None

let private splitsElsewhere (text: string) =
    text
    |> Seq.exists (fun c -> Seq.contains c "\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029")

let private coconutAgrees (examples: ReasoningExample list) (row: JsonElement) =
    let expected =
        [
            for item in SharedFiles.items "coconut" row ->
                (SharedFiles.text "question" item).Trim(),
                [
                    for step in SharedFiles.items "steps" item do
                        match SharedFiles.asText step with
                        | "" -> ()
                        | step -> step
                ],
                SharedFiles.text "answer" item
        ]

    let found = [ for e in examples -> e.Question, List.ofSeq e.Steps, e.Answer ]
    Expect.equal found expected $"Coconut, {row}"

let private madeFile (row: JsonElement) =
    let text = SharedFiles.text "text" row
    let withoutMark = text.TrimStart '\ufeff'

    match withoutMark.Trim() with
    | "" -> ()
    | _ when not (text.Contains "||") -> ()
    | _ ->
        let path = Path.GetTempFileName()
        File.WriteAllText(path, text)

        let read =
            ReasoningData.Read(path, DataOptions(Format = Nullable DataFormat.Icot, SkipBadLines = true))

        File.Delete path
        let found = [ for e in read.Examples -> e.Question, e.Rationale, e.Answer ]
        // A mark of the byte order is no part of the first question for us.
        let trimmed =
            List.map (fun (question: string, target) -> question.TrimStart '\ufeff', target)

        Expect.equal found (pairs "icot_si_rows" row |> trimmed |> List.choose ofRow) $"iCoT-SI, {row}"

        if not (splitsElsewhere text) then
            Expect.equal found (pairs "icot_kd_rows" row |> trimmed |> List.choose ofRow) $"iCoT-KD, {row}"

        let regular =
            read.BadRows = 0
            && row.GetProperty("coconut").ValueKind = JsonValueKind.Array
            && not (text.Contains '\ufeff')
            && Seq.forall (fun (e: ReasoningExample) -> not (e.Answer.Contains '#')) read.Examples

        if regular then
            coconutAgrees (List.ofSeq read.Examples) row

let private madeFiles =
    test "broken and odd files: the rows that both iCoT loaders can train on, and Coconut's where it goes on" {
        List.iter madeFile (rows "made_files")
    }

let private strictness =
    test "a broken line stops by default, whatever the published loaders do with it" {
        for text in
            [
                "a||b||c #### 2\n"
                "a||x ### 5\n"
                "a||\n"
                "||x #### 1\n"
                "a\rb||x #### 1\n"
            ] do
            let path = Path.GetTempFileName()
            File.WriteAllText(path, text)

            Expect.throwsT<LoRi.Files.InputException>
                (fun () -> ReasoningData.Read(path, DataOptions(Format = Nullable DataFormat.Icot)) |> ignore)
                $"refused: {text}"

            File.Delete path
    }

let private lineEnds =
    test "LF, CRLF and a lone CR end a line, and every line has its number" {
        let path = Path.GetTempFileName()
        File.WriteAllText(path, "a||x #### 1\rb||y #### 2\r\nc||z #### 3\n\r\nbad\r")

        let set =
            ReasoningData.Read(path, DataOptions(Format = Nullable DataFormat.Icot, SkipBadLines = true))

        Expect.equal [ for e in set.Examples -> e.Question, e.Answer ] [ "a", "1"; "b", "2"; "c", "3" ] "rows"
        Expect.equal set.BadRows 1 "the last line"
        let name = Path.GetFileNameWithoutExtension path
        Expect.equal [ for e in set.Examples -> e.Id ] [ for i in 1..3 -> $"{name}:{i}" ] "numbers"

        let message =
            SharedFiles.refusal (fun () ->
                ReasoningData.Read(path, DataOptions(Format = Nullable DataFormat.Icot)) |> ignore
                new MemoryStream() :> IDisposable)

        Expect.stringContains message ", line 5: " "number of the bad line"
        File.Delete path
    }

[<Tests>]
let tests =
    testList "Data parsing" ([ gsm8k; gsmHard; icotText; madeFiles; strictness; lineEnds ] @ ofFiles)
