/// Seeded damage to files: to their bytes, and to the structure of JSON.
module LoRi.Training.Tests.FuzzMutations

open System
open System.Buffers.Binary
open System.Text
open System.Text.Json
open LoRi.Models

let private pick (random: SeededRandom) (choices: 'a[]) = choices[random.Below choices.Length]

/// Integers that programs get wrong.
let private integers =
    [|
        0L
        1L
        -1L
        2L
        255L
        0x7FFFL
        0x10000L
        0x7FFFFFFFL
        0x80000000L
        0xFFFFFFFFL
        0x100000000L
        Int64.MaxValue
        Int64.MinValue
        Int64.MaxValue / 2L
        1L <<< 40
    |]

/// A position in a file: mostly near its beginning, where headers are.
let private position (random: SeededRandom) length =
    random.Below(
        if random.Below 3 > 0 then
            max 1 (min length 600)
        else
            length
    )

let private overwrite (random: SeededRandom) (bytes: byte[]) =
    let width = pick random [| 1; 2; 4; 8 |]
    let number = Array.zeroCreate 8
    BinaryPrimitives.WriteInt64LittleEndian(number.AsSpan(), pick random integers)
    let at = position random bytes.Length
    let result = Array.copy bytes
    Array.blit number 0 result at (min width (bytes.Length - at))
    result

let private flip (random: SeededRandom) (bytes: byte[]) =
    let result = Array.copy bytes

    for _ in 0 .. random.Below 4 do
        let at = position random bytes.Length
        result[at] <- result[at] ^^^ (1uy <<< random.Below 8)

    result

let private insert (random: SeededRandom) (bytes: byte[]) =
    let filler = Array.init (1 + random.Below 40) (fun _ -> byte (random.Below 256))
    let at = position random bytes.Length
    Array.concat [ bytes[.. at - 1]; filler; bytes[at..] ]

let private remove (random: SeededRandom) (bytes: byte[]) =
    let at = position random bytes.Length
    Array.removeManyAt at (min (bytes.Length - at) (1 + random.Below 40)) bytes

let private repeat (random: SeededRandom) (bytes: byte[]) =
    let at = position random bytes.Length
    let count = min (bytes.Length - at) (1 + random.Below 60)
    Array.concat [ bytes[.. at + count - 1]; bytes[at .. at + count - 1]; bytes[at + count ..] ]

let private truncate (random: SeededRandom) (bytes: byte[]) =
    bytes[.. position random bytes.Length - 1]

/// One damage to bytes.
let bytes (random: SeededRandom) (content: byte[]) =
    if content.Length = 0 then
        [| byte (random.Below 256) |]
    else
        (pick random [| overwrite; overwrite; flip; insert; remove; repeat; truncate |]) random content

/// A JSON value; names and scalars are JSON text, which need not be valid.
type private Tree =
    | Fields of (string * Tree) list
    | Items of Tree list
    | Scalar of string

let rec private parse (element: JsonElement) =
    match element.ValueKind with
    | JsonValueKind.Object ->
        Fields
            [
                for field in element.EnumerateObject() -> JsonSerializer.Serialize field.Name, parse field.Value
            ]
    | JsonValueKind.Array -> Items [ for item in element.EnumerateArray() -> parse item ]
    | _ -> Scalar(element.GetRawText())

let rec private write (text: StringBuilder) tree =
    let separated (items: 'a list) (one: 'a -> unit) =
        items
        |> List.iteri (fun i item ->
            if i > 0 then
                text.Append ", " |> ignore

            one item)

    match tree with
    | Scalar literal -> text.Append literal |> ignore
    | Items items ->
        text.Append '[' |> ignore
        separated items (write text)
        text.Append ']' |> ignore
    | Fields fields ->
        text.Append '{' |> ignore

        separated fields (fun (name, value) ->
            text.Append(name).Append(": ") |> ignore
            write text value)

        text.Append '}' |> ignore

let private nested depth = String('[', depth) + String(']', depth)

/// Values that are of another type, too large, too deep, or no JSON at all.
let private hostile =
    [|
        "null"
        "true"
        "false"
        "0"
        "-0"
        "-1"
        "1"
        "2"
        "3"
        "1.5"
        "1e2"
        "1e308"
        "1e999"
        "-1e999"
        "2147483647"
        "2147483648"
        "16777216"
        "9223372036854775807"
        "9223372036854775808"
        "18446744073709551615"
        String('9', 400)
        "0." + String('0', 400) + "1"
        "NaN"
        "\"\""
        "\"x\""
        "\"\\ud800\""
        "\"\\u0000\""
        "\"../../x\""
        "\"(a+)+$\""
        "\"" + String('x', 20_000) + "\""
        "[]"
        "{}"
        "[[]]"
        "{\"a\": {\"a\": 1}}"
        nested 60
        nested 200
        nested 50_000
        "[" + String.Join(",", Array.create 2_000 "1") + "]"
    |]

let private inText (random: SeededRandom) (literal: string) =
    let at = random.Below(literal.Length + 1)
    literal.Insert(at, pick random [| "x"; " "; "\\u0001"; "\\ud83d"; "9"; "."; "-"; "\""; "\\" |])

/// A whole number's neighbours, which only a check of consistency finds; other literals get a stray character.
let private nudge (random: SeededRandom) (literal: string) =
    match Int64.TryParse literal with
    | true, number -> string (pick random [| number + 1L; number - 1L; number * 2L; number / 2L; -number |])
    | _ -> inText random literal

/// What stands in a node's place: nothing, one thing or several.
let private damage (random: SeededRandom) (whole: Tree) (node: Tree) =
    match random.Below 8 with
    | 0 -> []
    | 1 -> [ node; node ]
    | 2 -> [ node; whole ]
    | 3
    | 4 -> [ Scalar(pick random hostile) ]
    | _ ->
        match node with
        | Scalar literal -> [ Scalar(nudge random literal) ]
        | Items items -> [ Items(List.rev items) ]
        | Fields fields -> [ Items(List.map snd fields) ]

let rec private count tree =
    match tree with
    | Scalar _ -> 1
    | Items items -> 1 + List.sumBy count items
    | Fields fields -> 1 + List.sumBy (snd >> count) fields

/// Changes the node of that number, counted from the root.
let rec private change number (edit: Tree -> Tree list) tree =
    let mutable left = number - 1

    let visit (child: Tree) =
        let size = count child

        let result =
            if left = 0 then edit child
            elif left > 0 && left < size then [ change left edit child ]
            else [ child ]

        left <- left - size
        result

    match tree with
    | Scalar _ -> tree
    | Items items -> Items(List.collect visit items)
    | Fields fields ->
        Fields(
            fields
            |> List.collect (fun (name, value) -> [ for changed in visit value -> name, changed ])
        )

let private rename (random: SeededRandom) tree =
    match tree with
    | Fields fields when not fields.IsEmpty ->
        let at = random.Below fields.Length

        Fields(
            fields
            |> List.mapi (fun i (name, value) -> (if i = at then inText random name else name), value)
        )
    | other -> other

/// One damage to a JSON text: to its structure where it can be parsed, else to its bytes.
let json (random: SeededRandom) (content: byte[]) =
    let parsed =
        try
            use document = JsonDocument.Parse(ReadOnlyMemory content)
            Some(parse document.RootElement)
        with
        | :? JsonException
        | :? InvalidOperationException -> None

    match parsed with
    | None -> bytes random content
    | Some tree ->
        let changed =
            match random.Below 12 with
            | 0 -> rename random tree
            | 1 -> List.tryHead (damage random tree tree) |> Option.defaultValue (Scalar "")
            | _ when count tree > 1 -> change (1 + random.Below(count tree - 1)) (damage random (Scalar "{}")) tree
            | _ -> Scalar(pick random hostile)

        let text = StringBuilder()
        write text changed
        Encoding.UTF8.GetBytes(text.ToString())

/// One damage to a safetensors file: to its bytes, or to its header, whose length is then put right.
let safetensors (random: SeededRandom) (content: byte[]) =
    let length =
        if content.Length < 8 then
            -1L
        else
            BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan())

    if length < 2L || length > int64 content.Length - 8L || random.Below 3 = 0 then
        bytes random content
    else
        let header = json random content[8 .. 7 + int length]
        let begins = Array.zeroCreate 8
        BinaryPrimitives.WriteInt64LittleEndian(begins.AsSpan(), int64 header.Length)
        Array.concat [ begins; header; content[8 + int length ..] ]

/// One damage to a Parquet file: to its bytes, or to the metadata at its end, whose length is then put right.
let parquet (random: SeededRandom) (content: byte[]) =
    let length =
        if content.Length < 12 then
            -1
        else
            BitConverter.ToInt32(content, content.Length - 8)

    if length < 1 || length > content.Length - 12 || random.Below 3 = 0 then
        bytes random content
    else
        let start = content.Length - 8 - length
        let footer = bytes random content[start .. start + length - 1]
        let size = Array.zeroCreate 4
        BinaryPrimitives.WriteInt32LittleEndian(size.AsSpan(), footer.Length)
        Array.concat [ content[.. start - 1]; footer; size; "PAR1"B ]

/// One to three damages.
let several (damage: SeededRandom -> byte[] -> byte[]) (random: SeededRandom) (content: byte[]) =
    Seq.fold (fun bytes _ -> damage random bytes) content (seq { 0 .. pick random [| 0; 0; 1; 2 |] })

/// Damage to a JSON text, seldom to its bytes.
let jsonFile (random: SeededRandom) (content: byte[]) =
    if random.Below 4 = 0 then
        bytes random content
    else
        json random content
