/// Limits of the safetensors header: sizes whose product is 0, and the depth of its JSON.
module LoRi.Training.Tests.SafetensorsLimitTests

open System
open System.IO
open System.Text
open Expecto
open LoRi.Files.Safetensors
open LoRi.Training.Tests.SharedFiles

let private openBytes (bytes: byte array) =
    let file = Path.GetTempFileName()

    try
        File.WriteAllBytes(file, bytes)
        SafetensorsFile.Open file
    finally
        File.Delete file

/// Opens a file of a header and no data.
let private openHeader (header: string) =
    let bytes = Encoding.UTF8.GetBytes header
    openBytes (Array.append (BitConverter.GetBytes(uint64 bytes.Length)) bytes)

let private ofShape (shape: string) =
    $"{{\"a\": {{\"dtype\": \"F32\", \"shape\": {shape}, \"data_offsets\": [0, 0]}}}}"

/// Levels of JSON: the header's, the entry's, and those of an unknown field.
let private deep levels =
    let nested = String('[', levels - 2) + String(']', levels - 2)
    $"{{\"a\": {{\"dtype\": \"F32\", \"shape\": [0], \"data_offsets\": [0, 0], \"x\": {nested}}}}}"

[<Tests>]
let tests =
    testList
        "safetensors limits"
        [
            for shape, sizes in
                [
                    "[9223372036854775808, 0]", [ 9223372036854775808UL; 0UL ]
                    "[18446744073709551615, 0]", [ UInt64.MaxValue; 0UL ]
                    "[0, 18446744073709551615, 2]", [ 0UL; UInt64.MaxValue; 2UL ]
                    "[4294967296, 4294967295, 0]", [ 4294967296UL; 4294967295UL; 0UL ]
                ] do
                testCase $"no elements: {shape}"
                <| fun () ->
                    use file = openHeader (ofShape shape)
                    Expect.equal [ for size in file.Entries[0].Shape -> uint64 size ] sizes "sizes"
                    Expect.equal file.Entries[0].Count 0L "elements"
                    Expect.isEmpty (file.ReadDoubles "a") "values"
            for shape in
                [
                    "[4294967296, 4294967296, 0]"
                    "[4611686018427387904, 4]"
                    "[18446744073709551616, 0]"
                ] do
                testCase $"refused: {shape}"
                <| fun () ->
                    let message = refusal (fun () -> openHeader (ofShape shape) :> IDisposable)
                    Expect.stringContains message "\"a\"" "the entry"
            for padding, accepted in [ "", true; "   ", true; "\t", false; "  \n", false; " \r\n ", false ] do
                testCase
                    $"a header is padded with spaces alone: {padding.Replace('\t', 't').Replace('\n', 'n').Replace('\r', 'r')}."
                <| fun () ->
                    if accepted then
                        use file = openHeader (ofShape "[0]" + padding)
                        Expect.hasLength file.Entries 1 "entries"
                    else
                        let message =
                            refusal (fun () -> openHeader (ofShape "[0]" + padding) :> IDisposable)

                        Expect.stringContains message "padded with spaces" "why"
            testCase "127 levels are read, 128 are not"
            <| fun () ->
                use file = openHeader (deep 127)
                Expect.hasLength file.Entries 1 "entries"
                Expect.stringContains (refusal (fun () -> openHeader (deep 128) :> IDisposable)) "JSON" "too deep"

            for what, content, cause in
                [
                    "a pointer of git LFS",
                    "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n",
                    "a pointer of git LFS and not the file itself: fetch it with git lfs pull or lori download"
                    "a web page",
                    "<!DOCTYPE html><html></html>",
                    "a web page, perhaps an error message in place of the file: fetch it again"
                    "a GGUF model",
                    "GGUF\003\000\000\000\000\000\000\000",
                    "a GGUF model: name it where a model is wanted, with the ending .gguf"
                ] do
                testCase $"another kind of file: {what}"
                <| fun () ->
                    let message =
                        refusal (fun () -> openBytes (Encoding.UTF8.GetBytes content) :> IDisposable)

                    Expect.stringContains message $": is {cause}; a safetensors file is wanted here" what

            test "a file that is cut short is no other kind, whatever its length begins with" {
                let message =
                    refusal (fun () ->
                        openBytes (Array.append (BitConverter.GetBytes 0x8B1FL) "{\"a\": {"B) :> IDisposable)

                Expect.stringContains message "no safetensors file, or cut short" message
            }
        ]
