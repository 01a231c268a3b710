/// `lori schema`: what editors need to complete and check a file of settings.
module LoRi.Cli.Commands.Schema

open System.Text.Encodings.Web
open System.Text.Json
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Runs.Settings

/// The commands whose settings a file may hold.
let private commands =
    [
        for command in Commands.All do
            if not (isNull (command.Find StageSettings.Config.Key)) then
                command.Name
    ]

let private command =
    Setting<string>(
        "stage",
        "command",
        Forms.Choice<string> [| for name in commands -> struct (name, name) |],
        "",
        "{choices}",
        IsMain = true,
        Required = "name a command whose settings may stand in a file"
    )

/// Its options.
let settings = CommandSettings("schema", [| command |])

let private format =
    JsonSerializerOptions(WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

/// Writes the schema.
let run (terminal: Terminal) _ arguments =
    let name = (SettingOptions.read settings arguments).Get command
    let chosen = Commands.All |> Seq.find (fun one -> one.Name = name)
    terminal.Out.WriteLine(chosen.Schema().ToJsonString format)
