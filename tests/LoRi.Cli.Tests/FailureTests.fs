/// The last handler: whatever is thrown becomes one line of ours.
module LoRi.Cli.Tests.FailureTests

open System
open System.IO
open System.Reflection
open System.Runtime.InteropServices
open System.Text.Json
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Files

/// What a command that throws leaves.
let private outcome (failure: exn) =
    use error = new StringWriter(NewLine = "\n")

    let terminal =
        {
            In = TextReader.Null
            Out = TextWriter.Null
            Error = error
            Colour = false
        }

    Application.guarded terminal false "teach" (fun () -> raise failure), error.ToString()

let private torchFrames =
    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 107374182400 bytes. Error code 12 (Cannot allocate memory)\n"
    + "Exception raised from alloc_cpu at /pytorch/c10/core/impl/alloc_cpu.cpp:119 (most recent call first):\n"
    + "frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x88 (0x7f libc10.so)\nframe #1: <unknown function> (0x7f)\n"

let private torchShapes =
    "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)\nException raised from meta at file.cpp:1 (most recent call first):\nframe #0: x"

let private kinds: (string * exn * string) list =
    [
        "no memory", OutOfMemoryException(), "not enough memory"
        "no memory in libtorch", ExternalException torchFrames, "not enough memory (100.0 GiB more were asked for)"
        "shapes in libtorch", ExternalException torchShapes, "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"
        "no memory on a GPU",
        ExternalException "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 10 GiB",
        "not enough memory (2.00 GiB more were asked for)"
        "no permission", UnauthorizedAccessException "Access to the path '/a/b' is denied.", "'/a/b' is denied"
        "no permission for a stream",
        UnauthorizedAccessException("Access to the path is denied.", IOException "Bad file descriptor"),
        "Bad file descriptor"
        "a full disk", IOException "No space left on device : '/a/b'", "No space left on device : '/a/b'"
        "no file", FileNotFoundException("Could not find file '/a/b'.", "/a/b"), "Could not find file '/a/b'"
        "no folder", DirectoryNotFoundException "Could not find a part of the path '/a/b'.", "'/a/b'"
        "no part of the program",
        FileNotFoundException(
            "Could not load file or assembly 'Some.Part, Version=1.0.0.0, Culture=neutral'.",
            "Some.Part, Version=1.0.0.0, Culture=neutral"
        ),
        "a part of the program, Some.Part, cannot be loaded"
        "no native part",
        DllNotFoundException "Unable to load shared library 'LibTorchSharp' or one of its dependencies.",
        "LibTorchSharp"
        "a type that cannot begin",
        TypeInitializationException("TorchSharp.torch", DllNotFoundException "Unable to load shared library 'LibX'."),
        "LibX"
        "a type that cannot begin, without a reason", TypeInitializationException("TorchSharp.torch", null), "libraries"
        "an overflow", OverflowException "Arithmetic operation resulted in an overflow.", "too large"
        "a wrong state",
        InvalidOperationException("Failed to compare two elements in the array.", InputException "x.jsonl, line 2: no"),
        "x.jsonl, line 2: no"
        "a wrong cast",
        InvalidCastException "Unable to cast object of type 'System.String' to type 'System.Int32'.",
        "fault of lori"
        "an index", IndexOutOfRangeException(), "fault of lori"
        "a null", NullReferenceException(), "fault of lori"
        "a wrong argument", ArgumentOutOfRangeException "count", "fault of lori"
        "several", AggregateException(IOException "Broken : '/a'"), "Broken : '/a'"
        "by reflection", TargetInvocationException(OutOfMemoryException()), "not enough memory"
        "JSON", JsonException "'x' is an invalid start of a value. LineNumber: 0", "JSON is malformed"
        "too deep", InsufficientExecutionStackException(), "nested too deeply"
        "a pattern", RegexMatchTimeoutException(), "pattern took too long"
        "a cancelled task", OperationCanceledException(), "stopped before its end"
        "too late", TimeoutException(), "took too long"
        "F#", MatchFailureException("x.fs", 1, 2), "fault of lori"
        "bad input", InputException "a.json: is bad", "a.json: is bad"
    ]

let private frameworkName =
    Regex(@"[A-Za-z]+Exception\b|\bSystem\.|\bTorchSharp\.|frame #|   at ", RegexOptions.CultureInvariant)

[<Tests>]
let tests =
    testList
        "Failures"
        [
            for name, failure, expected in kinds do
                test $"{name} is one line" {
                    let code, error = outcome failure
                    Expect.equal code Failed "exit code"
                    Expect.stringStarts error "lori: error: " "a line of ours"
                    Expect.equal (error.TrimEnd('\n').Split('\n').Length) 1 error
                    Expect.stringContains error expected "the cause"
                    Expect.isFalse (frameworkName.IsMatch error) error
                    let line = error.Substring("lori: error: ".Length)
                    Expect.isTrue (failure :? InputException || line.StartsWith "teach: " || line.StartsWith "x.") line
                }
            test "the innermost place is told" {
                let failure = OverflowException()

                Expect.throws
                    (fun () ->
                        FailureText.At(
                            "data.jsonl",
                            Func<int>(fun () ->
                                FailureText.At("data.jsonl, line 3", Func<int>(fun () -> raise failure)))
                        )
                        |> ignore)
                    "it resumes"

                Expect.stringStarts (FailureText.Of(failure, "teach")) "teach: data.jsonl, line 3: a number" "where"
            }
        ]
