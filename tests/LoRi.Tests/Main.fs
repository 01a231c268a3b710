module LoRi.Tests.Main

open System
open System.Reflection
open Expecto
open Expecto.Impl

let private projects = [ "LoRi.Math.Tests"; "LoRi.Training.Tests"; "LoRi.Cli.Tests" ]

/// All tests of one project, under its name.
let private testsOf (name: string) =
    testFromAssembly (Assembly.Load name)
    |> Option.defaultWith (fun () -> testList "" [])
    |> fun tests -> testList name [ tests ]

/// The counts that a caller reads: skipped tests are never silent.
let private report (summary: TestRunSummary) =
    let skipped = summary.ignored.Length

    if skipped > 0 then
        printfn "%d tests were skipped; each says why above" skipped

    let failed = summary.failed.Length + summary.errored.Length
    printfn "%d passed, %d failed, %d skipped" summary.passed.Length failed skipped

[<EntryPoint>]
let main args =
    let config = [ CLIArguments.No_Spinner; CLIArguments.Append_Summary_Handler(SummaryHandler report) ]
    let code = runTestsWithCLIArgs config args (testList "LoRi" (List.map testsOf projects))
    Console.Out.Flush()
    code
