/// Reads a command's options, and turns whatever is wrong with them into one line.
module LoRi.Cli.CommandLine

open System
open System.IO
open System.Text.RegularExpressions
open System.Text.Json
open System.Text.Json.Nodes
open Argu
open Microsoft.FSharp.Reflection
open LoRi.Cli.ExitCodes
open LoRi.Training
open LoRi.Training.Hub
open LoRi.Training.ModelFiles
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

let private firstLine (command: string) (e: exn) =
    let reason = reason e
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

/// The file that `--config` names, and the keys of its settings; a file that cannot be read is an error of its own.
let private settingsFile (arguments: string list) =
    match List.tryFindIndex ((=) "--config") arguments with
    | Some index when index + 1 < arguments.Length ->
        let file = arguments[index + 1]
        Some(file, OptionJson.ReadFile file |> Seq.map _.Key |> set)
    | _ -> None

/// The options that a message names, as keys.
let private named (message: string) =
    Regex.Matches(message, "--([a-z][a-z0-9-]*)")
    |> Seq.map (fun found -> found.Groups[1].Value.Replace('-', '_'))
    |> set

/// Whose fault a wrong option is: what the command line says is bad usage; what a file of settings says is bad input, and the
/// message names the file.
let blaming (arguments: string list) (check: unit -> 'a) : 'a =
    let wrong (message: string) =
        let given = named (arguments |> List.filter _.StartsWith("--") |> String.concat " ")

        match settingsFile arguments with
        | Some(file, keys) when
            not (Set.isEmpty (Set.intersect (named message) keys))
            && Set.isEmpty (Set.intersect (named message) given)
            ->
            raise (InputException $"--config {file}: {message}")
        | _ -> raise (UsageException message)

    try
        check ()
    with
    | UsageException message -> wrong message
    | :? InputException as e when not (e.Message.StartsWith("--config ", StringComparison.Ordinal)) -> wrong e.Message

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

/// Refuses a path that is not there. A model may also be the name of one that was downloaded.
let existing (option: string) (path: string) =
    let isModel = option = "model" || option = "teacher"

    if not (Path.Exists path || (isModel && Path.Exists(ModelLoader.Resolve path))) then
        let hint =
            if isModel && path.Contains '/' && RepositoryId.IsName path then
                $"; `lori download {path}` would fetch it from the Hub"
            else
                ""

        raise (InputException $"--{option} {path}: there is no such file or folder{hint}")

    path

/// Bad input that work finds in a file gets the file's name, where the message does not have one yet.
let about (file: string) (work: unit -> 'a) : 'a =
    try
        work ()
    with :? InputException as e when not (e.Message.Contains file || e.Message.StartsWith "--") ->
        raise (InputException($"{file}: {e.Message}", e))

/// Refuses a number of things that is not at least 1.
let atLeastOne (option: string) (value: int option) =
    match value with
    | Some number when number < 1 -> raise (UsageException $"--{option} {number}: must be at least 1")
    | _ -> ()

/// The arguments without `--config FILE`, and the file.
let private takeConfig (arguments: string list) =
    match List.tryFindIndex ((=) "--config") arguments with
    | Some index when index + 1 < arguments.Length -> List.removeManyAt index 2 arguments, Some arguments[index + 1]
    | _ -> arguments, None

/// A setting of a file as arguments.
let private asArguments file (option: string) (value: JsonNode | null) =
    let text (item: JsonNode | null) =
        match item with
        | :? JsonValue as scalar -> scalar.ToString()
        | _ ->
            let key = option.TrimStart('-').Replace('-', '_')

            raise (
                InputException $"--config {file}: {key}: must be a number, a text, true or false, or a list of texts"
            )

    match value with
    | null -> []
    | :? JsonArray as items when items.Count = 0 -> []
    | :? JsonArray as items -> option :: [ for item in items -> text item ]
    | value when value.GetValueKind() = JsonValueKind.True -> [ option ]
    | value when value.GetValueKind() = JsonValueKind.False -> []
    | value -> [ option; text value ]

/// The options that a file gives, by themselves; what is wrong with one of them names the file.
let private checkFile<'T when 'T :> IArgParserTemplate> (command: string) (file: string) (arguments: string list) =
    try
        (parser<'T> command).ParseCommandLine(Array.ofList arguments, ignoreMissing = true, raiseOnUsage = false)
        |> ignore
    with :? ArguParseException as e ->
        raise (InputException $"--config {file}: {reason e}; correct it there")

/// The options of a command whose settings may also come from a file, by `--config`; the command line wins.
let parseWithFile<'T when 'T :> IArgParserTemplate> (command: string) (arguments: string list) =
    match takeConfig arguments with
    | given, None -> parse<'T> command given
    | given, Some file ->
        let known = optionNames<'T> command |> List.map fst |> set

        let settings =
            [
                for setting in OptionJson.ReadFile file do
                    let option = "--" + setting.Key.Replace('_', '-')

                    if option = "--config" || not (known.Contains option) then
                        raise (
                            InputException
                                $"--config {file}: {setting.Key}: there is no such setting; settings are named as the options are, with underscores"
                        )

                    option, asArguments file option setting.Value
            ]

        checkFile<'T> command file (List.collect snd settings)

        parse<'T>
            command
            [
                for option, values in settings do
                    if not (List.contains option given) then
                        yield! values
                yield! given
            ]
