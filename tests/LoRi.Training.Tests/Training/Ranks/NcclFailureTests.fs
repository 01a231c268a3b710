/// How ranks that NCCL connects end: what fails or hangs is one line, and a group is ended once.
module LoRi.Training.Tests.NcclFailureTests

open System
open System.Threading.Tasks
open Expecto
open LoRi.Files
open LoRi.Models.Native
open LoRi.Training.Ranks
open LoRi.Training.Tests.CardRanks
open TorchSharp

let private ends =
    test "a group is ended once, whoever ends it, and is not used afterwards" {
        StandIn.library () |> ignore
        NativeRuntime.Load()
        let breaks (nccl: NcclCommunicator) = nccl.Break()
        let leaves (nccl: NcclCommunicator) = nccl.Dispose()

        let check what (work: NcclCommunicator -> unit) =
            let before = StandIn.ends ()
            let nccl = join 30.0 SingleProcess.Instance
            work nccl
            Expect.equal (StandIn.ends () - before) 1 what
            use flat = torch.ones 5L

            Expect.throwsC (fun () -> (nccl :> ICommunicator).SumShares flat) (fun e ->
                Expect.stringContains e.Message "were ended meanwhile" what)

        for one in [ breaks; leaves ] do
            for other in [ breaks; leaves ] do
                check "one after the other" (fun nccl ->
                    one nccl
                    other nccl)

        for _ in 1..20 do
            check "at once" (fun nccl ->
                Parallel.Invoke(
                    [|
                        for end' in [ breaks; leaves; breaks; leaves ] ->
                            Action(fun () ->
                                try
                                    end' nccl
                                with :? InputException ->
                                    ())
                    |]
                ))
    }

let private limits =
    test "a limit may be longer than a wait can be" {
        use thread = new CallThread("a test's")
        Expect.isTrue (thread.Do((fun () -> ()), TimeSpan.FromDays 31.0)) "done"
        Expect.isFalse (thread.Do((fun () -> Threading.Thread.Sleep 10_000), TimeSpan.FromSeconds 0.1)) "given up"
    }

/// What a rank alone says where it is told to fail.
let private failing call (expected: string list) =
    test $"a failure of {call} is one line that names it" {
        StandIn.library () |> ignore
        NativeRuntime.Load()

        StandIn.told ("STANDIN_FAIL", call) (fun () ->
            Expect.throwsC
                (fun () ->
                    let nccl = join 30.0 SingleProcess.Instance
                    nccl.Dispose())
                (fun e ->
                    Expect.isTrue (e :? InputException) (string e)
                    Expect.isFalse (e.Message.Contains '\n') "one line"

                    for part in $"rank 0 on {Environment.MachineName} with Stand-in card (GPU-" :: expected do
                        Expect.stringContains e.Message part "the message"))
    }

let private failures =
    [
        for call in
            [
                "ncclGetUniqueId"
                "ncclCommInitRank"
                "ncclGroupStart"
                "ncclSend"
                "ncclRecv"
                "ncclGroupEnd"
                "ncclCommGetAsyncError"
                "ncclCommDestroy"
            ] do
            failing
                call
                [
                    $"{call} failed with the code 2: unhandled system error: {call} was told to fail"
                    "(NCCL 2.18.5, "
                ]

        failing "cuStreamQuery" [ "cuStreamQuery failed with the code 2: error of the stand-in's driver" ]
        failing "values" [ "what NCCL brought is not what was sent" ]
    ]

/// How long a call that hangs is waited for: longer than any call that does not may take on a busy machine.
let private patience = 5.0

let private expectHang call =
    Expect.throwsC (fun () -> join patience SingleProcess.Instance |> ignore) (fun e ->
        Expect.stringContains e.Message $"{call} has not come to its end for 5 s" "what"
        Expect.stringContains e.Message "--rank-timeout" "what to change")

let private hangs =
    [
        for call in
            [
                "ncclCommInitRank"
                "ncclGroupStart"
                "ncclGroupEnd"
                "ncclCommGetAsyncError"
            ] do
            test $"{call}, which does not come back, is given up" {
                StandIn.library () |> ignore
                NativeRuntime.Load()
                StandIn.told ("STANDIN_HANG", call) (fun () -> expectHang call)
            }

        test "a card that does not end its work is given up before what it got is looked at" {
            StandIn.library () |> ignore
            NativeRuntime.Load()

            StandIn.told ("STANDIN_FAIL", "values") (fun () ->
                StandIn.told ("STANDIN_HANG", "cuStreamQuery") (fun () -> expectHang "ncclGroupEnd"))
        }
    ]

[<Tests>]
let tests =
    testList "NCCL failures" [ ends; limits; yield! failures; yield! hangs ] |> testSequenced
