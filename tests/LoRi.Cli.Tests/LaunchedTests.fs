/// Whole command lines under mpirun: the same bits at any number of ranks, and an end for all where one of them fails.
module LoRi.Cli.Tests.LaunchedTests

open System.IO
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.Launching

let private equalBits family =
    test "a teacher and a student with adapters have the same bits on 1, 2 and 4 ranks" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            for name, line in trainings folder do
                succeed (lori (line name))

                for size in [ 2; 4 ] do
                    let output = $"{name}-{size}"
                    let outcome = loriOn family size (line output)
                    succeed outcome
                    Expect.equal outcome.Out "" "nothing on the output stream"
                    Expect.equal (finalFiles (path output)) (finalFiles (path name)) $"{name}, {size} ranks"
                    Expect.equal (metrics (path output)) (metrics (path name)) $"{name}, {size} ranks: metrics"

                    let finished = outcome.Error.Split '\n' |> Array.filter _.StartsWith("finished in ")
                    Expect.equal finished.Length 1 "one rank has the screen")
    }

/// A run that takes its time, so that something can happen to it.
let private long folder output =
    shared (teach folder 400 output) @ [ "--checkpoint-every"; "20" ]

let private saved folder output () =
    Directory.Exists(Path.Combine(folder, output, "checkpoints"))
    && not (List.isEmpty (checkpoints (Path.Combine(folder, output))))

/// Whether no process holds a run's folder any more: one that ends has no command line before it has let go of its files.
let private free (run: string) () =
    try
        use _ =
            File.Open(Path.Combine(run, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)

        true
    with :? IOException ->
        false

let private killed family =
    test "a rank that is killed ends all, and the run goes on alone to the same bits" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            succeed (lori (long folder "whole"))
            let running = launch family 2 (long folder "killed")
            untilThere (saved folder "killed")
            let ranks = ranksWith (path "killed")
            Expect.equal ranks.Length 2 "both run"
            sendSignal (List.last ranks, 9) |> ignore
            allEnd (path "killed")
            Expect.notEqual (finish running).Code 0 "the launcher says so"
            within 20.0 "its folder is free" (free (path "killed"))
            succeed (lori (long folder "killed" @ [ "--resume" ]))
            Expect.equal (finalFiles (path "killed")) (finalFiles (path "whole")) "the trained model"
            Expect.equal (metrics (path "killed")) (metrics (path "whole")) "metrics")
    }

let private stopped family (name, signal) =
    test $"{name} saves and stops after the same step" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            let running = launch family 2 (long folder "stopped")
            untilThere (saved folder "stopped")
            // To one of the ranks alone: the others are told.
            sendSignal (List.last (ranksWith (path "stopped")), signal) |> ignore
            let outcome = finish running
            Expect.equal outcome.Code 1 outcome.Error
            expectOneError [ "was stopped before its end" ] outcome
            Expect.isFalse (Directory.Exists(path "stopped/final")) "it is not finished"
            within 20.0 "its folder is free" (free (path "stopped"))
            succeed (loriOn family 4 (long folder "stopped" @ [ "--resume" ]))
            succeed (lori (long folder "whole"))
            Expect.equal (finalFiles (path "stopped")) (finalFiles (path "whole")) "the trained model")
    }

/// Stops a rank, which is then there and does not answer.
let private hung family rank =
    test $"rank {rank}, which does not answer, ends all with one line" {
        withTiny (fun folder ->
            let path = Path.Combine(folder, "hung")
            let running = launch family 2 (long folder "hung" @ [ "--rank-timeout"; "20" ])
            untilThere (saved folder "hung")
            let ranks = ranksWith path
            sendSignal (ranks[rank], 19) |> ignore
            let outcome = finish running
            Expect.notEqual outcome.Code 0 "it failed"

            expectOneError
                [
                    $"rank {rank} on {System.Environment.MachineName} has not answered for 20 s"
                    "--rank-timeout"
                ]
                outcome

            // The one that was stopped too.
            allEnd path
            within 20.0 "its folder is free" (free path)
            succeed (lori (long folder "hung" @ [ "--resume" ])))
    }

let private unwritable =
    test "a folder that the first rank can no longer write to ends all with one line" {
        withTiny (fun folder ->
            let path = Path.Combine(folder, "barred")
            let checkpoints = Path.Combine(path, "checkpoints")
            let running = launch families.Head 2 (long folder "barred")
            untilThere (saved folder "barred")
            Directory.Move(checkpoints, Path.Combine(folder, "aside"))
            File.WriteAllText(checkpoints, "no folder")
            let outcome = finish running
            Expect.notEqual outcome.Code 0 outcome.Error
            expectOneError [ checkpoints ] outcome
            allEnd path)
    }

let private unlikeProcessors =
    test "ranks whose processors would compute otherwise are refused" {
        withTiny (fun folder ->
            let line = shared (teach folder 3 "run")

            let outcome =
                finish (launchTwoWith families.Head [ "-x"; "ATEN_CPU_CAPABILITY=default" ] line line)

            Expect.equal outcome.Code 1 outcome.Error
            expectOneError [ "differs: rank 1 on "; "ATEN_CPU_CAPABILITY" ] outcome)
    }

let private refusals family =
    test "what is wrong on all ranks is said once, and what is wrong on one names it" {
        withTiny (fun folder ->
            let expectOne code text outcome =
                expectOneError [ text ] outcome
                Expect.equal outcome.Code code outcome.Error

            expectOne 2 "give --accumulation 2" (loriOn family 2 (teach folder 3 "run"))
            expectOne 2 "--nothing" (loriOn family 2 [ "teach"; "--nothing" ])
            expectOne 1 "absent.jsonl" (loriOn family 2 (shared (teach folder 3 "run") @ [ "--data"; "absent.jsonl" ]))
            Expect.isFalse (Directory.Exists(Path.Combine(folder, "run"))) "nothing is left behind")
    }

let private oneSided =
    test "a file that one rank alone does not see ends all with one line that names the rank" {
        withTiny (fun folder ->
            let data name = Path.Combine(folder, name)
            File.Copy(data "data.jsonl", data "elsewhere.jsonl")

            // The second rank is given another command line, as a machine that lacks the file would have it.
            let line file =
                shared (teach folder 3 "run") @ [ "--data"; data file ]

            let outcome =
                finish (launchTwo families.Head (line "elsewhere.jsonl") (line "absent.jsonl"))

            Expect.equal outcome.Code 1 outcome.Error
            expectOneError [ "rank 1 on "; "absent.jsonl" ] outcome)
    }

let private onTerminal family =
    test "one that works alone writes its results alone, to the terminal that a launcher hands out" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            let trace =
                [ "trajectories"; "--model"; path "model"; "--data"; path "data.jsonl" ]
                @ [ "--output"; path "states.safetensors"; "--ranks"; "single"; "--json" ]

            let outcome = finish (startBy (starting family 1) [ "TERM", "xterm" ] trace)
            succeed outcome
            Expect.stringStarts outcome.Out "{" "what prepares a terminal does not stand before them")
    }

[<Tests>]
let tests =
    testList
        "Launched"
        [
            for family in families do
                testList
                    family.Name
                    [
                        equalBits family
                        killed family
                        stopped
                            family
                            (if family = families.Head then
                                 "SIGUSR1", 10
                             else
                                 "SIGTERM", 15)
                        hung family (if family = families.Head then 1 else 0)
                        refusals family
                        onTerminal family
                    ]
            oneSided
            unwritable
            unlikeProcessors
        ]
    |> testSequenced
