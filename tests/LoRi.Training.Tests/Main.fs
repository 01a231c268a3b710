module LoRi.Training.Tests.Main

open Expecto

[<EntryPoint>]
let main args =
    match args with
    | [| "--parity"; file |] ->
        ParityTable.write file
        0
    | _ -> runTestsInAssemblyWithCLIArgs [] args
