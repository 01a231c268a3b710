module LoRi.Cli.Program

[<EntryPoint>]
let main _ = 0
