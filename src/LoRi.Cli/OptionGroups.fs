/// A command's options as the parser lists them.
module LoRi.Cli.OptionGroups

open System

/// The list of a command's options, without the parser's own `--help`, which every command's page has below.
let arrange (list: string) =
    // What stands before the options, such as a command's main arguments, stays.
    let lines =
        list.Split '\n'
        |> Array.filter (fun line -> line.Trim().StartsWith("--help ", StringComparison.Ordinal) |> not)

    let text = (String.concat "\n" lines).TrimEnd()
    // A command without options of its own has no list of them.
    if text.EndsWith("OPTIONS:", StringComparison.Ordinal) then
        text.Substring(0, text.Length - "OPTIONS:".Length).TrimEnd()
    else
        text
