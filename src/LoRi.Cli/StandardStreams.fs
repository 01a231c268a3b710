/// The process's own streams as they really are: closed, full, broken, or left by their reader. .NET takes a reader that has gone
/// for one that reads, and writes to whatever stands in the place of a closed stream.
module LoRi.Cli.StandardStreams

open System
open System.IO
open System.Runtime.InteropServices
open System.Text
open System.Threading
open LoRi.Files

/// Standard output has lost its reader: nobody wants more of it.
exception ReaderGone

/// Standard output cannot be written: one line that says why.
exception OutputFailed of message: string with
    override this.Message = this.message

module private Native =
    [<DllImport("libc", SetLastError = true)>]
    extern nativeint write(int descriptor, byte& first, unativeint count)

    [<DllImport("libc", SetLastError = true)>]
    extern nativeint read(int descriptor, byte& first, unativeint count)

    [<DllImport("libc", SetLastError = true)>]
    extern int fcntl(int descriptor, int command)

    [<DllImport("libc", SetLastError = true)>]
    extern int ``open``(string path, int flags)

    [<DllImport("libc", SetLastError = true)>]
    extern nativeint signal(int number, nativeint handler)

[<Literal>]
let private Interrupted = 4

[<Literal>]
let private BrokenPipe = 32

let private wouldBlock = if OperatingSystem.IsMacOS() then 35 else 11

/// A failed call of the system; the reader has gone where that is what it says.
type private SystemCallException(error: int) =
    inherit IOException(Marshal.GetPInvokeErrorMessage error)
    member _.ReaderHasGone = (error = BrokenPipe)

/// A stream that was there when the process began, by its number.
type private DescriptorStream(descriptor: int) =
    inherit Stream()

    let rec transferred (call: unit -> nativeint) =
        match call () with
        | count when count >= 0n -> int count
        | _ ->
            match Marshal.GetLastPInvokeError() with
            | Interrupted -> transferred call
            | error when error = wouldBlock ->
                Thread.Sleep 1
                transferred call
            | error -> raise (SystemCallException error)

    override _.CanRead = true
    override _.CanWrite = true
    override _.CanSeek = false
    override _.Length = raise (NotSupportedException())

    override _.Position
        with get () = raise (NotSupportedException())
        and set _ = raise (NotSupportedException())

    override _.Seek(_, _) = raise (NotSupportedException())
    override _.SetLength _ = raise (NotSupportedException())
    override _.Flush() = ()

    override _.Read(buffer: byte array, offset: int, count: int) =
        if count = 0 then
            0
        else
            transferred (fun () -> Native.read (descriptor, &buffer[offset], unativeint count))

    override _.Write(buffer: byte array, offset: int, count: int) =
        let mutable sent = 0

        while sent < count do
            let from = offset + sent
            let rest = count - sent
            sent <- sent + transferred (fun () -> Native.write (descriptor, &buffer[from], unativeint rest))

/// A writer that hands what goes wrong to `failed`: output is results, which must arrive, or messages, which need not.
type GuardedWriter(inner: TextWriter, failed: exn -> unit) =
    inherit TextWriter()

    let guard (write: unit -> unit) =
        try
            write ()
        with
        // A part of the program that is missing, not the stream.
        | :? FileNotFoundException
        | :? FileLoadException -> reraise ()
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ObjectDisposedException as e -> failed e

    override _.Encoding = inner.Encoding

    override _.Write(value: char) = guard (fun () -> inner.Write value)

    override _.Write(value: string | null) = guard (fun () -> inner.Write value)

    override _.Write(buffer: char array, index: int, count: int) =
        guard (fun () -> inner.Write(buffer, index, count))

    override _.WriteLine(value: string | null) = guard (fun () -> inner.WriteLine value)

    override _.Flush() = guard inner.Flush

/// The longest line that is read, in characters: as long as the longest line of a data file.
[<Literal>]
let LongestLine = 67_108_864

/// Lines of standard input: what cannot be read, and a line without end, are told as such.
type GuardedReader(inner: TextReader) =
    inherit TextReader()
    let mutable skipsLineFeed = false

    let guard (read: unit -> int) =
        try
            read ()
        with
        | :? IOException
        | :? UnauthorizedAccessException as e ->
            let cause =
                if isNull e.InnerException then
                    e
                else
                    nonNull e.InnerException

            let reason = cause.Message.TrimEnd '.'

            raise (
                InputException(
                    $"standard input: cannot be read ({reason}); send a file or a pipe there, or </dev/null for nothing",
                    e
                )
            )

    let next () =
        let read = guard inner.Read
        let after = skipsLineFeed
        skipsLineFeed <- false
        if after && read = int '\n' then guard inner.Read else read

    override _.Peek() = guard inner.Peek
    override _.Read() = next ()

    override _.ReadLine() : string | null =
        let line = StringBuilder()

        let rec go () : string | null =
            match next () with
            | -1 -> if line.Length > 0 then line.ToString() else null
            | 10 -> line.ToString()
            | 13 ->
                skipsLineFeed <- true
                line.ToString()
            | _ when line.Length >= LongestLine ->
                raise (InputException $"standard input: a line is longer than {LongestLine} characters; send lines")
            | read ->
                line.Append(char read) |> ignore
                go ()

        go ()

/// What a failure of standard output is.
let private outputFailed (e: exn) =
    match e with
    | :? SystemCallException as call when call.ReaderHasGone -> raise ReaderGone
    | _ ->
        let reason = e.Message.TrimEnd '.'

        raise (
            OutputFailed $"standard output: cannot be written ({reason}); make room there, or send it somewhere else"
        )

/// Results, which must arrive.
let results (inner: TextWriter) =
    new GuardedWriter(inner, outputFailed) :> TextWriter

/// Messages and progress, which need not.
let messages (inner: TextWriter) =
    new GuardedWriter(inner, ignore) :> TextWriter

/// Whatever is written to a stream that was closed when the program began.
type private ClosedWriter() =
    inherit TextWriter()
    override _.Encoding = Encoding.UTF8
    override _.Write(_: char) : unit = raise (IOException "it is closed")
    override this.Write(_: string | null) : unit = this.Write ' '
    override this.Write(_: char array, _: int, _: int) : unit = this.Write ' '
    override this.WriteLine(_: string | null) : unit = this.Write ' '

/// Whether a stream was there when the process began. What the runtime has opened since carries the mark that programs started from
/// here do not get it; a stream that was handed to us cannot.
let private wasGiven descriptor =
    OperatingSystem.IsWindows()
    || (let flags = Native.fcntl (descriptor, 1)
        flags >= 0 && flags &&& 1 = 0)

/// Takes the numbers of closed streams, so that no file that is opened later is written by mistake.
let private fillClosed () =
    if not (OperatingSystem.IsWindows()) then
        for descriptor in 0..2 do
            if Native.fcntl (descriptor, 1) < 0 then
                Native.``open`` ("/dev/null", 2) |> ignore

/// A limit on the size of files ends a write with an error, not the process with a signal.
let private ignoreFileSizeSignal () =
    if not (OperatingSystem.IsWindows()) then
        Native.signal (25, 1n) |> ignore

let private utf8 = UTF8Encoding false

let private writer descriptor isRedirected (ofConsole: unit -> Stream) : TextWriter =
    let stream: Stream =
        if isRedirected && not (OperatingSystem.IsWindows()) then
            new DescriptorStream(descriptor) :> Stream
        else
            ofConsole ()

    let encoding =
        if isRedirected then
            utf8 :> Encoding
        else
            Console.OutputEncoding

    new StreamWriter(stream, encoding, AutoFlush = true) :> TextWriter

/// What a process writes to that leaves the console alone: its standard error, for its own errors. The runtime would send control
/// characters to a console that it is asked about.
let errorsOnly () =
    ignoreFileSizeSignal ()
    fillClosed ()

    messages (new StreamWriter(new DescriptorStream 2, utf8, AutoFlush = true))

/// Puts writers and readers in the place of the console's that survive whatever becomes of the streams. Files and pipes are UTF-8,
/// whatever the locale says of the terminal. A launcher hands out a terminal of its own, to which the runtime must not send what prepares a
/// console: it would stand before the results.
let install (isLaunched: bool) =
    ignoreFileSizeSignal ()
    let given = [| for descriptor in 0..2 -> wasGiven descriptor |]
    fillClosed ()

    let out: TextWriter =
        if given[1] then
            writer 1 (isLaunched || Console.IsOutputRedirected) Console.OpenStandardOutput
        else
            new ClosedWriter() :> TextWriter

    let error: TextWriter =
        if given[2] then
            writer 2 Console.IsErrorRedirected Console.OpenStandardError
        else
            TextWriter.Null

    Console.SetOut(results out)
    Console.SetError(messages error)

    if not given[0] then
        Console.SetIn TextReader.Null
    elif Console.IsInputRedirected then
        let stream: Stream =
            if OperatingSystem.IsWindows() then
                Console.OpenStandardInput()
            else
                new DescriptorStream(0) :> Stream

        Console.SetIn(new GuardedReader(new StreamReader(stream, utf8)))
