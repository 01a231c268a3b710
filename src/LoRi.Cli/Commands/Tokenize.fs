module LoRi.Cli.Commands.Tokenize

open System.IO
open System.Text.Json
open LoRi.Cli
open LoRi.Files
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

/// Texts to ids or ids to texts, line by line.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<TokenizeArgs> "tokenize" arguments
    let tokenizer = TokenizerFile.Load(options.GetResult TokenizeArgs.Tokenizer)
    Models.tell terminal tokenizer.Path tokenizer.Notes
    let skipSpecial = options.Contains Skip_Special

    for number, line in lines terminal.In do
        if options.Contains Decode then
            let ids = parse number line "a JSON list of ids" readIds
            Terminal.writeJson terminal (result ids (tokenizer.Decode(ids, skipSpecial)))
        else
            let text = parse number line "a JSON string" readText
            Terminal.writeJson terminal (result (tokenizer.Encode(text, not (options.Contains No_Special))) text)
