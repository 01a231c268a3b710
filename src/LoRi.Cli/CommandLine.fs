/// Reads a command's options, and turns whatever is wrong with them into one line.
module LoRi.Cli.CommandLine

open System
open System.Collections.Generic
open System.IO
open System.Text.RegularExpressions
open System.Text.Json
open System.Text.Json.Nodes
open Argu
open Microsoft.FSharp.Reflection
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Files.Data
open LoRi.Files.Hub
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
    let texts = textOptions<'B> command

    let first, rest =
        parseSome<'A> command [] true false (OptionValues.protect texts arguments)

    let known = optionNames<'A> command |> List.map fst
    first, fst (parseSome<'B> command known false false rest)

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
        let hint = DidYouMean.Hint(text, List.map OptionJson.Name values)
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
            match DataFiles.Repository path with
            | name when isData && not (isNull name) ->
                $"; `lori download {name} --repo-type dataset` would fetch it from the Hub"
            | _ when isModel && path.Contains '/' && RepositoryId.IsName path ->
                $"; `lori download {path}` would fetch it from the Hub"
            | _ -> ""

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

/// The arguments without `--config FILE`, and the file.
let private takeConfig (arguments: string list) =
    match List.tryFindIndex ((=) "--config") arguments with
    | Some index when index + 1 < arguments.Length ->
        let file, rest = arguments[index + 1], List.removeManyAt index 2 arguments

        if file = "" then
            raise (UsageException "--config: must name a file, found an empty text")

        match List.tryFindIndex ((=) "--config") rest with
        | Some other when other + 1 < rest.Length ->
            raise (OptionValues.givenTwice "--config" [ file; rest[other + 1] ])
        | _ -> rest, Some file
    | _ -> arguments, None

/// What a setting of a file is for an option, by the option's type; nothing where it leaves the option out.
let private ofSetting<'T> (case: UnionCaseInfo) key (value: JsonNode | null) source : 'T list =
    let read (info: Reflection.PropertyInfo) : objnull =
        let field = info.PropertyType

        if field = typeof<string> && info.Name = "size" then
            box (string (OptionJson.Value<StorageSize>(key, value, source)))
        elif field = typeof<string> then
            OptionJson.Value<string>(key, value, source)
        elif field = typeof<int> then
            OptionJson.Value<int>(key, value, source)
        elif field = typeof<int64> then
            OptionJson.Value<int64>(key, value, source)
        elif field = typeof<float> then
            OptionJson.Value<float>(key, value, source)
        else
            box (List.ofSeq (OptionJson.Value<IReadOnlyList<string>>(key, value, source)))

    let make fields =
        [ unbox<'T>(nonNull (FSharpValue.MakeUnion(case, fields))) ]

    match value, case.GetFields() with
    | null, _ -> []
    | _, [||] ->
        if OptionJson.Value<bool>(key, value, source) then
            make [||]
        else
            []
    | _, fields ->
        match [| for field in fields -> read field |] with
        | [| :? (string list) as none |] when none.IsEmpty -> []
        | values -> make values

/// The options that a file gives.
let private ofFile<'T when 'T :> IArgParserTemplate> (file: string) : 'T list =
    let cases = FSharpType.GetUnionCases typeof<'T>
    let read = OptionFile.Read file
    let source = read.Source

    [
        for setting in read.Settings do
            match cases |> Array.tryFind (fun case -> case.Name.ToLowerInvariant() = setting.Key) with
            | Some case when setting.Key <> "config" -> yield! ofSetting<'T> case setting.Key setting.Value source
            | _ ->
                let hint =
                    DidYouMean.Hint(setting.Key, cases |> Array.map _.Name.ToLowerInvariant())

                raise (
                    InputException
                        $"{source.Place setting.Key}: there is no such setting; settings are named as the options are, with underscores{hint}"
                )
    ]

/// The options of a command whose settings may also come from a file, by `--config`; the command line wins, also with an option
/// that cannot stand beside one of the file's: `exclusive` names such pairs of settings.
let parseWithFile<'T when 'T :> IArgParserTemplate>
    (command: string)
    (exclusive: (string * string) list)
    (arguments: string list)
    =
    match takeConfig arguments with
    | given, None -> parse<'T> command given
    | given, Some file ->
        let tag (value: 'T) =
            (FSharpValue.GetUnionFields(value, typeof<'T>) |> fst).Tag

        let key (value: 'T) =
            (FSharpValue.GetUnionFields(value, typeof<'T>) |> fst).Name.ToLowerInvariant()

        let own = (fst (parseSome<'T> command [] false true given)).GetAllResults()
        let tags = own |> List.map tag |> set
        let keys = own |> List.map key |> set

        let replaced (value: 'T) =
            tags.Contains(tag value)
            || exclusive
               |> List.exists (fun (a, b) -> (keys.Contains a && key value = b) || (keys.Contains b && key value = a))

        let all = own @ (ofFile<'T> file |> List.filter (replaced >> not))
        let there = all |> List.map tag |> set
        let parser = parser<'T> command

        for case in parser.GetArgumentCases() do
            if case.IsMandatory.Value && not (there.Contains case.UnionCaseInfo.Tag) then
                let option = OptionValues.option case.UnionCaseInfo

                raise (
                    UsageException $"{command}: missing parameter '{option}'; `lori {command} --help` lists the options"
                )

        parser.ToParseResults all
