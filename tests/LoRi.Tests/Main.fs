module LoRi.Tests.Main

open System
open System.Reflection
open Expecto
open Expecto.Impl

let private projects =
    [ "LoRi.Math.Tests"; "LoRi.Training.Tests"; "LoRi.Cli.Tests" ]

/// All tests of one project, under its name.
let private testsOf (name: string) =
    testFromAssembly (Assembly.Load name)
    |> Option.defaultWith (fun () -> testList "" [])
    |> fun tests -> testList name [ tests ]

/// The counts that a caller reads: skipped tests are never silent.
let private counts (summary: TestRunSummary) =
    let failed = summary.failed.Length + summary.errored.Length
    $"{summary.passed.Length} passed, {failed} failed, {summary.ignored.Length} skipped"

[<EntryPoint>]
let main args =
    let mutable line = "0 passed, 1 failed, 0 skipped"
    let handler = SummaryHandler(fun summary -> line <- counts summary)

    let config =
        [
            CLIArguments.No_Spinner
            CLIArguments.Colours 0
            CLIArguments.Append_Summary_Handler handler
        ]

    let code =
        runTestsWithCLIArgs config args (testList "LoRi" (List.map testsOf projects))
    // On a line of its own, after everything that the runner itself writes.
    Console.Out.WriteLine()
    Console.Out.WriteLine line
    Console.Out.Flush()
    code
