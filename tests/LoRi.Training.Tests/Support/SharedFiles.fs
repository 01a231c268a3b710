/// Where the reference files are: models, tokenizers and golden values that are too large for the repository.
module LoRi.Training.Tests.SharedFiles

open System
open System.IO
open System.Text.Json
open Expecto

/// The folder that holds them: LORI_SHARED, or the nearest `shared` with `fixtures` in it, walking up from the program.
let root: string option =
    let holdsFixtures folder =
        Directory.Exists(Path.Combine(folder, "fixtures"))

    let rec above (folder: DirectoryInfo | null) =
        match folder with
        | null -> None
        | folder when holdsFixtures (Path.Combine(folder.FullName, "shared")) ->
            Some(Path.Combine(folder.FullName, "shared"))
        | folder -> above folder.Parent

    match Environment.GetEnvironmentVariable "LORI_SHARED" with
    | null
    | "" -> above (DirectoryInfo AppContext.BaseDirectory)
    | folder when holdsFixtures folder -> Some folder
    | folder -> failwith $"LORI_SHARED names {folder}, which has no folder fixtures"

/// The path of a reference file; the test is skipped, and counted as skipped, where it is not there.
let path (relative: string) : string =
    match root with
    | Some folder when Path.Exists(Path.Combine(folder, relative)) -> Path.Combine(folder, relative)
    | _ -> skiptest $"{relative} is not there: set LORI_SHARED"

/// A reference file as JSON.
let json (relative: string) : JsonElement =
    use stream = File.OpenRead(path relative)
    JsonDocument.Parse(stream).RootElement.Clone()

/// A JSON string.
let asText (value: JsonElement) : string =
    match value.GetString() with
    | null -> failwith "null where a string is expected"
    | text -> text

/// The string under a name.
let text (name: string) (value: JsonElement) : string = asText (value.GetProperty name)

/// The list under a name.
let items (name: string) (value: JsonElement) : JsonElement list =
    [ for item in value.GetProperty(name).EnumerateArray() -> item ]

/// Whole numbers of a JSON list.
let ints (value: JsonElement) : int[] =
    [| for item in value.EnumerateArray() -> item.GetInt32() |]

/// What stands under a name, where the object has it.
let find (name: string) (value: JsonElement) : JsonElement option =
    match value.TryGetProperty name with
    | true, found -> Some found
    | _ -> None

/// The folders inside a reference folder, by name, in ordinal order; none where it is absent.
let folders (relative: string) : string list =
    let parent = root |> Option.map (fun folder -> Path.Combine(folder, relative))

    match parent with
    | Some parent when Directory.Exists parent ->
        [ for folder in Directory.GetDirectories parent -> DirectoryInfo(folder).Name ]
        |> List.sortWith (fun a b -> String.CompareOrdinal(a, b))
    | _ -> []

/// Folders under a reference folder that have a file of this name, relative to the reference files.
let foldersWith (file: string) (relative: string) : string list =
    [
        for folder in folders relative do
            match root with
            | Some root when File.Exists(Path.Combine(root, relative, folder, file)) -> $"{relative}/{folder}"
            | _ -> ()
    ]

/// The reference numbers of a published method: the folders whose `batch.json` names it.
let peers (methodName: string) : string list =
    foldersWith "batch.json" "fixtures/peers"
    |> List.filter (fun folder -> json $"{folder}/batch.json" |> find "method" |> Option.map asText = Some methodName)

/// A list of tests made from reference files: one skipped test, which is counted, where they are absent.
let fixtureTests (name: string) (tests: unit -> Test list) : Test =
    let skipped (reason: string) = ptestCase $"{name}: {reason}" ignore

    match root with
    | None -> skipped "no reference files, set LORI_SHARED"
    | Some _ ->
        try
            match tests () with
            | [] -> skipped "the reference files have none"
            | tests -> testList name tests
        with :? IgnoreException as e ->
            skipped e.Message

/// Opens something that must be refused, and gives back the message of the refusal.
let refusal (opening: unit -> IDisposable) : string =
    try
        use _ = opening ()
        failtest "was accepted but must be refused"
    with :? LoRi.Files.InputException as e ->
        Expect.isFalse (e.Message.Contains '\n') "the message is one line"
        e.Message

/// Does something that must be refused, and gives back the message of the refusal.
let refusalOf (run: unit -> unit) : string =
    refusal (fun () ->
        run ()
        new MemoryStream() :> IDisposable)
