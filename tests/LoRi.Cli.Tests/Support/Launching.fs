/// `lori` under the mpirun of Open MPI and of MPICH; where there is none, tests are skipped, and counted.
module LoRi.Cli.Tests.Launching

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun
open LoRi.Cli.Tests.MethodCommands
open LoRi.Training.Tests

/// A family of MPI.
type Family =
    {
        Name: string
        Program: string
        /// Its options for many processes on a small machine.
        Options: string list
    }

let families =
    [
        {
            Name = "Open MPI"
            Program = "mpirun.openmpi"
            Options = [ "--allow-run-as-root"; "--oversubscribe"; "--bind-to"; "none" ]
        }
        {
            Name = "MPICH"
            Program = "mpirun.mpich"
            Options = []
        }
    ]

/// The first words of a command line that starts some processes; the test is skipped where the family is not installed.
let starting (family: Family) (size: int) =
    match Programs.onPath family.Program with
    | Some program -> program :: family.Options @ [ "-n"; string size ]
    | None -> skiptest $"there is no {family.Program} on this machine"

/// Starts `lori` on some ranks.
let launch family size arguments =
    startBy (starting family size) [] arguments

/// Starts two ranks with a command line each, the second with options of its own of the launcher.
let launchTwoWith family options first second =
    startBy (starting family 1) [] (first @ [ ":"; "-n"; "1" ] @ options @ loriWords @ second)

/// Starts two ranks with a command line each.
let launchTwo family first second = launchTwoWith family [] first second

/// Runs `lori` on some ranks to its end.
let loriOn family size arguments = finish (launch family size arguments)

/// The processes of `lori` whose command line has a word, but for the launcher.
let ranksWith (word: string) =
    [
        for folder in Directory.GetDirectories "/proc" do
            match Int32.TryParse(Path.GetFileName folder) with
            | true, id ->
                let words =
                    try
                        File.ReadAllText(Path.Combine(folder, "cmdline")).Split '\000'
                    with _ ->
                        [||]

                let isLori = words.Length > 1 && words[1].EndsWith "lori.dll"

                if isLori && Array.exists (fun (one: string) -> one.EndsWith word) words then
                    id
            | _ -> ()
    ]
    |> List.sort

/// Seconds until something is so; fails after some.
let within (seconds: float) what (condition: unit -> bool) =
    let clock = Stopwatch.StartNew()

    while not (condition ()) do
        if clock.Elapsed.TotalSeconds > seconds then
            failtest $"{what}: not within {seconds} s"

        Threading.Thread.Sleep 20

/// Waits until all ranks of a run have ended.
let allEnd (run: string) =
    within 20.0 "all have ended" (fun () -> List.isEmpty (ranksWith run))

/// A command line of a training whose steps up to four ranks can share.
let shared line = line @ [ "--accumulation"; "4" ]

/// A teacher, and a student with adapters: a name, and the command line that trains it, by its output.
let trainings (folder: string) =
    [
        "teacher", (fun output -> shared (teach folder 3 output))
        "student", (fun output -> shared (distill folder 3 output) @ smallAdapters)
    ]

/// Fails unless one line of all that was said is an error, and has these parts.
let expectOneError (parts: string list) (outcome: Outcome) =
    match outcome.Error.Split '\n' |> Array.filter _.Contains("lori: error: ") with
    | [| line |] ->
        for part in parts do
            Expect.stringContains line part "the message"
    | several -> failtest $"one line expected: %A{several}: {outcome.Error}"
