/// Python with PyTorch, where this machine has one, and the stand-ins for `transformers` and `safetensors` that stand in the tests' folder.
module LoRi.Cli.Tests.PythonRunning

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli.Tests.Running

let private runPython (program: string) (arguments: string list) (input: string) =
    let info =
        ProcessStartInfo(
            program,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    arguments |> List.iter info.ArgumentList.Add
    info.Environment["PYTHONDONTWRITEBYTECODE"] <- "1"
    info.Environment["PYTHONUNBUFFERED"] <- "1"
    info.Environment["OMP_NUM_THREADS"] <- "1"

    info.Environment["PYTHONPATH"] <-
        goldenFolder.Value
        |> Option.map (fun folder -> Path.GetFullPath(Path.Combine(folder, "..", "Python")))
        |> Option.defaultValue ""

    use running = nonNull (Process.Start info)
    let error = running.StandardError.ReadToEndAsync()
    running.StandardInput.Write input
    running.StandardInput.Close()
    let out = running.StandardOutput.ReadToEnd()
    running.WaitForExit()
    running.ExitCode, out, error.Result

let private hasTorch program =
    try
        let code, _, _ = runPython program [ "-c"; "import torch" ] ""
        code = 0
    with :? ComponentModel.Win32Exception ->
        false

/// LORI_PYTHON, or the first that has PyTorch of the search path's and the system's.
let private program =
    lazy
        match Environment.GetEnvironmentVariable "LORI_PYTHON" with
        | null
        | "" -> [ "python3"; "/usr/bin/python3" ] |> List.tryFind hasTorch
        | given -> Some given

/// What a program writes that must succeed. The test is skipped, and counted, where there is no Python with PyTorch.
let python (arguments: string list) (input: string) =
    match program.Value, goldenFolder.Value with
    | None, _ -> skiptest "there is no python3 with torch on this machine"
    | _, None -> skiptest "the source tree is not here"
    | Some program, _ ->
        let code, out, error = runPython program arguments input
        Expect.equal code 0 $"python: {error}"
        out

/// A program among the stand-ins.
let script (name: string) =
    Path.Combine(goldenFolder.Value |> Option.defaultValue ".", "..", "Python", name)
