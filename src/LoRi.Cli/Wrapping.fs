/// Texts in lines that a terminal of the usual width shows whole.
module LoRi.Cli.Wrapping

open System
open System.Text.RegularExpressions

/// Columns of a line at most, where no single word is longer.
[<Literal>]
let Width = 80

/// Pieces with single spaces between them, in lines of at most `width` columns; all but the last leave room for `ending`.
let private fill width (ending: string) (pieces: string list) =
    let last = pieces.Length - 1

    let add (lines: string list) (index, piece: string) =
        let room = if index = last then width else width - ending.Length

        match lines with
        | line :: rest when line.Length + 1 + piece.Length <= room -> $"{line} {piece}" :: rest
        | _ -> piece :: lines

    pieces |> List.indexed |> List.fold add [] |> List.rev

/// A text in lines; all but the last leave room for a space at their end.
let words width (text: string) =
    fill width " " (List.ofArray (text.Split ' '))

/// A text behind a heading, its further lines indented as the first begins.
let behind (heading: string) (text: string) =
    words (Width - heading.Length) text
    |> String.concat ("\n" + String(' ', heading.Length))
    |> (+) heading

/// An option with the first of its values, and every other word, in one piece each; what stands in quotes stays together.
let rec private glued (words: string list) =
    match words with
    | option :: value :: rest when option.StartsWith "--" && not (value.StartsWith "--") ->
        $"{option} {value}" :: glued rest
    | word :: rest -> word :: glued rest
    | [] -> []

/// A command line behind a heading, broken as a shell reads on.
let commandLine (heading: string) (command: string) =
    let words =
        [ for found in Regex.Matches(command, "(\"[^\"]*\"|[^ \"])+") -> found.Value ]

    fill (Width - heading.Length) " \\" (glued words)
    |> String.concat (" \\\n" + String(' ', heading.Length))
    |> (+) heading
