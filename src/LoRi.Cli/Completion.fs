/// Scripts that complete commands and options in a shell, made from what the program itself parses.
module LoRi.Cli.Completion

open System

/// A command with its options: their names, dashes included, and what they mean.
type Entry =
    {
        Name: string
        Summary: string
        Options: (string * string) list
    }

/// Options of every command.
let private everywhere =
    [
        "--help", "show the help"
        "--verbose", "show where an error came from"
        "--libtorch", "libtorch to use"
        "--libtorch-any-version", "accept a libtorch of a version that was never tried"
        "--plugin", "class library with a method of your own"
    ]

let private options (entry: Entry) =
    entry.Options @ everywhere |> List.distinctBy fst

let private words (name: string) = name.Split ' ' |> List.ofArray

/// First words, each with its summary; a word that several commands begin with has none.
let private firstWords (entries: Entry list) =
    [
        for word, group in List.groupBy (fun entry -> List.head (words entry.Name)) entries ->
            word,
            (match group with
             | [ only ] -> only.Summary
             | several -> several |> List.map (fun entry -> List.last (words entry.Name)) |> String.concat ", ")
    ]

/// First words that need a second one, with the second ones.
let private groups (entries: Entry list) =
    entries
    |> List.filter (fun entry -> (words entry.Name).Length > 1)
    |> List.groupBy (fun entry -> List.head (words entry.Name))
    |> List.map (fun (word, group) -> word, [ for entry in group -> List.last (words entry.Name), entry.Summary ])

/// A text in single quotes, as bash and zsh read it.
let private quoted (text: string) = "'" + text.Replace("'", "'\\''") + "'"

/// What the first two words of a command line match.
let private pattern (entry: Entry) =
    if (words entry.Name).Length > 1 then
        $"\"{entry.Name}\")"
    else
        $"\"{entry.Name} \"*)"

let private bash (entries: Entry list) =
    [
        "_lori() {"
        "    local word=\"${COMP_WORDS[COMP_CWORD]}\" command=\"${COMP_WORDS[1]}\" words=\"\""
        "    COMPREPLY=()"
        "    if (( COMP_CWORD == 1 )); then"
        $"""        words="{firstWords entries |> List.map fst |> String.concat " "} --help --version" """.TrimEnd()
        for word, seconds in groups entries do
            $"    elif (( COMP_CWORD == 2 )) && [[ $command == {word} ]]; then"
            $"""        words="{seconds |> List.map fst |> String.concat " "}" """.TrimEnd()
        "    elif [[ $word == -* ]]; then"
        "        case \"$command ${COMP_WORDS[2]}\" in"
        for entry in entries do
            $"""            {pattern entry} words="{options entry |> List.map fst |> String.concat " "}" ;;"""
        "        esac"
        "    fi"
        "    [[ -n $words ]] && COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))"
        "    return 0"
        "}"
        "complete -o default -o bashdefault -F _lori lori"
    ]

/// A list of names with their meanings for zsh's `_describe`.
let private described (entries: (string * string) list) =
    [ for name, meaning in entries -> quoted $"{name}:{meaning}" ] |> String.concat " "

let private zsh (entries: Entry list) =
    [
        "#compdef lori"
        "_lori() {"
        "    local -a choices"
        "    if (( CURRENT == 2 )); then"
        $"        choices=({described (firstWords entries)})"
        "        _describe command choices"
        for word, seconds in groups entries do
            $"    elif (( CURRENT == 3 )) && [[ $words[2] == {word} ]]; then"
            $"        choices=({described seconds})"
            "        _describe command choices"
        "    elif [[ $PREFIX == -* ]]; then"
        "        case \"$words[2] $words[3]\" in"
        for entry in entries do
            $"            {pattern entry} choices=({described (options entry)}) ;;"
        "        esac"
        "        _describe -o option choices"
        "    else"
        "        _files"
        "    fi"
        "}"
        "compdef _lori lori"
    ]

/// A text in single quotes, as fish reads it.
let private fishQuoted (text: string) =
    "'" + text.Replace("\\", "\\\\").Replace("'", "\\'") + "'"

let private fish (entries: Entry list) =
    let seen (word: string) = $"__fish_seen_subcommand_from {word}"

    let command (condition: string) (name: string, meaning: string) =
        $"complete -c lori -n {fishQuoted condition} -f -a {name} -d {fishQuoted meaning}"

    [
        yield! firstWords entries |> List.map (command "__fish_use_subcommand")
        for word, seconds in groups entries do
            let others = seconds |> List.map fst |> String.concat " "
            yield! seconds |> List.map (command $"{seen word}; and not {seen others}")
        for entry in entries do
            let condition = words entry.Name |> List.map seen |> String.concat "; and "

            for name, meaning in options entry do
                $"complete -c lori -n {fishQuoted condition} -l {name.TrimStart '-'} -d {fishQuoted meaning}"
    ]

/// The shells that there are scripts for.
let shells: (string * (Entry list -> string)) list =
    [
        for name, lines in [ "bash", bash; "zsh", zsh; "fish", fish ] ->
            name, (fun entries -> String.Join("\n", lines entries))
    ]
