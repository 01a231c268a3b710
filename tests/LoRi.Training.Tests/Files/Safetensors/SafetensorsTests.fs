module LoRi.Training.Tests.SafetensorsTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles

let private fixtures = "fixtures/safetensors"

let private number (value: JsonElement) =
    match value.ValueKind with
    | JsonValueKind.Number -> value.GetDouble()
    | JsonValueKind.True -> 1.0
    | JsonValueKind.False -> 0.0
    | _ ->
        match asText value with
        | "nan" -> nan
        | "inf" -> infinity
        | "-inf" -> -infinity
        | other -> failtest $"unexpected number {other}"

let rec private flatten (value: JsonElement) =
    match value.ValueKind with
    | JsonValueKind.Array ->
        [
            for item in value.EnumerateArray() do
                yield! flatten item
        ]
    | _ -> [ number value ]

let private readableTypes =
    set
        [
            "BOOL"
            "U8"
            "I8"
            "I16"
            "U16"
            "F16"
            "BF16"
            "I32"
            "U32"
            "F32"
            "F64"
            "I64"
            "U64"
        ]

let private checkContents (case: JsonElement) (file: SafetensorsFile) =
    for tensor in items "tensors" case do
        let entry = file.Get(text "name" tensor)
        Expect.equal entry.Dtype (text "dtype" tensor) "dtype"
        Expect.sequenceEqual entry.Shape [ for size in items "shape" tensor -> size.GetInt64() ] "shape"
        Expect.equal (Convert.ToHexStringLower(file.Bytes entry)) (text "hex" tensor) "bytes"

        match tensor.TryGetProperty "values" with
        | true, values when readableTypes.Contains entry.Dtype ->
            Expect.sequenceEqual
                (file.ReadDoubles entry.Name |> Seq.map BitConverter.DoubleToInt64Bits)
                (flatten values |> Seq.map BitConverter.DoubleToInt64Bits)
                "values"
        | _ -> ()

    Expect.equal
        [ for entry in file.Entries -> entry.Name ]
        [ for name in items "names_in_data_order" case -> asText name ]
        "names in the order of the data"

    let metadata = case.GetProperty "metadata"

    if metadata.ValueKind = JsonValueKind.Object then
        for entry in metadata.EnumerateObject() do
            Expect.equal file.Metadata[entry.Name] (asText entry.Value) "metadata"

let private verdictTest (case: JsonElement) =
    let name = text "file" case

    testCase $"""{name}: {text "what" case}"""
    <| fun () ->
        let file = path $"{fixtures}/{name}"
        let forbidden, _ = case.TryGetProperty "format_forbids"

        if case.GetProperty("accept").GetBoolean() && not forbidden then
            use opened = SafetensorsFile.Open file
            checkContents case opened
        else
            Expect.stringContains (refusal (fun () -> SafetensorsFile.Open file)) file "the message names the file"

let private shardTest (case: JsonElement) =
    testCase $"""{text "folder" case}: {text "what" case}"""
    <| fun () ->
        let folder = path $"""{fixtures}/sharded/{text "folder" case}"""

        if text "expected" case = "accept" then
            use opened = SafetensorsCheckpoint.Open folder

            for tensor in opened.Tensors do
                Expect.isNonEmpty (opened.ReadDoubles tensor.Name) "values"
        else
            let message = refusal (fun () -> SafetensorsCheckpoint.Open folder)

            for named in items "message_names" case do
                Expect.stringContains (message.Replace(@"\u005c", @"\")) (asText named) "the message names it"

let private inTemporaryFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory "lori-tests-"

    try
        run folder.FullName
    finally
        folder.Delete true

let private writing =
    testList
        "writing"
        [
            testCase "what is written is read back, aligned, and replaces the old file"
            <| fun () ->
                inTemporaryFolder
                <| fun folder ->
                    let file = Path.Combine(folder, "x.safetensors")
                    File.WriteAllText(file, "old")
                    let doubles = [| 1.5; -0.0; nan; infinity; 1e-310; Double.MaxValue |]

                    let contents =
                        [
                            SafetensorsContent.FromDoubles("a \"quoted\" ü", [| 2L; 3L |], doubles)
                            SafetensorsContent.FromFloats("scalar", [||], [| 0.1f |])
                            SafetensorsContent.FromDoubles("empty", [| 0L; 4L |], [||])
                        ]

                    SafetensorsWriter.Write(file, contents, readOnlyDict [ "format", "test" ])
                    use opened = SafetensorsFile.Open file
                    Expect.equal opened.Metadata["format"] "test" "metadata"

                    Expect.sequenceEqual
                        (Seq.map BitConverter.DoubleToInt64Bits (opened.ReadDoubles "a \"quoted\" ü"))
                        (Seq.map BitConverter.DoubleToInt64Bits doubles)
                        "float64"

                    Expect.equal (opened.ReadDoubles "scalar") [| float 0.1f |] "float32"
                    Expect.equal ((opened.Get "a \"quoted\" ü").Begin % 8L) 0L "the data begin at a multiple of 8"
                    Expect.equal (Directory.GetFiles(folder).Length) 1 "no temporary file is left"
            testCase "a failure leaves the old file"
            <| fun () ->
                inTemporaryFolder
                <| fun folder ->
                    let file = Path.Combine(folder, "x.safetensors")
                    File.WriteAllText(file, "old")

                    let broken =
                        SafetensorsContent("a", "F32", [| 2L |], fun _ -> raise (IOException "disk full"))

                    Expect.throwsT<LoRi.Files.InputException>
                        (fun () -> SafetensorsWriter.Write(file, [ broken ]))
                        "fails"

                    Expect.equal (File.ReadAllText file) "old" "the old file is still there"
                    Expect.equal (Directory.GetFiles(folder).Length) 1 "no temporary file is left"
            testCase "repeated names are refused"
            <| fun () ->
                let twice =
                    [
                        SafetensorsContent.FromFloats("a", [||], [| 1f |])
                        SafetensorsContent.FromFloats("a", [||], [| 2f |])
                    ]

                Expect.throwsT<ArgumentException> (fun () -> SafetensorsWriter.Write("unused", twice)) "refused"
        ]

[<Tests>]
let tests =
    testList
        "safetensors"
        [
            writing
            fixtureTests "verdicts" (fun () -> items "cases" (json $"{fixtures}/verdicts.json") |> List.map verdictTest)
            fixtureTests "shards" (fun () -> items "sharded" (json $"{fixtures}/verdicts.json") |> List.map shardTest)
        ]
