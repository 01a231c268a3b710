/// Agreement of tokenizers with the golden values of the library that defines them, and how fast they encode real text: one
/// thread, processor time of the whole process (the compiler and the collector included), so that other programs do not count.
module LoRi.Bench.Tokenizers

open System
open System.Diagnostics
open System.IO
open System.Text
open System.Text.Json
open LoRi.Files.Tokenizers

/// What is measured.
type Settings =
    {
        /// A folder with one folder a tokenizer.
        Tokenizers: string
        /// A folder with encodings.json, decode.json and chat.json for each of them, by the same names.
        Fixtures: string
        Texts: string list
    }

let private items (file: string) =
    if File.Exists file then
        [
            for item in JsonDocument.Parse(File.ReadAllBytes file).RootElement.EnumerateArray() -> item
        ]
    else
        []

let private ids (value: JsonElement) =
    [| for id in value.GetProperty("ids").EnumerateArray() -> id.GetInt32() |]

let private text (name: string) (value: JsonElement) =
    nonNull (value.GetProperty(name).GetString())

let private decodes (tokenizer: TextTokenizer) (value: JsonElement) =
    [
        tokenizer.Decode(ids value) = text "decoded" value
        tokenizer.Decode(ids value, true) = text "decoded_skip_special" value
    ]

let private encodings (tokenizer: TextTokenizer) folder =
    [
        for case in items (Path.Combine(folder, "encodings.json")) do
            for name, special in [ "plain", false; "special", true ] do
                let expected = case.GetProperty name
                tokenizer.Encode(text "text" case, special) = ids expected
                yield! decodes tokenizer expected
    ]

let private decodings (tokenizer: TextTokenizer) folder =
    let root =
        JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "decode.json"))).RootElement

    [
        for sequence in root.GetProperty("sequences").EnumerateArray() do
            yield! decodes tokenizer sequence
    ]

let private chats (tokenizer: TextTokenizer) folder =
    [
        for case in items (Path.Combine(folder, "chat.json")) do
            tokenizer.Encode(text "rendered" case, false) = ids case
    ]

let private rate (tokenizer: TextTokenizer) (lines: string array) =
    let bytes =
        lines |> Array.sumBy (fun line -> int64 (Encoding.UTF8.GetByteCount line))

    use self = Process.GetCurrentProcess()
    let before = self.TotalProcessorTime

    for line in lines do
        tokenizer.Encode(line, false) |> ignore

    self.Refresh()
    float bytes / 1e6 / (self.TotalProcessorTime - before).TotalSeconds

/// One line a tokenizer: comparisons made and how many differ, then megabytes a second of the first and of the second pass over each text.
let private line settings (name: string) =
    let folder = Path.Combine(settings.Fixtures, name)
    let place = Path.Combine(settings.Tokenizers, name)
    let watch = Stopwatch.StartNew()
    let tokenizer = TokenizerFile.Load place
    let loaded = watch.Elapsed.TotalSeconds

    let rates =
        [
            for file in settings.Texts do
                let lines = File.ReadAllLines file
                // Another one for each text: what one text left in the cache does not help the next.
                let fresh = TokenizerFile.Load place
                let first = rate fresh lines
                $"%.1f{first} / %.1f{rate fresh lines}"
        ]

    let outcomes =
        encodings tokenizer folder @ decodings tokenizer folder @ chats tokenizer folder

    let different = outcomes |> List.filter not |> List.length
    let strings = [ name; string outcomes.Length; string different; $"%.1f{loaded}" ]
    $"""| {String.Join(" | ", strings @ rates)} |"""

/// The table, as markdown.
let markdown settings =
    let names =
        Directory.GetDirectories settings.Fixtures |> Array.map Path.GetFileName |> Array.sort

    String.Join(
        "\n",
        [
            let titles =
                settings.Texts |> List.map (fun file -> $"{Path.GetFileName file}, MB/s")

            $"""| {String.Join(" | ", [ "tokenizer"; "compared"; "different"; "load, s" ] @ titles)} |"""
            $"""| --- |{String.replicate (3 + titles.Length) " --: |"}"""

            for name in names do
                line settings (nonNull name)
        ]
    )
