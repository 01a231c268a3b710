module LoRi.Training.Tests.Main

open Expecto

[<EntryPoint>]
let main args =
    match args with
    | [| "--parity"; file |] ->
        ParityTable.write file
        0
    | [| "--agreement"; file |] ->
        let code =
            testList
                "reference numbers"
                [
                    LoRiFixtureTests.tests
                    LoRiFixtureRunTests.tests
                    CodiFixtureTests.tests
                    PccotFixtureTests.tests
                    IcotSiFixtureTests.tests
                    IcotKdFixtureTests.tests
                    KavaFixtureTests.tests
                    CoconutFixtureTests.tests
                ]
            |> runTestsWithCLIArgs [] [||]

        Agreement.write file
        code
    | _ -> runTestsInAssemblyWithCLIArgs [] args
