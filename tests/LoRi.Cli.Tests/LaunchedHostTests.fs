/// A run on two hosts: the model of one process, and the bytes that its sums must cost on the wire between them.
module LoRi.Cli.Tests.LaunchedHostTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.MethodCommands
open LoRi.Cli.Tests.TwoHosts

let private steps = 8

let private twoHosts =
    test "a teacher on two hosts has the bits of one process, and sends what its sums cost" {
        inFolder (fun folder ->
            let path name = Path.Combine(folder, name)
            writeTokenizer folder
            writeData (path "data.jsonl") 3L 40

            // Large enough that what a launcher has to say is little beside a step's sums.
            let made =
                loriJson
                    [
                        yield! [ "model"; "new"; "--tokenizer"; path "tokenizer.json"; "--end-token"; "<eos>" ]
                        yield! [ "--width"; "64"; "--layers"; "3"; "--output"; path "model"; "--json" ]
                    ]

            let values = made.GetProperty("weights").GetInt64()

            withTwoHosts folder (fun hosts ->
                let line output =
                    teach folder steps output @ [ "--accumulation"; "4" ]

                succeed (lori (line "alone"))
                let before = hosts.Sent()
                let outcome = finish (startBy hosts.Starting [] (line "shared"))
                succeed outcome
                Expect.stringContains outcome.Error "2 processes share each step" "both have worked"
                Expect.equal (finalFiles (path "shared")) (finalFiles (path "alone")) "the trained model"
                Expect.equal (metrics (path "shared")) (metrics (path "alone")) "metrics"

                // Each of two ranks sends half of the gradients and half of the values, or what together is as much.
                let needed = int64 steps * 2L * (2L - 1L) * 4L * values / 2L
                let sent = hosts.Sent() - before
                Expect.isGreaterThanOrEqual sent needed "bytes between the hosts"
                Expect.isLessThan sent (2L * needed) "and no more than the launcher's beside them"))
    }

[<Tests>]
let tests =
    testList "Launched" [ testList "two hosts" [ twoHosts ] ] |> testSequenced
