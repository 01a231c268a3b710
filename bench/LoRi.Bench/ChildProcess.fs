/// Runs a command as a whole process and measures it from outside; reads the numbers that it wrote.
module LoRi.Bench.ChildProcess

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open LoRi.Runs.Plans
open System.Threading

/// What a process cost and said.
type Outcome =
    {
        Seconds: float
        /// Largest resident memory seen, in bytes (polled; 0 where /proc is absent).
        PeakMemory: int64
        Output: string
    }

let private residentPeak (id: int) =
    try
        let peak = StageMeasures.PeakOf(File.ReadLines $"/proc/{id}/status")
        if peak.HasValue then peak.Value else 0L
    with _ ->
        0L

/// Runs to the end; a failing command stops everything with its error output.
let run (file: string) (arguments: string list) =
    let start =
        ProcessStartInfo(
            file,
            arguments,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    let clock = Stopwatch.StartNew()

    use child =
        match Process.Start start with
        | null -> failwith $"{file} did not start"
        | child -> child

    child.StandardInput.Close()

    let output, error =
        child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync()

    let mutable peak = 0L

    while not (child.WaitForExit 50) do
        peak <- max peak (residentPeak child.Id)

    Thread.MemoryBarrier()

    if child.ExitCode <> 0 then
        failwith $"""{file} {String.Join(" ", arguments)} ended with {child.ExitCode}: {error.Result}"""

    {
        Seconds = clock.Elapsed.TotalSeconds
        PeakMemory = peak
        Output = output.Result
    }

/// Runs a line of words to the end, the first of which is the program.
let runLine (words: string list) = run words.Head words.Tail

/// The words that start `lori`, given as its lori.dll or as the tool.
let program (cli: string) =
    if cli.EndsWith(".dll", StringComparison.Ordinal) then
        [ "dotnet"; cli ]
    else
        [ cli ]

/// A JSON file that a command wrote.
let json (file: string) =
    JsonDocument.Parse(File.ReadAllText file).RootElement.Clone()

/// The objects of a file of JSON lines that a command wrote.
let jsonLines (file: string) =
    File.ReadAllLines file |> Array.map (fun line -> (JsonDocument.Parse line).RootElement)

/// A number of a JSON object.
let number (name: string) (value: JsonElement) = value.GetProperty(name).GetDouble()
