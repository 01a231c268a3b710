/// A library on memory of the processor that stands in for NCCL and for CUDA's driver, compiled from C; where there is no compiler, tests
/// are skipped, and counted.
module LoRi.Training.Tests.StandIn

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Expecto

let private compile (compiler: string) =
    let folder = Path.Combine(AppContext.BaseDirectory, "StandIn")
    let made = Path.Combine(folder, $"libnccl-{Environment.ProcessId}.so")

    let options =
        [ "-x"; "c"; "-O2"; "-shared"; "-fPIC"; "-o"; made ]
        @ [ Path.Combine(folder, "nccl.c"); "-lrt" ]

    use running =
        nonNull (Process.Start(ProcessStartInfo(compiler, options, RedirectStandardError = true)))

    let errors = running.StandardError.ReadToEnd()
    running.WaitForExit()
    Expect.equal running.ExitCode 0 errors
    AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> File.Delete made)
    made

let private compiled =
    lazy ([ "gcc"; "g++"; "cc" ] |> List.tryPick Programs.onPath |> Option.map compile)

/// Its file.
let library () =
    match compiled.Value with
    | Some file -> file
    | None -> skiptest "there is no gcc, g++ or cc on this machine"

/// How often a group of the library was left or ended, by all of this process.
let ends () =
    Marshal.ReadInt32(NativeLibrary.GetExport(NativeLibrary.Load(library ()), "lori_ends"))

[<DllImport("libc", EntryPoint = "getenv")>]
extern nativeint private variable(string name)

[<DllImport("libc", EntryPoint = "setenv")>]
extern int private setVariable(string name, string value, int overwrite)

[<DllImport("libc", EntryPoint = "unsetenv")>]
extern int private unsetVariable(string name)

let private set (name: string) (value: string | null) =
    match value with
    | null -> unsetVariable name |> ignore
    | value -> setVariable (name, value, 1) |> ignore

/// Does work while a variable of this process has a value, or none where that is null, which the library sees; then it has again what it
/// had.
let told (name: string, value: string | null) (work: unit -> 'result) =
    let before = Marshal.PtrToStringUTF8(variable name)
    set name value

    try
        work ()
    finally
        set name before
