/// Python with PyTorch, where this machine has one: with the stand-ins for `transformers` and `safetensors` that stand in the tests' folder,
/// or with the libraries themselves.
module LoRi.Cli.Tests.PythonRunning

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli.Tests.Running

/// A file or folder of the tests' Python; nothing where the source tree is not here.
let private place (name: string) =
    goldenFolder.Value
    |> Option.map (fun folder -> Path.GetFullPath(Path.Combine(folder, "..", "Python", name)))

let private runPython (program: string) (environment: (string * string) list) (arguments: string list) (input: string) =
    let info =
        ProcessStartInfo(
            program,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    arguments |> List.iter info.ArgumentList.Add

    for name, value in
        [
            "PYTHONDONTWRITEBYTECODE", "1"
            "PYTHONUNBUFFERED", "1"
            "OMP_NUM_THREADS", "1"
        ]
        @ environment do
        info.Environment[name] <- value

    use running = nonNull (Process.Start info)
    let error = running.StandardError.ReadToEndAsync()
    running.StandardInput.Write input
    running.StandardInput.Close()
    let out = running.StandardOutput.ReadToEnd()
    running.WaitForExit()
    running.ExitCode, out, error.Result

let private imports (modules: string) program =
    try
        let code, _, _ = runPython program [] [ "-c"; $"import {modules}" ] ""
        code = 0
    with :? ComponentModel.Win32Exception ->
        false

let private given =
    match Environment.GetEnvironmentVariable "LORI_PYTHON" with
    | null
    | "" -> None
    | given -> Some given

let private candidates =
    match given with
    | Some program -> [ program ]
    | None -> [ "python3"; "/usr/bin/python3" ]

/// LORI_PYTHON, or the first that has PyTorch of the search path's and the system's.
let private withTorch =
    lazy (given |> Option.orElseWith (fun () -> List.tryFind (imports "torch") candidates))

/// Among the same, the first that has the libraries themselves.
let private withLibraries =
    lazy (List.tryFind (imports "torch, transformers, peft") candidates)

let private run (program: string option) missing environment arguments input =
    match program, place "." with
    | None, _ -> skiptest $"there is no python3 with {missing} on this machine"
    | _, None -> skiptest "the source tree is not here"
    | Some program, _ ->
        let code, out, error = runPython program environment arguments input
        Expect.equal code 0 $"python: {error}"
        out

/// What a program writes that must succeed, with the stand-ins. The test is skipped, and counted, where there is no Python with PyTorch.
let python (arguments: string list) (input: string) =
    let standins = place "standins" |> Option.defaultValue ""
    run withTorch.Value "torch" [ "PYTHONPATH", standins ] arguments input

/// The same with transformers and peft themselves, which reach no network and keep what they copy in a folder of the test's own. The test
/// is skipped, and counted, where there is no Python with both.
let pythonWithLibraries (home: string) (arguments: string list) (input: string) =
    let environment = [ "HF_HOME", home; "HF_HUB_OFFLINE", "1" ]
    run withLibraries.Value "torch, transformers and peft" environment arguments input

/// A program of the tests' Python.
let script (name: string) = place name |> Option.defaultValue name
