/// Parquet files of all sorts: written by the library, and by hand with claims that no writer makes.
module LoRi.Training.Tests.ParquetFiles

open System
open System.Collections.Generic
open System.IO
open System.Text

/// The part of a structure.
type Part() =
    member val text = "" with get, set

type TextRow() =
    member val question = "q" with get, set
    member val rationale: string | null = "a b" with get, set
    member val answer = "1" with get, set

type ListRow() =
    member val question = "q" with get, set
    member val steps = ResizeArray<string | null>() with get, set
    member val answer = 2L with get, set

type NumbersRow() =
    member val question = "q" with get, set
    member val rationale = ResizeArray<int>() with get, set
    member val answer = 2.5 with get, set

type StructRow() =
    member val question = "q" with get, set
    member val rationale: Part | null = null with get, set
    member val answer = "1" with get, set

type StructsRow() =
    member val question = "q" with get, set
    member val rationale = ResizeArray<Part>() with get, set
    member val answer = "1" with get, set

type MapRow() =
    member val question = "q" with get, set
    member val rationale = Dictionary<string, string>() with get, set
    member val answer = "1" with get, set

type BytesRow() =
    member val question = "q" with get, set
    member val rationale: byte[] = [| 97uy |] with get, set
    member val answer = "1" with get, set

type IdRow<'id>() =
    member val id = Unchecked.defaultof<'id> with get, set
    member val question = "q" with get, set
    member val answer = "1" with get, set

type AnswerRow<'answer>() =
    member val question = "q" with get, set
    member val rationale = "a b" with get, set
    member val answer = Unchecked.defaultof<'answer> with get, set

/// A file that the library writes.
let written (rows: 'row list) =
    use stream = new MemoryStream()
    Parquet.Serialization.ParquetSerializer.SerializeAsync(rows, stream).Wait()
    stream.ToArray()

/// The same, packed in another way.
let packed (compression: Parquet.CompressionMethod) (rows: 'row list) =
    use stream = new MemoryStream()

    let options = Parquet.ParquetOptions(CompressionMethod = compression)
    Parquet.Serialization.ParquetSerializer.SerializeAsync(rows, stream, options).Wait()
    stream.ToArray()

/// A value in Thrift's compact protocol.
type Thrift =
    | Int of int64
    | Text of string
    | List of kind: int * Thrift list
    | Struct of (int * Thrift) list

let rec private varint (number: uint64) =
    if number < 128UL then
        [ byte number ]
    else
        byte (number &&& 127UL ||| 128UL) :: varint (number >>> 7)

let private zigzag (number: int64) =
    varint (uint64 ((number <<< 1) ^^^ (number >>> 63)))

let private kind value =
    match value with
    | Int _ -> 6
    | Text _ -> 8
    | List _ -> 9
    | Struct _ -> 12

/// The bytes of a value.
let rec thrift value : byte list =
    match value with
    | Int number -> zigzag number
    | Text text ->
        varint (uint64 (Encoding.UTF8.GetByteCount text))
        @ List.ofArray (Encoding.UTF8.GetBytes text)
    | List(kind, items) -> byte (0xF0 ||| kind) :: varint (uint64 items.Length) @ List.collect thrift items
    | Struct fields ->
        [
            for number, field in fields do
                byte (kind field)
                yield! zigzag (int64 number)
                yield! thrift field
            0uy
        ]

/// A file of some bytes and metadata.
let file (pages: byte list) (footer: byte list) =
    [|
        yield! "PAR1"B
        yield! pages
        yield! footer
        yield! BitConverter.GetBytes footer.Length
        yield! "PAR1"B
    |]

let private leaf name fields =
    Struct([ 1, Int 6L; 3, Int 0L; 4, Text name; 6, Int 0L ] @ fields)

/// A file of one column of text named question, with so many rows, in one group that has what the pages say.
let oneColumn (rows: int64) (values: int64) codec (pages: byte list) =
    let column =
        Struct
            [
                1, Int 6L
                2, List(6, [])
                3, List(8, [ Text "question" ])
                4, Int codec
                5, Int values
                6, Int(int64 pages.Length)
                7, Int(int64 pages.Length)
                9, Int 4L
            ]

    let group =
        Struct
            [
                1, List(12, [ Struct [ 2, Int 4L; 3, column ] ])
                2, Int(int64 pages.Length)
                3, Int rows
            ]

    file
        pages
        (thrift (
            Struct
                [
                    1, Int 1L
                    2, List(12, [ Struct [ 4, Text "schema"; 5, Int 1L ]; leaf "question" [] ])
                    3, Int rows
                    4, List(12, [ group ])
                ]
        ))

/// A page of a kind (0 values, 2 dictionary), with what its head claims.
let page kind (plain: int64) (packed: int64) (values: int64) encoding (content: byte list) =
    let head =
        if kind = 2L then
            [ 7, Struct [ 1, Int values; 2, Int encoding ] ]
        else
            [ 5, Struct [ 1, Int values; 2, Int encoding; 3, Int 3L; 4, Int 3L ] ]

    thrift (Struct([ 1, Int kind; 2, Int plain; 3, Int packed ] @ head)) @ content

/// A plain text as Parquet has it.
let plain (text: string) =
    List.ofArray (BitConverter.GetBytes(Encoding.UTF8.GetByteCount text))
    @ List.ofArray (Encoding.UTF8.GetBytes text)

/// One text that a run of equal indices names: so many, and how many the page claims.
let runOf (length: int64) (count: int64) =
    let dictionary, values = plain "q", 1uy :: varint (uint64 length <<< 1) @ [ 0uy ]

    page 2L (int64 dictionary.Length) (int64 dictionary.Length) 1L 0L dictionary
    @ page 0L (int64 values.Length) (int64 values.Length) count 8L values

/// One text that a run of so many equal indices names.
let run count = runOf count count
