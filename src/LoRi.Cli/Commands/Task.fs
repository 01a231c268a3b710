/// `lori task write` and `lori model new`: what an experiment needs, without a download.
module LoRi.Cli.Commands.Task

open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Files.Tokenizers
open LoRi.Models.Native
open LoRi.Runs.Settings
open LoRi.Runs.Tasks

/// Writes rows of a task, and where asked its tokenizer.
let write (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read TaskSettings.Write arguments
    let task = TaskSettings.Of settings
    let seed = settings.Get TaskSettings.Seed
    let path = settings.Get TaskSettings.Output

    let rows =
        match settings.Get TaskSettings.Part with
        | TaskPart.Test -> task.Test(settings.Get TaskSettings.TestRows, seed)
        | _ -> task.Training(settings.Get TaskSettings.Rows, seed)

    let count = TaskFile.Write(path, rows)
    let tokenizer = Option.ofObj (settings.Get TaskSettings.Tokenizer)
    tokenizer |> Option.iter (fun folder -> TaskTokenizer.Write(folder, task))

    if settings.Get StageSettings.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "task", Json.text task.Name
                    "rows", Json.whole count
                    "output", Json.text path
                    "strata", Json.list (Seq.map Json.text task.Strata)
                ])
    else
        Terminal.writeFields
            terminal
            [
                "written", path
                "task", task.Name
                "rows", string count
                match tokenizer with
                | Some folder -> "tokenizer", folder
                | None -> ()
            ]

/// Makes a small model with fresh weights.
let makeModel (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read FreshModelSettings.New arguments
    let tokenizer = nonNull (settings.Get FreshModelSettings.Tokenizer)
    CommandLine.existing "tokenizer" tokenizer |> ignore
    let path = settings.Get FreshModelSettings.Output
    NativeRuntime.Load native

    let weights =
        FreshModel.Write(path, settings, TokenizerFile.Load tokenizer, settings.Get FreshModelSettings.Seed)

    if settings.Get StageSettings.Json then
        Terminal.writeJson terminal (Json.object [ "output", Json.text path; "weights", Json.count weights ])
    else
        Terminal.writeFields terminal [ "written", path; "weights", weights.ToString "N0" ]
