/// What a run would be trained on, before it is.
module LoRi.Cli.Commands.Data

open System
open System.Collections.Generic
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Files.Text
open LoRi.Runs.Inspect
open LoRi.Runs.Settings
open LoRi.Training.Methods

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

let private data =
    Setting<IReadOnlyList<string>>(
        "data",
        "file",
        Forms.Places,
        [||],
        "data files, or data sets that `lori download` fetched; several may follow",
        Required = "name at least one data file"
    )

let private test =
    Setting<IReadOnlyList<string>>(
        "test",
        "file",
        Forms.Places,
        [||],
        "test files whose questions are looked for among the data; several may follow"
    )

let private model =
    Setting<string>(
        "model",
        "path",
        Forms.Place,
        "",
        "the model whose tokenizer reads them: a Hub folder, a run directory or a .gguf file",
        Required = "name the model whose tokenizer reads the data"
    )

let private latentSteps =
    Setting<Nullable<int>>(
        "latent_steps",
        "n",
        Forms.Whole(0, 4_096).Optional(),
        Nullable(),
        "show a student's sequence with this many continuous steps, 0 for none",
        DefaultText = "the teacher's, with its chain of thought"
    )

let private rows =
    Setting<int>("rows", "n", Forms.Whole 0, 3, "how many rows are shown")

let private maxTokens =
    Setting<Nullable<int>>(
        "max_tokens",
        "n",
        Forms.Whole(1).Optional(),
        Nullable(),
        "leave longer examples out, and count them",
        DefaultText = "what the model was made for"
    )

/// Its options.
let settings =
    CommandSettings(
        "data",
        [|
            data
            model
            latentSteps
            rows
            test
            StageSettings.Tokenizer
            AnswerSettings.TracePrefix
            RowSettings.Grade
            RowSettings.TeacherText
            StageSettings.Limit
            maxTokens
            StageSettings.Format
            StageSettings.QuestionColumn
            StageSettings.RationaleColumn
            StageSettings.AnswerColumn
            StageSettings.Annotations
            StageSettings.Json
        |]
    )

/// Shows rows as they will be trained on, and what is to be known of all.
let run (terminal: Terminal) _ arguments =
    let options = SettingOptions.read settings arguments

    let preview =
        DataPreview.Of(
            DataPreviewOptions(
                Data = [| for path in options.Get data -> CommandLine.existing "data" path |],
                Model = CommandLine.existing "model" (options.Get model),
                Tokenizer = options.Get StageSettings.Tokenizer,
                Reading = StageSettings.Reading(options.With(StageSettings.SkipBadLines, true)),
                LatentSteps = options.Get latentSteps,
                AnswerPrefix = options.Get AnswerSettings.TracePrefix,
                TeacherText = options.Get RowSettings.TeacherText,
                Grade = options.Get RowSettings.Grade,
                MaxTokens = options.Get maxTokens,
                Rows = options.Get rows,
                Test = [| for path in options.Get test -> CommandLine.existing "test" path |]
            )
        )

    if options.Get StageSettings.Json then
        Terminal.writeJson terminal (asJson preview)
    else
        show terminal preview
