/// Programs as the tests of packages run them, where those are asked for.
module LoRi.Cli.Tests.Packing

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli.Tests.Running

/// Runs a program in a folder; the test fails with what it wrote unless it ends with this code.
let runIn (folder: string) (code: int) (program: string) (arguments: string list) =
    let info =
        ProcessStartInfo(
            program,
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true
        )

    arguments |> List.iter info.ArgumentList.Add
    // What a test host or a build around this one has set is not the user's.
    for name in [ "MSBuildSDKsPath"; "MSBUILD_EXE_PATH"; "CI"; "LORI_LIBTORCH" ] do
        info.Environment.Remove name |> ignore

    use running = nonNull (Process.Start info)
    let out = running.StandardOutput.ReadToEndAsync()
    let error = running.StandardError.ReadToEnd()
    running.WaitForExit()
    let line = String.concat " " arguments
    Expect.equal running.ExitCode code $"{program} {line}\n{out.Result}{error}"
    out.Result, error

/// The source tree; the test is skipped, and counted, unless packages are asked for.
let repository =
    lazy
        (if isNull (Environment.GetEnvironmentVariable "LORI_PACKAGE_TESTS") then
             skiptest "packing takes minutes: set LORI_PACKAGE_TESTS"

         match goldenFolder.Value with
         | Some golden -> Path.GetFullPath(Path.Combine(golden, "../../.."))
         | None -> skiptest "the source tree is not here")
