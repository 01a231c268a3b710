/// `lori generate --interactive` and `--chat`: an answer for every line of standard input.
module LoRi.Cli.Commands.Chat

open System
open System.Text.RegularExpressions
open LoRi.Cli
open LoRi.Cli.Commands.Answers
open LoRi.Files
open LoRi.Files.Text

/// What a line asks for.
type Line =
    | Nothing
    | Question of string
    | New
    | Help
    | End
    /// A command that there is not.
    | Unknown of string

let private commands =
    [
        "/new", New, "start over: what was said before is forgotten"
        "/help", Help, "show this list"
        "/exit", End, "end, as the end of input does (Ctrl-D)"
    ]

let private name (command, _, _) = command

/// Other names that people try.
let private also =
    [ "/quit", End; "/bye", End; "/?", Help; "/clear", New; "/reset", New ]

/// A slash and a word alone or with a space behind; a path has another slash.
let private command = Regex(@"\A(/[\p{L}?][\w-]*)(\s|\z)")

/// What a line asks for. A line that begins with a space is a question, whatever follows.
let read (line: string) =
    if String.IsNullOrWhiteSpace line then
        Nothing
    else
        match command.Match line with
        | found when found.Success ->
            let word = found.Groups[1].Value
            let own = commands |> List.map (fun (command, line, _) -> command, line)

            match own @ also |> List.tryFind (fst >> (=) word) with
            | Some(_, asked) -> asked
            | None -> Unknown word
        | _ -> Question line

/// The list of commands.
let help =
    let width = commands |> List.map (name >> String.length) |> List.max

    String.concat
        "\n"
        [
            for command, _, meaning in commands do
                $"{command.PadRight width}  {meaning}"
            "Any other line is a question; one that begins with a space is, whatever follows."
        ]

let private unknown (word: string) =
    let known = commands |> List.map name
    let names = String.concat ", " known

    $"{word}: there is no such command{DidYouMean.Hint(word, known)}; there are: {names} (a question may begin with a space)"

/// What is said first to someone at a terminal.
let private banner (answering: Answering) =
    [
        $"{answering.Model.Path}: {answering.Model.Description}"
        match answering.Teacher with
        | Some teacher -> $"against {teacher.Path}: {teacher.Description}"
        | None -> ()
        if answering.Model.HasUnusedTemplate then
            "this model has a chat template; --chat asks through it"
        "/help lists the commands"
    ]

let private startOver (terminal: Terminal) (answering: Answering) =
    answering.Model.StartOver()
    answering.Teacher |> Option.iter _.StartOver()

    terminal.Error.WriteLine(
        if answering.Model.IsChat then
            "started over: what was said before is forgotten"
        else
            "started over: every question stands alone, so nothing had to be forgotten"
    )

/// Answers lines until there are no more. A question that cannot be answered is reported, and the next one read.
let run (terminal: Terminal) asJson (answering: Answering) =
    let isTerminal =
        obj.ReferenceEquals(terminal.In, Console.In) && not Console.IsInputRedirected

    let tell (message: string) =
        let line = message.ReplaceLineEndings " "
        terminal.Error.WriteLine $"lori: error: {line}"

    let reply (line: string) =
        try
            answer terminal asJson answering (Some line) (fun model told -> model.Answer(line, told))
            |> ignore

            true
        with :? InputException as e ->
            tell e.Message
            false

    if isTerminal then
        List.iter (terminal.Error.WriteLine: string -> unit) (banner answering)

    let rec go asked failed =
        if isTerminal then
            terminal.Error.Write "> "

        match terminal.In.ReadLine() with
        | null -> asked, failed
        | line ->
            match read line with
            | Nothing -> go asked failed
            | End -> asked, failed
            | Help ->
                terminal.Error.WriteLine help
                go asked failed
            | New ->
                startOver terminal answering
                go asked failed
            | Unknown word ->
                tell (unknown word)
                // A script gets as many answers as it asks questions, or learns that it did not.
                if isTerminal then
                    go asked failed
                else
                    go (asked + 1) (failed + 1)
            | Question line -> go (asked + 1) (if reply line then failed else failed + 1)

    match go 0 0 with
    | _, 0 -> ()
    | _ when isTerminal -> ()
    | asked, failed -> raise (InputException $"{failed} of {asked} questions had no answer; the lines above say why")
