/// What a user waits for: whole processes, from the command to its end, and what their differences say of the parts.
module LoRi.Bench.Start

open System.IO
open LoRi.Bench.Clock

type Settings =
    {
        Cli: string
        Model: string
        Rounds: int
    }

/// A command, in a word, and its arguments.
let private commands (settings: Settings) =
    let tokenizer =
        if File.Exists settings.Model then
            settings.Model
        else
            match Directory.GetFiles(settings.Model, "*.gguf") with
            | [| file |] -> file
            | _ -> settings.Model

    let generate = [ "generate"; "--model"; settings.Model; "--max-new-tokens"; "1" ]

    [
        "help", [ "--help" ]
        "help of the longest command", [ "distill"; "--help" ]
        "tokenize, nothing", [ "tokenize"; "--tokenizer"; tokenizer ]
        "info", [ "info" ]
        "generate, from ids", generate @ [ "--ids"; "1780,314,216,34" ]
        "generate, from a text", generate @ [ "--prompt"; "What is 2 + 3?" ]
        "generate, in a chat", generate @ [ "--chat"; "--prompt"; "What is 2 + 3?" ]
    ]

let private seconds (settings: Settings) arguments =
    (ChildProcess.runLine (ChildProcess.program settings.Cli @ arguments)).Seconds

/// One line a command: its median and its range. The commands take turns, so that a busy while hits all alike.
let measure (settings: Settings) =
    let commands = commands settings

    for _, arguments in commands do
        seconds settings arguments |> ignore

    let rounds =
        [
            for _ in 1 .. settings.Rounds -> commands |> List.map (fun (_, arguments) -> seconds settings arguments)
        ]

    List.zip (List.map fst commands) (List.transpose rounds)

let markdown (settings: Settings) (rows: (string * float list) list) =
    [
        $"{settings.Rounds} rounds after one that does not count"
        ""
        "| command | seconds |"
        "| --- | --: |"
        for what, taken in rows do
            $"| {what} | {median taken:F2} [{List.min taken:F2} - {List.max taken:F2}] |"
    ]
    |> String.concat "\n"
