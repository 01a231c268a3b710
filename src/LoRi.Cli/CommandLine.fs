/// Reads a command's options, and turns whatever is wrong with them into one line.
module LoRi.Cli.CommandLine

open System
open System.IO
open System.Text.RegularExpressions
open Argu
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Files.Data
open LoRi.Files.Hub
open LoRi.Files.Settings
open LoRi.Files.Text
open LoRi.Models.ModelFiles
open LoRi.Runs.RunFolders
open LoRi.Runs.Settings

[<Literal>]
let private HelpWidth = 110

let private parser<'T when 'T :> IArgParserTemplate> (command: string) =
    ArgumentParser.Create<'T>(
        programName = $"lori {command}",
        errorHandler = ExceptionExiter(),
        usageStringCharacterWidth = HelpWidth
    )

/// The list of options of a command, as its help shows it.
let optionList<'T when 'T :> IArgParserTemplate> (command: string) =
    (parser<'T> command).PrintUsage(hideSyntax = true).Trim()

/// Names and meanings of a command's options.
let optionNames<'T when 'T :> IArgParserTemplate> (command: string) =
    [
        for case in (parser<'T> command).GetArgumentCases() do
            for name in case.CommandLineNames.Value -> name, case.Description.Value
    ]

/// What the parser says, in one line.
let private reason (e: exn) =
    let line = e.Message.Split('\n')[0]
    line.Trim().Replace("ERROR: ", "").TrimEnd('.')

let private firstLine (command: string) hint (e: exn) =
    let reason = reason e
    UsageException $"{command}: {reason}{hint}; `lori {command} --help` lists the options"

/// What to say to arguments that the parser does not know; nothing where it refuses something else.
let private hint<'T when 'T :> IArgParserTemplate> (parser: ArgumentParser<'T>) command known arguments (e: exn) =
    match Regex.Match(reason e, "^unrecognized argument: '(.*)'$", RegexOptions.Singleline) with
    | found when found.Success ->
        let first = found.Groups[1].Value

        let own =
            [
                for case in parser.GetArgumentCases() do
                    yield! case.CommandLineNames.Value
            ]

        let unknown =
            try
                let all =
                    parser.ParseCommandLine(Array.ofList arguments, ignoreMissing = true, ignoreUnrecognized = true)

                List.ofSeq all.UnrecognizedCliParams
            with :? ArguParseException ->
                []

        let after = unknown |> List.skipWhile ((<>) first)

        Corrections.argument
            command
            (own @ known)
            (OptionValues.ofWords parser)
            arguments
            (if after.IsEmpty then [ first ] else after)
    | _ -> ""

/// Names of a command's options that a text follows.
let textOptions<'T when 'T :> IArgParserTemplate> (command: string) =
    OptionValues.ofText (parser<'T> command)

/// The options among the arguments, and the arguments that are none of them where `lenient`.
let private parseSome<'T when 'T :> IArgParserTemplate> command known lenient ignoreMissing (arguments: string list) =
    let parser = parser<'T> command
    OptionValues.checkNumbers parser arguments

    try
        let found =
            parser.ParseCommandLine(
                Array.ofList (OptionValues.protect (OptionValues.ofText parser) arguments),
                ignoreMissing = ignoreMissing,
                ignoreUnrecognized = lenient,
                raiseOnUsage = false
            )

        parser.ToParseResults(OptionValues.once (found.GetAllResults())), List.ofSeq found.UnrecognizedCliParams
    with :? ArguParseException as e ->
        raise (firstLine command (hint parser command known arguments e) e)

/// The options of a command.
let parse<'T when 'T :> IArgParserTemplate> (command: string) arguments =
    fst (parseSome<'T> command [] false false arguments)

/// What `read` gives; a bad option or combination of options is a wrong command line.
let asUsage read =
    try
        read ()
    with :? InputException as e ->
        raise (UsageException e.Message)

/// Refuses options of which something is wrong.
let refuse (fault: string | null) =
    match fault with
    | null -> ()
    | message -> raise (UsageException message)

/// The text of a choice as the value of an enumeration.
let choice<'T when 'T: struct and 'T :> Enum and 'T: (new: unit -> 'T)> (option: string) (text: string) : 'T =
    let values = Enum.GetValues<'T>() |> List.ofArray

    match values |> List.tryFind (fun value -> Forms.Name value = text) with
    | Some value -> value
    | None ->
        let names = values |> List.map Forms.Name |> String.concat ", "
        let hint = DidYouMean.Hint(text, List.map Forms.Name values)
        raise (UsageException $"--{option} {text}: must be one of {names}{hint}")

/// The choice that an option makes, or the default.
let choiceOr<'T when 'T: struct and 'T :> Enum and 'T: (new: unit -> 'T)>
    (option: string)
    (text: string option)
    (otherwise: 'T)
    =
    text |> Option.map (choice<'T> option) |> Option.defaultValue otherwise

/// Refuses a path that is not there. A model or data may also be the name of what was downloaded.
let existing (option: string) (path: string) =
    let isModel = option = "model" || option = "teacher"
    let isData = option = "data" || option = "test"

    let isDownloaded () =
        isModel && Path.Exists(ModelLoader.Resolve path)
        || isData && DataFiles.Of path |> Seq.forall Path.Exists

    if not (Path.Exists path || isDownloaded ()) then
        let hint =
            if isModel && path.Contains '/' && RepositoryId.IsName path then
                $"; `lori download {path}` would fetch it from the Hub"
            elif isData then
                DataFiles.Hint path
            else
                ""

        raise (InputException $"--{option} {path}: there is no such file or folder{hint}")

    if isModel && RunDirectory.IsUnfinished path then
        raise (
            InputException
                $"--{option} {path}: this run has not come to its end, so there is no model in it; the command that began it ends it with --resume"
        )

    path

/// Refuses to write over a file that the command reads: one of `inputs`, or a file in a folder of theirs.
let notAnInput (inputs: string seq) (output: string) =
    let full = Path.GetFullPath output

    let reads (input: string) =
        let input = Path.GetFullPath input
        input = full || (File.Exists full && Path.GetDirectoryName full = input)

    if Seq.exists reads inputs then
        raise (UsageException $"--output {output}: the command reads this file and would write over it; name another")

/// Bad input that work finds in a file gets the file's name, where the message does not have one yet.
let about (file: string) (work: unit -> 'a) : 'a =
    try
        work ()
    with :? InputException as e when not (e.Message.Contains file || e.Message.StartsWith "--") ->
        raise (InputException($"{file}: {e.Message}", e))

/// Refuses a number of things that is not at least 1, or more than anyone can want.
let atLeastOne (option: string) (value: int option) =
    match value with
    | Some number when number < 1 -> raise (UsageException $"--{option} {number}: must be at least 1")
    | Some number -> asUsage (fun () -> OptionBounds.Check($"--{option}", float number))
    | None -> ()
