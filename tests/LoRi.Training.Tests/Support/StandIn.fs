/// A library on memory of the processor that stands in for NCCL and for CUDA's driver, compiled from C; where there is no compiler, tests
/// are skipped, and counted.
module LoRi.Training.Tests.StandIn

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Expecto

let private find (program: string) =
    (string (Environment.GetEnvironmentVariable "PATH")).Split Path.PathSeparator
    |> Seq.map (fun folder -> Path.Combine(folder, program))
    |> Seq.tryFind File.Exists

let private compile (compiler: string) =
    let folder = Path.Combine(AppContext.BaseDirectory, "StandIn")
    let made = Path.Combine(folder, $"libnccl-{Environment.ProcessId}.so")

    let options =
        [ "-x"; "c"; "-O2"; "-Wall"; "-Werror"; "-shared"; "-fPIC"; "-o"; made ]
        @ [ Path.Combine(folder, "nccl.c"); "-lrt" ]

    use running =
        nonNull (Process.Start(ProcessStartInfo(compiler, options, RedirectStandardError = true)))

    let errors = running.StandardError.ReadToEnd()
    running.WaitForExit()
    Expect.equal running.ExitCode 0 errors
    AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> File.Delete made)
    made

let private compiled =
    lazy ([ "gcc"; "g++"; "cc" ] |> List.tryPick find |> Option.map compile)

/// Its file.
let library () =
    match compiled.Value with
    | Some file -> file
    | None -> skiptest "there is no gcc, g++ or cc on this machine"

[<DllImport("libc", EntryPoint = "setenv")>]
extern int private setVariable(string name, string value, int overwrite)

[<DllImport("libc", EntryPoint = "unsetenv")>]
extern int private unsetVariable(string name)

/// Does work while a variable of this process has a value, which the library sees.
let told (name: string, value: string) (work: unit -> 'result) =
    setVariable (name, value, 1) |> ignore

    try
        work ()
    finally
        unsetVariable name |> ignore
