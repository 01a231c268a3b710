/// Runs command lines in this process.
module LoRi.Cli.Tests.Running

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli
open LoRi.Runs.Settings
open LoRi.Training.Tests

/// What a command line left behind.
type Outcome =
    {
        Code: int
        Out: string
        Error: string
    }

/// Runs a command line with a standard input.
let loriWith (input: string) (arguments: string list) =
    use out = new StringWriter(NewLine = "\n")
    use error = new StringWriter(NewLine = "\n")

    let terminal =
        {
            In = new StringReader(input)
            Out = out
            Error = error
            Colour = false
        }

    let code = Application.run terminal arguments

    {
        Code = code
        Out = out.ToString()
        Error = error.ToString()
    }

/// Runs a command line.
let lori arguments = loriWith "" arguments

/// What a command left behind; it must have succeeded.
let succeeded (outcome: Outcome) =
    Expect.equal outcome.Code ExitCodes.Success outcome.Error
    outcome

/// A command must have succeeded.
let succeed outcome = succeeded outcome |> ignore

/// The command fails with this code and one line on the error stream, which holds the text.
let expectError code (text: string) arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code code $"exit code of {arguments}: {outcome.Error}"
    Expect.stringStarts outcome.Error "lori: error: " "error stream"
    Expect.equal (outcome.Error.TrimEnd('\n').Split('\n').Length) 1 "one line"
    Expect.stringContains outcome.Error text "message"
    Expect.equal outcome.Out "" "nothing on the output stream"

/// The JSON object that a command writes; it must succeed.
let loriJson arguments =
    let outcome = lori arguments
    Expect.equal outcome.Code 0 $"exit code of {arguments}: {outcome.Error}"
    JsonDocument.Parse(outcome.Out).RootElement

/// Runs a test in a folder of its own, which is removed afterwards.
let inFolder (check: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-test").FullName

    try
        check folder
    finally
        Directory.Delete(folder, true)

/// Writes a file and gives its path.
let file (folder: string) (name: string) (content: string) =
    let path = Path.Combine(folder, name)
    File.WriteAllText(path, content)
    path

/// A command line of a command that asks for a model, data and an output, none of which there is.
let withNothing command =
    [ command; "--model"; "m"; "--data"; "d"; "--output"; "o" ]

/// A text of a JSON object.
let text (name: string) (element: JsonElement) =
    nonNull (element.GetProperty(name).GetString())

/// The settings that `lori teach` runs with.
let teachSettings arguments =
    RunSettings(Commands.Teach, SettingOptions.read Commands.Teach arguments)

/// The settings that `lori distill` runs with.
let distillSettings arguments =
    RunSettings(Commands.Distill, SettingOptions.read Commands.Distill arguments)

/// The numbers of a JSON list.
let numbers (element: JsonElement) =
    [| for item in element.EnumerateArray() -> item.GetDouble() |]

let private above (accept: DirectoryInfo -> string option) =
    let rec search (folder: DirectoryInfo | null) =
        match folder with
        | null -> None
        | here -> accept here |> Option.orElseWith (fun () -> search here.Parent)

    search (DirectoryInfo AppContext.BaseDirectory)

/// A model folder of the reference numbers of published methods, with its tokenizer.
let peerModel () =
    [ "lori", "teacher"; "codi", "base" ]
    |> List.collect (fun (methodName, part) -> [ for folder in SharedFiles.peers methodName -> $"{folder}/{part}" ])
    |> List.tryHead
    |> function
        | Some folder -> SharedFiles.path folder
        | None -> skiptest "the reference files have no small model with a tokenizer: set LORI_SHARED"

/// A file of the folder with public data and golden numbers; the test is skipped, and counted, where there is none.
let sharedFile (relative: string) = SharedFiles.path relative

/// The folder of this project's golden texts, in the source tree.
let goldenFolder =
    lazy
        above (fun here ->
            let candidate = Path.Combine(here.FullName, "tests", "LoRi.Cli.Tests", "golden")
            if Directory.Exists candidate then Some candidate else None)

/// Compares with a golden text; with LORI_UPDATE_GOLDEN set it is written instead.
let expectGolden (name: string) (found: string) =
    match goldenFolder.Value with
    | None -> skiptest "the source tree is not here"
    | Some folder ->
        let path = Path.Combine(folder, name)

        if not (String.IsNullOrEmpty(Environment.GetEnvironmentVariable "LORI_UPDATE_GOLDEN")) then
            File.WriteAllText(path, found)

        Expect.equal found (File.ReadAllText path) $"{name}; LORI_UPDATE_GOLDEN=1 writes it anew"
