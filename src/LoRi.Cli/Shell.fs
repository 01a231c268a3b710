/// Texts as a shell reads them.
module LoRi.Cli.Shell

open System
open System.Globalization
open System.IO
open System.Text.RegularExpressions

/// What no shell takes for more than itself.
let private plain = Regex(@"\A[\w@%+=:,./][\w@%+=:,./-]*\z")

let private escaped (letter: char) =
    match letter with
    | '\'' -> @"\'"
    | '\\' -> @"\\"
    | '\n' -> @"\n"
    | '\t' -> @"\t"
    | other when other < '\128' && Char.IsControl other -> $"\\x%02x{int other}"
    | other when Char.IsControl other || Char.GetUnicodeCategory other = UnicodeCategory.Format -> $"\\u%04x{int other}"
    | other -> string other

/// A text as one word of a command line, as POSIX shells read it; control characters as bash and zsh do.
let quote (text: string) =
    if plain.IsMatch text then
        text
    elif
        text
        |> Seq.exists (fun letter -> (escaped letter).StartsWith '\\' && letter <> '\'' && letter <> '\\')
    then
        "$'" + String.collect escaped text + "'"
    else
        "'" + text.Replace("'", @"'\''") + "'"

/// A path from the folder that the program was called in, where it lies below it; never one that begins like an option.
let path (path: string) =
    let full = Path.GetFullPath path
    let relative = Path.GetRelativePath(Directory.GetCurrentDirectory(), full)

    let shown =
        if relative = ".." || relative.StartsWith("../", StringComparison.Ordinal) then
            full
        else
            relative

    quote (if shown.StartsWith '-' then "./" + shown else shown)
