/// `lori inspect` on valid and malformed containers: the verdicts, and what is listed.
module LoRi.Cli.Tests.ContainerTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

/// Names, types and shapes of a list of tensors, by name.
let private listed (shape: string) (dtype: string) (tensors: JsonElement) =
    [
        for tensor in tensors.EnumerateArray() ->
            text "name" tensor,
            text dtype tensor,
            [ for size in tensor.GetProperty(shape).EnumerateArray() -> size.GetInt64() ]
    ]
    |> List.sort

let private refused (path: string) (where: string) =
    let outcome = lori [ "inspect"; path; "--json" ]
    Expect.equal outcome.Code Failed where
    Expect.equal (outcome.Error.TrimEnd('\n').Split('\n').Length) 1 $"{where}: {outcome.Error}"
    Expect.stringContains outcome.Error path $"{where}: the message names the file"
    Expect.equal outcome.Out "" where

let private found (path: string) (where: string) =
    let outcome = lori [ "inspect"; path; "--json" ]
    Expect.equal outcome.Code Success $"{where}: {outcome.Error}"
    Expect.equal outcome.Error "" where
    JsonDocument.Parse(outcome.Out).RootElement.GetProperty "tensors"

let private cases (file: string) (list: JsonElement -> JsonElement) =
    use document = JsonDocument.Parse(File.ReadAllText(sharedFile file))
    [ for case in (list document.RootElement).EnumerateArray() -> case.Clone() ]

let private safetensors =
    test "safetensors: the official verdicts, or stricter where the format forbids" {
        let root = "fixtures/safetensors/"

        for case in cases (root + "verdicts.json") _.GetProperty("cases") do
            let path, what = sharedFile (root + text "file" case), text "what" case

            if
                case.GetProperty("accept").GetBoolean()
                && not (fst (case.TryGetProperty "format_forbids"))
            then
                Expect.equal
                    (listed "shape" "dtype" (found path what))
                    (listed "shape" "dtype" (case.GetProperty "tensors"))
                    what
            else
                refused path what
    }

let private shards =
    test "shards: by their index, and as a folder" {
        let root = "fixtures/safetensors/"

        for case in cases (root + "verdicts.json") _.GetProperty("sharded") do
            let folder, what =
                sharedFile $"""{root}sharded/{text "folder" case}""", text "what" case

            for path in [ Path.Combine(folder, "model.safetensors.index.json"); folder ] do
                if text "expected" case = "accept" then
                    Expect.isGreaterThan ((found path what).GetArrayLength()) 0 what
                else
                    let outcome = lori [ "inspect"; path; "--json" ]
                    Expect.equal outcome.Code Failed what
                    Expect.equal (outcome.Error.TrimEnd('\n').Split('\n').Length) 1 what

                    for named in case.GetProperty("message_names").EnumerateArray() do
                        Expect.stringContains
                            (outcome.Error.Replace(@"\u005c", @"\"))
                            (nonNull (named.GetString()))
                            $"{what}: the message names it"
    }

let private gguf =
    test "GGUF: the expected verdicts" {
        for case in cases "fixtures/gguf/container.json" id do
            let path, what = sharedFile ("fixtures/gguf/" + text "file" case), text "what" case

            match text "expected" case with
            | "accept" ->
                let shapes =
                    [
                        for name, _, shape in listed "shape_rows_first" "name" (case.GetProperty "tensors") ->
                            name, shape
                    ]

                Expect.equal
                    [
                        for name, _, shape in listed "shape" "dtype" (found path what) -> name, shape
                    ]
                    shapes
                    what
            | "reject" -> refused path what
            | _ ->
                let outcome = lori [ "inspect"; path; "--json" ]
                Expect.isTrue (outcome.Code = Success || outcome.Code = Failed) what
    }

let private types =
    test "GGUF: every type is listed by its name" {
        let folder = sharedFile "fixtures/gguf/quant"

        for path in Directory.GetFiles(folder, "*.gguf") do
            let name = (nonNull (Path.GetFileNameWithoutExtension path)).ToUpperInvariant()

            for _, dtype, _ in listed "shape" "dtype" (found path name) do
                Expect.equal dtype name path
    }

[<Tests>]
let tests = testList "Containers" [ safetensors; shards; gguf; types ]
