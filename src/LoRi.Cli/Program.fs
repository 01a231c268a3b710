module LoRi.Cli.Program

[<EntryPoint>]
let main arguments =
    Application.run (Terminal.standard ()) (List.ofArray arguments)
