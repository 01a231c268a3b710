/// The program as a process of its own where there is little around it: no home, no folder that can be written, no working directory.
module LoRi.Cli.Tests.SurroundingsTests

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli.Tests.Running

/// What `lori info --json`, which loads the native libraries, leaves behind; run by a shell after some lines of its own.
let private info (before: string) (folder: string) =
    if not (OperatingSystem.IsLinux()) then
        skiptest "needs a shell and Linux's files in memory"

    let program = Path.Combine(AppContext.BaseDirectory, "lori.dll")

    let start =
        ProcessStartInfo("/bin/sh", [ "-c"; $"{before}\nexec dotnet \"$LORI\" info --json" ])

    start.WorkingDirectory <- folder
    start.Environment["LORI"] <- program
    start.RedirectStandardOutput <- true
    start.RedirectStandardError <- true
    use run = nonNull (Process.Start start)
    let out = run.StandardOutput.ReadToEndAsync()
    let error = run.StandardError.ReadToEnd()

    if not (run.WaitForExit 120_000) then
        run.Kill true
        failtest "no end after two minutes"

    {
        Code = run.ExitCode
        Out = out.Result
        Error = error
    }

let private homes =
    [
        "a home and a temporary folder that are not there",
        "export HOME=/nonexistent TMPDIR=/nonexistent XDG_CACHE_HOME="
        "no home and no temporary folder", "unset HOME TMPDIR XDG_CACHE_HOME"
        "a home that takes no files", "export HOME=/proc TMPDIR=/proc XDG_CACHE_HOME=/proc"
    ]

[<Tests>]
let tests =
    testList
        "Surroundings"
        [
            for name, before in homes do
                test name {
                    inFolder (fun folder ->
                        let outcome = info before folder
                        Expect.equal outcome.Code 0 outcome.Error
                        Expect.stringContains outcome.Out "\"torchsharp_version\"" "what it says")
                }
            test "the native library leaves no copy in the home or the temporary folder" {
                inFolder (fun folder ->
                    let outcome =
                        info
                            $"export HOME='{folder}' TMPDIR='{folder}' XDG_CACHE_HOME='{folder}' DOTNET_EnableDiagnostics=0"
                            folder

                    Expect.equal outcome.Code 0 outcome.Error

                    Expect.isEmpty
                        [
                            for entry in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) do
                                if entry.Contains "TorchSharp" then
                                    entry
                        ]
                        "files")
            }
            test "a working directory that was removed" {
                inFolder (fun folder ->
                    let gone = Directory.CreateDirectory(Path.Combine(folder, "gone")).FullName
                    let outcome = info $"rmdir '{gone}'" gone
                    Expect.equal outcome.Code 1 outcome.Error

                    Expect.equal
                        (outcome.Error.TrimEnd '\n')
                        "lori: error: the working directory is not there any more; change to another one (cd), and run the command again"
                        "one line")
            }
        ]
