/// Whole command lines under mpirun with `--device cuda`, where a library stands in for NCCL and the cards: the same bits as one process
/// on the processor, and one line where a card or NCCL is at fault.
module LoRi.Cli.Tests.LaunchedOnCardsTests

open System
open System.IO
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.Launching
open LoRi.Training.Tests

let private onCards line = line @ [ "--device"; "cuda" ]

/// Runs `lori` on some ranks, each with a card of the library, which is told something.
let private loriOnCards family size told arguments =
    let environment = ("LORI_NCCL", StandIn.library ()) :: told
    finish (startBy (starting family size) environment (onCards arguments))

let private weights (run: string) =
    [
        for name, content in finalFiles run do
            if name.EndsWith ".safetensors" then
                name, content
    ]

let private equalBits family sizes =
    test "a teacher and a student with adapters have the bits of one process without cards" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            for name, line in trainings folder do
                succeed (lori (line name))

                for size in sizes do
                    let output = $"{name}-{size}"
                    succeed (loriOnCards family size [] (line output))
                    Expect.equal (weights (path output)) (weights (path name)) $"{name}, {size} ranks"
                    Expect.equal (metrics (path output)) (metrics (path name)) $"{name}, {size} ranks: metrics"
                    let log = File.ReadAllText(path $"{output}/log.txt")

                    if size > 1 then
                        Expect.stringContains log "(NCCL 2.18.5, " $"{name}, {size} ranks: by NCCL")
    }

let private others family =
    test "trajectories and answers that cards share are those of one process" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            let trace output =
                [ "trajectories"; "--model"; path "model"; "--data"; path "data.jsonl" ]
                @ [ "--output"; path output; "--batch-size"; "3"; "--threads"; "1" ]

            succeed (lori (trace "alone.safetensors"))
            succeed (loriOnCards family 2 [] (trace "shared.safetensors"))
            let bytes name = File.ReadAllBytes(path name)
            Expect.isTrue (bytes "shared.safetensors" = bytes "alone.safetensors") "the same file"

            let evaluate = TinyEvaluation.evaluate folder "model"
            succeed (lori (evaluate "answers"))
            succeed (loriOnCards family 2 [] (evaluate "shared-answers"))

            Expect.equal
                (TinyEvaluation.predictions (path "shared-answers"))
                (TinyEvaluation.predictions (path "answers"))
                "every prediction")
    }

let private expectOne folder (parts: string list) (outcome: Outcome) =
    expectOneError parts outcome
    Expect.equal outcome.Code 1 outcome.Error
    allEnd (Path.Combine(folder, "run"))

let private here = Environment.MachineName

/// What the library is told, and what the one line says.
let private faults =
    [
        "two ranks that see one card",
        [ "STANDIN_CARDS", "1" ],
        [
            $"is the card of rank 0 on {here} and of rank 1 on {here}, which sees 1 card"
        ],
        true

        "two ranks to which the same card is shown",
        [ "CUDA_VISIBLE_DEVICES", "3,3" ],
        [ "at 0000:04:00.0) is the card of rank 0 on "; "CUDA_VISIBLE_DEVICES" ],
        true

        "no card", [ "CUDA_VISIBLE_DEVICES", "" ], [ "--device cuda: this process sees no card" ], true

        "another version of NCCL on one rank",
        [ "STANDIN_VERSION", "20408@1" ],
        [
            $"the version of NCCL differs: rank 1 on {here} has 2.4.8, rank 0 on {here} has 2.18.5"
        ],
        true

        "no connection of one rank",
        [ "STANDIN_FAIL", "values@0" ],
        [
            $"error: rank 1 on {here} with Stand-in card"
            "what NCCL brought is not what was sent"
        ],
        true

        "a call that fails in the midst of a step",
        [ "STANDIN_FAIL", "ncclSend@1#3" ],
        [
            $"error: rank 1 on {here} with Stand-in card"
            "ncclSend failed with the code 2"
        ],
        false

        "a connection that one rank does not make",
        [ "STANDIN_HANG", "ncclCommInitRank@1" ],
        [
            $"on {here} with Stand-in card"
            "ncclCommInitRank has not come to its end for 20 s"
        ],
        true

        "a call of one rank that does not come back",
        [ "STANDIN_HANG", "ncclGroupEnd@1#3" ],
        [ $"rank 1 on {here} has not answered for 20 s" ],
        false
    ]

let private faulty =
    [
        for name, told, parts, isBefore in faults do
            test $"{name}: one line, and all end" {
                withTiny (fun folder ->
                    // Nobody is to be given up but who hangs, however busy the machine is.
                    let timeout =
                        if fst (List.head told) = "STANDIN_HANG" then
                            "20"
                        else
                            "120"

                    let line = shared (teach folder 3 "run") @ [ "--rank-timeout"; timeout ]
                    expectOne folder parts (loriOnCards families.Head 2 told line)
                    let run = Path.Combine(folder, "run")

                    if isBefore then
                        Expect.isFalse (Directory.Exists run) "nothing is left behind")
            }
    ]

let private mixed =
    test "ranks of which one is not on a card are refused" {
        withTiny (fun folder ->
            let line = shared (teach folder 3 "run")

            let outcome =
                startBy
                    (starting families.Head 1)
                    [ "LORI_NCCL", StandIn.library () ]
                    (onCards line @ [ ":"; "-n"; "1" ] @ loriWords @ line)
                |> finish

            expectOne folder [ "--device differs: rank 1 on " ] outcome)
    }

let private alone =
    test "without cards it is said what is missing" {
        withTiny (fun folder ->
            let running =
                startBy (starting families.Head 2) [ "LORI_NCCL", "" ] (onCards (shared (teach folder 3 "run")))

            expectOne folder [ "--device cuda: this libtorch sees no CUDA device" ] (finish running))
    }

let private told =
    test "info says which NCCL would be used, or why none" {
        let info environment =
            (finish (startWith environment [ "info" ])).Out.Split '\n'
            |> Array.find _.StartsWith("NCCL")

        let file = StandIn.library ()
        Expect.stringContains (info [ "LORI_NCCL", file ]) $"2.18.5, {file}" "its version and file"

        Expect.stringContains
            (info [ "LORI_NCCL", "/nowhere/libnccl.so.2" ])
            "LORI_NCCL=/nowhere/libnccl.so.2: this library does not load"
            "why none"
    }

[<Tests>]
let tests =
    testList
        "Launched on cards"
        [
            for family in families do
                let sizes = if family = families.Head then [ 1; 2; 4 ] else [ 2 ]
                testList family.Name [ equalBits family sizes ]
            others families.Head
            yield! faulty
            mixed
            alone
            told
        ]
    |> testSequenced
