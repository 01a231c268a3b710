module LoRi.Training.Tests.Main

open Expecto

[<EntryPoint>]
let main args =
    match args with
    | [| "--parity"; file |] ->
        ParityTable.write file
        0
    | [| "--agreement"; file |] ->
        let tests =
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
                    SimCotOnCodiFixtureTests.tests
                    SimCotOnCoconutFixtureTests.tests
                ]

        let code = runTestsWithCLIArgs [] [||] tests
        Agreement.write file tests
        code
    | _ -> runTestsInAssemblyWithCLIArgs [] args
