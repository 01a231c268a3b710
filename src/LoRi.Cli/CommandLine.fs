/// Reads a command's options, and turns whatever is wrong with them into one line.
module LoRi.Cli.CommandLine

open System
open System.IO
open Argu
open Microsoft.FSharp.Reflection
open LoRi.Cli.ExitCodes
open LoRi.Training
open LoRi.Training.Runs

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

let private firstLine (command: string) (e: exn) =
    let line = e.Message.Split('\n')[0]
    let reason = line.Trim().Replace("ERROR: ", "").TrimEnd('.')
    UsageException $"{command}: {reason}; `lori {command} --help` lists the options"

/// The options among the arguments, and the arguments that are none of them where `lenient`.
let private parseSome<'T when 'T :> IArgParserTemplate> (command: string) lenient (arguments: string list) =
    try
        (parser<'T> command)
            .ParseCommandLine(Array.ofList arguments, ignoreUnrecognized = lenient, raiseOnUsage = false)
    with :? ArguParseException as e ->
        raise (firstLine command e)

/// The options of a command.
let parse<'T when 'T :> IArgParserTemplate> (command: string) arguments = parseSome<'T> command false arguments

let private jsonValue (key: string) (field: objnull) : Json.Value =
    match field with
    | :? string as text -> Json.text text
    | :? int as number -> Json.whole number
    | :? int64 as number -> Json.count number
    | :? float as number when Double.IsFinite number -> Json.number number
    | :? (string list) as texts -> Json.list (List.map Json.text texts)
    | other ->
        let option = key.Replace('_', '-')
        raise (UsageException $"--{option} {other}: must be a finite number")

/// The given options as settings: the case's name in lower case is the key, a case without a value is true.
let settings<'T when 'T :> IArgParserTemplate> (results: ParseResults<'T>) : (string * Json.Value) list =
    [
        for result in results.GetAllResults() do
            let case, fields = FSharpValue.GetUnionFields(result, typeof<'T>)
            let key = case.Name.ToLowerInvariant()

            key,
            (if fields.Length = 0 then
                 Json.flag true
             else
                 jsonValue key fields[0])
    ]

/// Options that two unions describe together: what the first does not know, the second must.
let parseBoth<'A, 'B when 'A :> IArgParserTemplate and 'B :> IArgParserTemplate> (command: string) arguments =
    let first = parseSome<'A> command true arguments
    let rest = List.ofSeq first.UnrecognizedCliParams
    first, parseSome<'B> command false rest

/// What `read` gives; a bad option or combination of options is a wrong command line.
let asUsage read =
    try
        read ()
    with :? InputException as e ->
        raise (UsageException e.Message)

/// The text of a choice as the value of an enumeration.
let choice<'T when 'T: struct and 'T :> Enum and 'T: (new: unit -> 'T)> (option: string) (text: string) : 'T =
    let values = Enum.GetValues<'T>() |> List.ofArray

    match values |> List.tryFind (fun value -> OptionJson.Name value = text) with
    | Some value -> value
    | None ->
        let names = values |> List.map OptionJson.Name |> String.concat ", "
        raise (UsageException $"--{option} {text}: must be one of {names}")

/// The choice that an option makes, or the default.
let choiceOr<'T when 'T: struct and 'T :> Enum and 'T: (new: unit -> 'T)>
    (option: string)
    (text: string option)
    (otherwise: 'T)
    =
    text |> Option.map (choice<'T> option) |> Option.defaultValue otherwise

/// Refuses a path that is not there.
let existing (option: string) (path: string) =
    if not (Path.Exists path) then
        raise (InputException $"--{option} {path}: there is no such file or folder")

    path

/// Bad input that work finds in a file gets the file's name, where the message does not have one yet.
let about (file: string) (work: unit -> 'a) : 'a =
    try
        work ()
    with :? InputException as e when not (e.Message.Contains file || e.Message.StartsWith "--") ->
        raise (InputException($"{file}: {e.Message}", e))
