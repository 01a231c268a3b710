/// Pieces of work side by side: all are done, and a failure is thrown where the work was asked for.
module LoRi.Training.Tests.WorkerThreadsTests

open System.Threading
open Expecto
open LoRi.Files
open LoRi.Runs.RunFolders

[<Tests>]
let tests =
    testList
        "Worker threads"
        [
            test "every piece is done once" {
                let next = ref 0
                let pieces = Array.zeroCreate<int> 50

                WorkerThreads.Run(
                    3,
                    fun () ->
                        let piece = Interlocked.Increment next - 1

                        if piece < pieces.Length then
                            Interlocked.Increment(&pieces[piece]) |> ignore

                        piece < pieces.Length
                )

                Expect.all pieces ((=) 1) "pieces"
            }
            test "the first failure ends the work and is thrown here, those that were begun being finished" {
                let finished = ref 0
                let next = ref 0

                let failure =
                    try
                        WorkerThreads.Run(
                            2,
                            fun () ->
                                if Interlocked.Increment next = 1 then
                                    raise (InputException "the disk is full")

                                Thread.Sleep 20
                                Interlocked.Increment finished < 1_000
                        )

                        ""
                    with :? InputException as refused ->
                        refused.Message

                Expect.equal failure "the disk is full" "thrown"
                Expect.isLessThan finished.Value 1_000 "no more is begun"
            }
        ]
