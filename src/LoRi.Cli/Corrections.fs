/// What to say to someone whose command line has a name that there is not, or a value without its option.
module LoRi.Cli.Corrections

open System
open System.Text.RegularExpressions
open LoRi.Files.Text

/// What other tools call what a command does.
let private elsewhere =
    [
        "train", "teach or distill"
        "finetune", "teach"
        "fine-tune", "teach"
        "sft", "teach"
        "pretrain", "teach"
        "student", "distill"
        "test", "evaluate"
        "benchmark", "evaluate"
        "chat", "generate --chat"
        "run", "generate"
        "infer", "generate"
        "inference", "generate"
        "predict", "generate"
        "ask", "generate"
        "serve", "generate --interactive"
        "fit", "subspace fit"
        "convert", "export"
        "save", "export"
        "push", "export"
        "merge", "export"
        "show", "inspect"
        "pull", "download"
        "fetch", "download"
        "clone", "download"
        "plot", "report"
        "encode", "tokenize"
        "version", "--version"
    ]

/// Options that stand without a command, or with any.
let private everywhere =
    [
        "--help"
        "--version"
        "--verbose"
        "--libtorch"
        "--libtorch-any-version"
        "--plugin"
    ]

/// Whether an argument was meant for an option: it begins with a hyphen, or a dash that an editor made of one.
let isOption (argument: string) =
    Regex.IsMatch(argument, @"\A[-\u2010-\u2015\u2212]+[A-Za-z]")

/// The end of a message about a command that there is not.
let command (given: string) (known: string list) =
    let groups =
        known |> List.filter _.Contains(' ') |> List.map (fun name -> name.Split(' ')[0])

    let own = DidYouMean.Nearest(given, known @ List.distinct groups) |> Option.ofObj

    let other () =
        DidYouMean.Nearest(given, List.map fst elsewhere)
        |> Option.ofObj
        |> Option.map (fun name -> elsewhere |> List.find (fst >> (=) name) |> snd)

    if isOption given then
        DidYouMean.Hint(given, everywhere)
    else
        match own |> Option.orElseWith other with
        | Some name -> $"; did you mean {name}?"
        | None -> ""

/// The same about the second word of a command, as `fti` of `subspace fti`.
let secondWord (group: string) (given: string) (known: string list) =
    let seconds =
        known |> List.filter _.StartsWith(group + " ") |> List.map _.Substring(group.Length + 1)

    match DidYouMean.Nearest(given, seconds) with
    | null -> ""
    | name -> $"; did you mean {group} {name}?"

/// Options that a value without one is likely for, in the order in which people write them.
let private meant (command: string) =
    match command with
    | "teach"
    | "evaluate"
    | "trajectories" -> [ "--model"; "--data"; "--output" ]
    | "distill" -> [ "--teacher"; "--data"; "--output" ]
    | "generate" -> [ "--model"; "--prompt" ]
    | "logits" -> [ "--model"; "--ids" ]
    | "export" -> [ "--model"; "--output" ]
    | "tokenize" -> [ "--tokenizer" ]
    | "score" -> [ "--predictions" ]
    | "subspace fit" -> [ "--trajectories"; "--output" ]
    | "subspace report" -> [ "--subspace" ]
    | "objective" -> [ "--subspace"; "--teacher"; "--student" ]
    | _ -> []

/// A text of several words that stands without quotes after the option that takes it: the option and the text.
let private unquoted (texts: Set<string>) (arguments: string list) (word: string) =
    let before = arguments |> List.takeWhile ((<>) word)

    match List.tryFindIndexBack isOption before with
    | Some index when texts.Contains before[index] && before.Length > index + 1 ->
        let after = arguments |> List.skip (index + 1) |> List.takeWhile (isOption >> not)
        Some(before[index], String.Join(' ', after))
    | _ -> None

/// The values that have no option, each with the one that it is likely for; the whole command line where it had no options at all.
let private completed command (arguments: string list) (words: string list) =
    let missing =
        meant command |> List.filter (fun option -> not (List.contains option arguments))

    let count = min words.Length missing.Length

    let given =
        List.zip (List.truncate count missing) (List.truncate count words)
        |> List.map (fun (option, word) -> $"{option} {Shell.quote word}")
        |> String.concat " "

    if count = 0 then ""
    elif List.exists isOption arguments then $": {given}"
    else $": lori {command} {given}"

/// The end of a message about arguments that a command does not know, of which the parser names the first.
let argument
    (command: string)
    (known: string list)
    (texts: Set<string>)
    (arguments: string list)
    (unknown: string list)
    =
    match unknown with
    | [] -> ""
    | first :: _ when isOption first ->
        match first.IndexOf '=' with
        | at when at > 0 && List.contains first[.. at - 1] known ->
            $"; a value follows after a space: {first[.. at - 1]} {Shell.quote first[at + 1 ..]}"
        | _ -> DidYouMean.Hint(first.Split('=')[0], known @ everywhere)
    | first :: _ ->
        match unquoted texts arguments first with
        | Some(option, text) -> $"; a text of several words goes into quotes: {option} {Shell.quote text}"
        | None ->
            let words = unknown |> List.takeWhile (isOption >> not)
            $"; every value follows its option{completed command arguments words}"
