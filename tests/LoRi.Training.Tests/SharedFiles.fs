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

/// A list of tests made from reference files: one skipped test, which is counted, where they are absent.
let fixtureTests (name: string) (tests: unit -> Test list) : Test =
    match root with
    | Some _ -> testList name (tests ())
    | None -> ptestCase $"{name}: no reference files, set LORI_SHARED" ignore

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
