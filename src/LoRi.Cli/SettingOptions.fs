/// The options that a command's settings declare: how they are read and how help shows them.
module LoRi.Cli.SettingOptions

open System
open System.Globalization
open System.Text.Json.Nodes
open LoRi.Cli.ExitCodes
open LoRi.Files.Settings
open LoRi.Runs.Settings

/// Names and meanings of a command's options.
let names (command: CommandSettings) =
    [
        for setting in command.Settings do
            if not setting.IsMain then
                setting.Flag, setting.FullHelp
    ]

let private flags (command: CommandSettings) (chosen: Setting -> bool) =
    command.Settings |> Seq.filter chosen |> Seq.map _.Flag |> set

/// The options that a text follows.
let textOptions (command: CommandSettings) =
    flags command (fun setting ->
        not setting.ValueForm.IsList
        && setting.ValueForm.Kind <> ValueKind.Flag
        && setting.ValueForm.Kind <> ValueKind.Number)

let private wrong (command: CommandSettings) message =
    UsageException $"{command.Name}: {message}; `lori {command.Name} --help` lists the options"

/// The settings among the arguments, each with the words that stand for its value, and the arguments that are none.
let private split (command: CommandSettings) (arguments: string list) =
    let isMain (setting: Setting) = setting.IsMain
    let main = command.Settings |> Seq.tryFind isMain

    let settings =
        Map
            [
                for setting in Seq.filter (isMain >> not) command.Settings -> setting.Flag, setting
            ]

    /// The setting that a word without an option is a value of.
    let taking (found: (Setting * string list) list) word =
        match main with
        | Some main when
            not (Corrections.isOption word)
            && (main.ValueForm.IsList || not (List.exists (fst >> isMain) found))
            ->
            Some main
        | _ -> None

    let rec take found rest arguments =
        match arguments with
        | [] -> List.rev found, List.rev rest
        | first :: after ->
            match settings.TryFind first with
            | None ->
                match taking found first with
                | Some main -> take ((main, [ first ]) :: found) rest after
                | None -> take found (first :: rest) after
            | Some setting when setting.ValueForm.Kind = ValueKind.Flag -> take ((setting, []) :: found) rest after
            | Some setting when setting.ValueForm.IsList ->
                let words = after |> List.takeWhile (Corrections.isOption >> not)
                take ((setting, words) :: found) rest (List.skip words.Length after)
            | Some setting ->
                match after with
                | word :: after when not (settings.ContainsKey word) -> take ((setting, [ word ]) :: found) rest after
                | _ -> raise (wrong command $"argument '{first}' must be followed by <{setting.ValueName}>")

    take [] [] arguments

/// A word as the JSON of a setting's value.
let private node command (setting: Setting) (word: string) : Json.Value =
    let refuse rule =
        raise (UsageException $"{setting.Flag} {word}: {rule}")

    if word = "" && setting.ValueForm.Kind = ValueKind.Place then
        raise (UsageException $"{setting.Label}: must name a {setting.ValueName}, found an empty text")

    match setting.ValueForm.FromText.Invoke word with
    | null when word.Contains ',' ->
        refuse "must be a number; the decimal sign is a point, and nothing separates thousands"
    | null ->
        match Double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, number when not (Double.IsFinite number) ->
            raise (UsageException $"{setting.Flag} {number}: must be a finite number")
        | _ ->
            raise (
                wrong command $"parameter '{setting.Flag}' must be followed by <{setting.ValueName}>, but was '{word}'"
            )
    | value -> value

/// The error for an option that takes one value and was given two.
let private givenTwice (setting: Setting) (words: string list) =
    let all = String.Join(" and ", words)
    UsageException $"{setting.Flag} is given more than once, as {all}; give it once"

let private json command (found: (Setting * string list) list) =
    let values = JsonObject()

    for key, group in List.groupBy (fun (setting: Setting, _) -> setting.Key) found do
        let setting, words = fst group.Head, List.collect snd group

        values[key] <-
            match setting.ValueForm with
            | form when form.Kind = ValueKind.Flag -> Json.flag true
            | form when form.IsList -> Json.list (List.map (node command setting) words)
            | _ when words.Length > 1 -> raise (givenTwice setting words)
            | _ -> node command setting words.Head

    values

/// Whether help is asked for, and not as the value of an option.
let isHelp argument =
    List.contains argument [ "--help"; "-h"; "-?" ]

/// The values of a command's settings: those of the command line over those of a file over the defaults, checked.
let read (command: CommandSettings) (arguments: string list) : SettingValues =
    let found, unknown = split command arguments

    if not unknown.IsEmpty then
        let words = flags command (fun setting -> setting.ValueForm.Kind = ValueKind.Words)

        let hint =
            Corrections.argument command.Name (List.map fst (names command)) words arguments unknown

        raise (wrong command $"unrecognized argument: '{unknown.Head}'{hint}")

    let given = json command found
    let config = command.Read(given, SettingSource.CommandLine).Get StageSettings.Config
    given.Remove StageSettings.Config.Key |> ignore

    let values =
        command.Read(
            given,
            match config with
            | null -> null
            | path -> OptionFile.Read path
        )

    command.Check values
    values

[<Literal>]
let private NameWidth = 26

/// The lines of an option in a list: its name and value, and what it means.
let lines (setting: Setting) =
    let value =
        match setting.ValueForm with
        | form when form.Kind = ValueKind.Flag -> ""
        | form when form.IsList -> $" [<{setting.ValueName}>...]"
        | _ -> $" <{setting.ValueName}>"

    let name =
        match setting.IsMain, setting.ValueForm.IsList with
        | true, true -> $"    <{setting.ValueName}>..."
        | true, false -> $"    <{setting.ValueName}>"
        | _ -> $"    {setting.Flag}{value}"

    let text =
        Wrapping.words (Wrapping.Width - NameWidth) setting.FullHelp
        |> List.map (fun line -> String(' ', NameWidth) + line)

    if name.Length < NameWidth then
        name.PadRight NameWidth + text.Head.TrimStart() :: text.Tail
    else
        name :: text

let private section heading (settings: Setting list) =
    if settings.IsEmpty then
        []
    else
        [ $"{heading}:\n\n" + (settings |> List.collect lines |> String.concat "\n") ]

/// The list of a command's options: first what a first run needs or sets, then the rest by what it is about.
let list (command: CommandSettings) =
    let all = List.ofSeq command.Settings

    if command.FirstRun.Count = 0 then
        let main, options = all |> List.partition _.IsMain

        List.collect (fun (one: Setting) -> section (one.Key.ToUpperInvariant()) [ one ]) main
        @ section "OPTIONS" options
    else
        let isFirst (setting: Setting) =
            command.FirstRun |> Seq.exists (fun first -> first.Key = setting.Key)

        let rest = all |> List.filter (isFirst >> not)

        let groups =
            List.ofSeq SettingGroups.All @ [ for setting in rest -> setting.Group ] |> List.distinct

        [
            yield!
                section
                    "A FIRST RUN NEEDS, OR OFTEN SETS"
                    [ for first in command.FirstRun -> nonNull (command.Find first.Key) ]
            for group in groups do
                yield! section group (rest |> List.filter (fun setting -> setting.Group = group))
        ]
    |> String.concat "\n\n"
