/// What a run would be trained on, before it is.
module LoRi.Cli.Commands.Data

open System
open LoRi.Cli
open LoRi.Files.Data
open LoRi.Files.Text
open LoRi.Models.Sequences
open LoRi.Runs.Inspect

/// Places that are named where there are more.
[<Literal>]
let private MostNamed = 3

/// The colour of a part's role on a terminal.
let private colours =
    Map.ofList
        [
            "question", 36
            "rationale", 34
            "latent steps", 35
            "prefix", 33
            "answer", 32
        ]

/// Tokens with marks between them; spaces and ends of lines are seen.
let private tokens (part: SequencePart) =
    part.Tokens
    |> Seq.map (fun text -> text.Replace(" ", "·").Replace("\n", "⏎").Replace("\t", "⇥") |> MessageText.ForTerminal)
    |> String.concat "|"

let private showRow (terminal: Terminal) (row: PreviewedRow) =
    let graded =
        row.Parts |> Seq.sumBy (fun part -> if part.Graded then part.Tokens.Count else 0)

    terminal.Out.WriteLine(MessageText.Name $"{row.Place}: {row.Length} tokens, {graded} graded")

    for part in row.Parts do
        let name = part.Role + (if part.Graded then "*" else "")
        let line = $"  {name.PadRight 13} {tokens part}"

        terminal.Out.WriteLine(
            if terminal.Colour then
                $"\u001b[{colours[part.Role]}m{line}\u001b[0m"
            else
                line
        )

    terminal.Out.WriteLine()

let private places (all: string seq) =
    let count = Seq.length all
    let named = all |> Seq.truncate MostNamed |> String.concat "; "

    if count = 0 then "0"
    elif count <= MostNamed then $"{count:N0}: {named}"
    else $"{count:N0}: {named}; .."

let private show (terminal: Terminal) (preview: DataPreview) =
    Seq.iter (showRow terminal) preview.Shown

    if preview.Shown.Count > 0 then
        terminal.Out.WriteLine "* graded: the task loss counts these tokens\n"

    Terminal.writeFields
        terminal
        [
            "files", String.concat ", " preview.Files
            "rows", $"{preview.Rows:N0}"
            "without rationale", $"{preview.WithoutRationale:N0}"
            "cannot be read", $"{preview.Unreadable:N0}"
            $"longer than {preview.Limit}", places preview.TooLong
            "repeated", places preview.Repeated
            match preview.InTest with
            | null -> ()
            | found -> "in the test data", places found
        ]

    terminal.Out.WriteLine()

    Terminal.writeTable
        terminal
        [ "tokens"; "least"; "median"; "mean"; "95 % within"; "most" ]
        [
            for one in preview.Lengths ->
                [
                    one.Of
                    string one.Least
                    string one.Median
                    one.Mean.ToString("F1", Globalization.CultureInfo.InvariantCulture)
                    string one.Most95
                    string one.Most
                ]
        ]

let private asJson (preview: DataPreview) =
    let texts (all: string seq) = Json.list (Seq.map Json.text all)

    let part (one: SequencePart) =
        Json.object
            [
                "role", Json.text one.Role
                "graded", Json.flag one.Graded
                "tokens", texts one.Tokens
            ]

    let length (one: TokenLengths) =
        one.Of,
        Json.object
            [
                "least", Json.whole one.Least
                "median", Json.whole one.Median
                "mean", Json.number one.Mean
                "most_95", Json.whole one.Most95
                "most", Json.whole one.Most
            ]

    Json.object
        [
            "files", texts preview.Files
            "rows", Json.whole preview.Rows
            "without_rationale", Json.whole preview.WithoutRationale
            "unreadable", Json.whole preview.Unreadable
            "limit", Json.whole preview.Limit
            "too_long", texts preview.TooLong
            "repeated", texts preview.Repeated
            match preview.InTest with
            | null -> ()
            | found -> "in_test", texts found
            "lengths", Json.object [ for one in preview.Lengths -> length one ]
            "shown",
            Json.list
                [
                    for row in preview.Shown ->
                        Json.object [ "place", Json.text row.Place; "parts", Json.list (Seq.map part row.Parts) ]
                ]
        ]

let private reading (options: Argu.ParseResults<DataArgs>) =
    DataOptions(
        Format =
            Option.toNullable (
                options.TryGetResult DataArgs.Format
                |> Option.map (CommandLine.choice<DataFormat> "format")
            ),
        SkipBadLines = true,
        Limit = Option.toNullable (options.TryGetResult DataArgs.Limit),
        QuestionColumn = options.GetResult(DataArgs.Question_Column, "question"),
        RationaleColumn = options.GetResult(DataArgs.Rationale_Column, "rationale"),
        AnswerColumn = options.GetResult(DataArgs.Answer_Column, "answer"),
        Annotations =
            CommandLine.choiceOr "annotations" (options.TryGetResult DataArgs.Annotations) AnnotationHandling.Strip
    )

/// Shows rows as they will be trained on, and what is to be known of all.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<DataArgs> "data" arguments
    let files = options.GetResult DataArgs.Data
    let test = options.GetResult(DataArgs.Test, [])

    for option, value in
        [
            "limit", options.TryGetResult DataArgs.Limit
            "max-tokens", options.TryGetResult DataArgs.Max_Tokens
        ] do
        CommandLine.atLeastOne option value

    for option, value in
        [
            "rows", options.TryGetResult DataArgs.Rows
            "latent-steps", options.TryGetResult DataArgs.Latent_Steps
        ] do
        match value with
        | Some count when count < 0 -> raise (ExitCodes.UsageException $"--{option} {count}: must be at least 0")
        | _ -> ()

    let preview =
        DataPreview.Of(
            DataPreviewOptions(
                Data = [| for path in files -> CommandLine.existing "data" path |],
                Model = CommandLine.existing "model" (options.GetResult DataArgs.Model),
                Tokenizer = Option.toObj (options.TryGetResult DataArgs.Tokenizer),
                Reading = reading options,
                LatentSteps = Option.toNullable (options.TryGetResult DataArgs.Latent_Steps),
                AnswerPrefix = Option.toObj (options.TryGetResult DataArgs.Answer_Prefix),
                TeacherText =
                    CommandLine.choiceOr
                        "teacher-text"
                        (options.TryGetResult DataArgs.Teacher_Text)
                        TeacherTextOption.Full,
                Grade = CommandLine.choiceOr "grade" (options.TryGetResult DataArgs.Grade) Grading.Answer,
                MaxTokens = Option.toNullable (options.TryGetResult DataArgs.Max_Tokens),
                Rows = options.GetResult(DataArgs.Rows, 3),
                Test = [| for path in test -> CommandLine.existing "test" path |]
            )
        )

    if options.Contains DataArgs.Json then
        Terminal.writeJson terminal (asJson preview)
    else
        show terminal preview
