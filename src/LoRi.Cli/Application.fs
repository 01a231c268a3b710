/// The program without its process: from arguments and streams to an exit code.
module LoRi.Cli.Application

open System
open LoRi.Cli.Commands
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Training
open LoRi.Training.Plugins
open LoRi.Training.Ranks

/// What may stand anywhere among the arguments.
type private Global =
    {
        Verbose: bool
        Libtorch: string option
        AnyVersion: bool
        Plugins: string list
        Rest: string list
    }

let rec private takeGlobal found arguments =
    match arguments with
    | "--verbose" :: rest -> takeGlobal { found with Verbose = true } rest
    | "--libtorch-any-version" :: rest -> takeGlobal { found with AnyVersion = true } rest
    | "--libtorch" :: folder :: rest -> takeGlobal { found with Libtorch = Some folder } rest
    | "--plugin" :: file :: rest ->
        takeGlobal
            { found with
                Plugins = file :: found.Plugins
            }
            rest
    | [ "--plugin" ] -> raise (UsageException "--plugin: must be followed by the .dll of a class library with a method")
    | [ "--libtorch" ] -> raise (UsageException "--libtorch: must be followed by a folder")
    | other :: rest ->
        takeGlobal
            { found with
                Rest = other :: found.Rest
            }
            rest
    | [] ->
        { found with
            Rest = List.rev found.Rest
        }

let private isHelp = SettingOptions.isHelp

let private pages () = Registry.commands () |> List.map _.Page

/// The command that the arguments begin with, and the rest of them.
let private find (arguments: string list) =
    Registry.commands ()
    |> List.tryPick (fun command ->
        let words = command.Page.Name.Split ' ' |> List.ofArray

        if List.truncate words.Length arguments = words then
            Some(command, List.skip words.Length arguments)
        else
            None)

/// The pages of the commands whose names begin with a word, as `subspace fit` with `subspace`.
let private group (word: string) =
    pages () |> List.filter _.Name.StartsWith(word + " ", StringComparison.Ordinal)

/// What arguments that begin with no command get: help about a group of commands, or what there is.
let private withoutCommand (terminal: Terminal) (arguments: string list) =
    let refuse given hint (known: Help.Page list) =
        let names = known |> List.map _.Name |> String.concat ", "
        raise (UsageException $"{given}: there is no such command{hint}; there are: {names}")

    match group arguments.Head, arguments.Tail with
    | [], _ ->
        let known = pages ()
        refuse arguments.Head (Corrections.command arguments.Head [ for page in known -> page.Name ]) known
    | some, [] -> terminal.Out.WriteLine(Help.overview some)
    | some, next :: _ when isHelp next -> terminal.Out.WriteLine(Help.overview some)
    | some, next :: _ ->
        let hint =
            Corrections.secondWord arguments.Head next [ for page in some -> page.Name ]

        refuse $"{arguments.Head} {next}" hint some

let private help (terminal: Terminal) (arguments: string list) =
    match arguments, find arguments with
    | [], _ -> terminal.Out.WriteLine(Help.overview (pages ()))
    | _, Some(command, _) -> terminal.Out.WriteLine(Help.page command.Page)
    | _, None -> withoutCommand terminal arguments

/// Whether help is asked for, and not as the value of an option that takes a text.
let private asksForHelp (command: Registry.Command) (arguments: string list) =
    let rec asks (texts: Lazy<Set<string>>) arguments =
        match arguments with
        | option :: value :: rest when isHelp value && texts.Value.Contains option -> asks texts rest
        | first :: rest -> isHelp first || asks texts rest
        | [] -> false

    match arguments with
    | first :: _ when isHelp first -> true
    | _ -> asks (lazy command.TextOptions()) arguments

let private dispatch (terminal: Terminal) (options: Global) =
    let native =
        NativeRuntimeOptions(LibtorchFolder = Option.toObj options.Libtorch, AnyVersion = options.AnyVersion)

    match find options.Rest with
    | Some(command, rest) when asksForHelp command rest -> terminal.Out.WriteLine(Help.page command.Page)
    | Some(command, rest) ->
        // Cards of models may name ways of reasoning that a method brings.
        KnownMethods.All |> ignore
        Ranks.dealt terminal command.Page.Name rest (fun () -> command.Run terminal native rest)
    | None -> withoutCommand terminal options.Rest

let private start (terminal: Terminal) (arguments: string list) =
    let options =
        takeGlobal
            {
                Verbose = false
                Libtorch = None
                AnyVersion = false
                Plugins = []
                Rest = []
            }
            arguments

    for plugin in List.rev options.Plugins do
        MethodPlugin.Load(plugin, "--plugin") |> ignore

    match options.Rest with
    | [] -> raise (UsageException "no command; `lori --help` lists them")
    | [ "--version" ] -> terminal.Out.WriteLine $"lori {Info.version ()}"
    | first :: _ when isHelp first -> help terminal []
    | "help" :: words -> help terminal (List.filter (isHelp >> not) words)
    | _ -> dispatch terminal options

let private report (terminal: Terminal) verbose (e: exn) (message: string) =
    let line = message.ReplaceLineEndings(" ").Trim()
    terminal.Error.WriteLine $"lori: error: {line}"

    if verbose then
        terminal.Error.WriteLine(e.ToString())

/// The command that arguments name, for messages.
let private stage (arguments: string list) =
    match find (arguments |> List.filter (fun word -> not (word.StartsWith '-'))) with
    | Some(command, _) -> command.Page.Name
    | None -> ""

/// What is said of a failure, if anything, and the exit code.
let private outcome stage (e: exn) =
    match e with
    | UsageException message -> Some message, BadUsage
    | StandardStreams.ReaderGone -> None, Success
    | StandardStreams.OutputFailed message -> Some message, Failed
    | Ranks.EndedTogether -> None, Failed
    | :? SettingException as e when e.IsUsage -> Some e.Message, BadUsage
    | :? InputException as e -> Some e.Message, Failed
    | e -> Some(FailureText.Of(e, stage)), Failed

let private guardedAs (follower: Launcher option) terminal verbose stage (work: unit -> unit) =
    let tell (e: exn) =
        match outcome stage e, follower with
        | (Some message, code), None ->
            report terminal verbose e message
            code
        | (Some message, code), Some launcher ->
            let line = Ranks.ownWord launcher message

            // The first process has the same command line.
            if code <> BadUsage then
                report terminal verbose e line

            code
        | (None, code), _ -> code

    try
        work ()
        Success
    with
    | Ranks.RankFailed(ranks, cause) ->
        let code = tell cause
        Ranks.abort ranks code
        code
    | e -> tell e

/// Carries work out and gives the exit code. Errors are one line on the error stream.
let guarded (terminal: Terminal) verbose stage (work: unit -> unit) =
    guardedAs None terminal verbose stage work

/// Runs one command line and gives the exit code.
let run (terminal: Terminal) (arguments: string list) =
    guardedAs (Ranks.follower arguments) terminal (List.contains "--verbose" arguments) (stage arguments) (fun () ->
        start terminal arguments)
