module LoRi.Cli.Commands.Tokenize

open System.IO
open System.Text.Json
open LoRi.Cli
open LoRi.Files
open LoRi.Files.Settings
open LoRi.Files.Tokenizers

/// What `read` makes of a line; a line of another form is an error with its number.
let private parse number (line: string) expected (read: JsonElement -> 'T) : 'T =
    try
        use document = JsonDocument.Parse line
        read document.RootElement
    with
    | :? JsonException
    | :? System.InvalidOperationException
    | :? System.FormatException as e -> raise (InputException($"standard input, line {number}: expected {expected}", e))

let private readText (element: JsonElement) : string =
    match element.GetString() with
    | null -> raise (JsonException "null")
    | text -> text

let private readIds (element: JsonElement) =
    [| for id in element.EnumerateArray() -> id.GetInt32() |]

let private lines (reader: TextReader) =
    Seq.unfold
        (fun number ->
            match reader.ReadLine() with
            | null -> None
            | line -> Some((number, line.TrimStart '\uFEFF'), number + 1))
        1
    |> Seq.filter (fun (_, line) -> line.Trim() <> "")

let private result (ids: int seq) (text: string) =
    Json.object [ "ids", Json.list (Seq.map Json.whole ids); "text", Json.text text ]

let private tokenizerPath =
    Setting<string>(
        "tokenizer",
        "path",
        Forms.Place,
        "",
        "tokenizer file or folder",
        Required = "name a tokenizer file or folder"
    )

let private flag key help =
    Setting<bool>(key, "", Forms.Flag, false, help)

let private noSpecial = flag "no_special" "add no special tokens"
let private decode = flag "decode" "read lists of ids instead of texts"

let private skipSpecial =
    flag "skip_special" "leave special tokens out of decoded text"

/// Its options.
let settings =
    CommandSettings(
        "tokenize",
        [|
            tokenizerPath
            noSpecial
            decode
            skipSpecial
            flag "json" "has no effect: the output is JSON lines anyway"
        |]
    )

/// Texts to ids or ids to texts, line by line.
let run (terminal: Terminal) _ arguments =
    let options = SettingOptions.read settings arguments
    let tokenizer = TokenizerFile.Load(options.Get tokenizerPath)
    Models.tell terminal tokenizer.Path tokenizer.Notes

    for number, line in lines terminal.In do
        if options.Get decode then
            let ids = parse number line "a JSON list of ids" readIds
            Terminal.writeJson terminal (result ids (tokenizer.Decode(ids, options.Get skipSpecial)))
        else
            let text = parse number line "a JSON string" readText
            Terminal.writeJson terminal (result (tokenizer.Encode(text, not (options.Get noSpecial))) text)
