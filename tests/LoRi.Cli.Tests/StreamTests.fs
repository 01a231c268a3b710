/// Standard streams that are closed, full, broken, or left by their reader, of every kind of command.
module LoRi.Cli.Tests.StreamTests

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private patience = TimeSpan.FromMinutes 2.0

/// What a shell makes of a line in which `$lori` is the program: exit code, standard output and standard error.
let private shell (line: string) =
    let start =
        ProcessStartInfo("/bin/bash", RedirectStandardOutput = true, RedirectStandardError = true)

    start.ArgumentList.Add "-c"
    start.ArgumentList.Add line
    let program = Path.Combine(AppContext.BaseDirectory, "lori.dll")
    start.Environment["lori"] <- $"dotnet {program}"
    start.Environment["DOTNET_TieredPGO"] <- "0"
    use running = nonNull (Process.Start start)
    let out = running.StandardOutput.ReadToEndAsync()
    let error = running.StandardError.ReadToEndAsync()

    if not (running.WaitForExit patience) then
        running.Kill(entireProcessTree = true)
        failtest $"{line}: hangs"

    running.ExitCode, out.Result, error.Result

let private needsShell () =
    if not (File.Exists "/bin/bash" && File.Exists "/dev/full") then
        skiptest "/bin/bash or /dev/full is not available"

let private full = "standard output: cannot be written (No space left on device)"

let private closed = "standard output: cannot be written (it is closed)"

/// A tokenizer of words.
let private tokenizer =
    """{"model":{"type":"WordLevel","vocab":{"ab":0,"[UNK]":1},"unk_token":"[UNK]"},"pre_tokenizer":{"type":"Split","pattern":{"String":" "},"behavior":"Removed","invert":false},"added_tokens":[]}"""

/// Runs a check with a folder that holds a tokenizer, whose path it gets.
let private withTokenizer (check: string -> unit) =
    inFolder (fun folder -> check (file folder "tokenizer.json" tokenizer))

let private endings =
    [
        for name, line, code, message in
            [
                "help, full", "$lori score --help >/dev/full", Failed, full
                "help, closed", "$lori --help >&-", Failed, closed
                "help, all closed", "$lori --help <&- >&- 2>&-", Failed, ""
                "help, both full", "$lori --help >/dev/full 2>&1", Failed, ""
                "a reader that is gone", "set -o pipefail; $lori --help | true", Success, ""
                "a wrong command line, full", "$lori dance 2>/dev/full", BadUsage, ""
                "a wrong command line, closed", "$lori dance >&- 2>&-", BadUsage, ""
                "bad input, full", "$lori inspect /nowhere >/dev/full 2>&1", Failed, ""
                "bad input, closed", "$lori inspect /nowhere >&-", Failed, "/nowhere"
                "JSON, closed", "$lori info --json >&-", Failed, closed
            ] do
            test $"{name}: {line}" {
                needsShell ()
                let found, out, error = shell line
                Expect.equal found code error
                Expect.equal out "" "standard output"
                Expect.stringContains error message "the message"

                if message = "" then
                    Expect.equal error "" "nothing can be said"
                else
                    Expect.equal (error.TrimEnd('\n').Split('\n').Length) 1 "one line"
            }
    ]

let private filters =
    [
        test "a filter ends when its reader goes" {
            needsShell ()

            withTokenizer (fun path ->
                let line =
                    $"yes '\"ab\"' 2>/dev/null | $lori tokenize --tokenizer {path} | head -2; echo ${{PIPESTATUS[1]}}"

                let _, out, error = shell line
                Expect.equal error "" "nothing to say"
                let lines = out.TrimEnd('\n').Split '\n'
                Expect.equal lines.Length 3 out
                Expect.equal lines[2] "0" "its exit code")
        }
        test "closed input is empty, and input that cannot be read is one line" {
            needsShell ()

            withTokenizer (fun path ->
                let code, out, error = shell $"$lori tokenize --tokenizer {path} <&-"
                Expect.equal (code, out, error) (Success, "", "") "closed"

                for unreadable in [ "0>/dev/null"; "0</" ] do
                    let code, _, error = shell $"$lori tokenize --tokenizer {path} {unreadable}"
                    Expect.equal code Failed unreadable
                    Expect.stringStarts error "lori: error: standard input: cannot be read (" unreadable
                    Expect.equal (error.TrimEnd('\n').Split('\n').Length) 1 "one line")
        }
        test "a limit on the size of files is an error, not a signal" {
            needsShell ()

            inFolder (fun folder ->
                let target = Path.Combine(folder, "out")
                // The runtime itself makes a file of some size, which this limit leaves alone.
                let code, _, error =
                    shell
                        $"export DOTNET_EnableWriteXorExecute=0; ulimit -f 1; $lori --help >>{target}; code=$?; exit $code"

                Expect.equal code Failed error

                Expect.stringContains error "standard output: cannot be written (File too large)" "one clear line")
        }
    ]

let private lines =
    let read (text: string) =
        use reader = new StandardStreams.GuardedReader(new StringReader(text))

        [
            let mutable line = reader.ReadLine()

            while not (isNull line) do
                nonNull line
                line <- reader.ReadLine()
        ]

    [
        test "lines end as they always did" {
            for text in [ ""; "a"; "a\n"; "a\n\nb"; "a\r\nb\r\n"; "a\rb"; "\r\n\r\n"; "a\r\r\nb" ] do
                use plain = new StringReader(text)

                let expected =
                    List.unfold
                        (fun () ->
                            match plain.ReadLine() with
                            | null -> None
                            | line -> Some(line, ()))
                        ()

                Expect.equal (read text) expected $"{Uri.EscapeDataString text}"
        }
        test "a line without end is refused" {
            let endless =
                { new TextReader() with
                    member _.Read() = int 'x'
                }

            use reader = new StandardStreams.GuardedReader(endless)

            Expect.throwsC (fun () -> reader.ReadLine() |> ignore) (fun e ->
                Expect.stringContains e.Message "standard input: a line is longer" "why")
        }
    ]

[<Tests>]
let tests = testList "Streams" (endings @ filters @ lines)
