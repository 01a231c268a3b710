/// A run on an interactive terminal: one moving line that says what is done, or the rate, the time to the end and the loss terms;
/// what happens is written above it.
module LoRi.Cli.ProgressScreen

open System
open System.Diagnostics
open System.Globalization
open System.IO
open System.Text
open System.Threading
open LoRi.Runs.RunFolders
open Spectre.Console

[<Literal>]
let private BarColumns = 20

/// How often the time of a phase is drawn again.
let private tick = TimeSpan.FromSeconds 0.25

let private clock (time: TimeSpan) =
    let hours = int (floor time.TotalHours)
    $"%d{hours}:%02d{time.Minutes}:%02d{time.Seconds}"

let private number (value: float) =
    value.ToString("G3", CultureInfo.InvariantCulture)

/// How far, how good, how long, how fast, and of what the loss is made: what matters most comes first, for it has to fit into a line.
let describe (progress: RunProgress) =
    String.concat
        "  "
        [
            $"{progress.Step}/{progress.Steps}"
            $"loss {number progress.Loss}"
            $"{clock progress.Remaining} left"
            $"{number progress.StepsPerSecond} steps/s"
            $"%.0f{progress.TokensPerSecond} tokens/s"
            if progress.Terms.Count > 1 then
                for term in progress.Terms do
                    $"{term.Key} {number term.Value}"
        ]

/// What lines are drawn with: characters that the terminal's encoding has.
type Signs =
    {
        Full: char
        Empty: char
        Ellipsis: string
        Spinner: string
    }

/// The signs for an encoding.
let signs (encoding: Encoding) =
    if encoding.WebName.StartsWith("utf", StringComparison.OrdinalIgnoreCase) then
        {
            Full = '━'
            Empty = '─'
            Ellipsis = "…"
            Spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
        }
    else
        {
            Full = '#'
            Empty = '.'
            Ellipsis = "..."
            Spinner = "|/-\\"
        }

let private bar signs (progress: int) (total: int) =
    let share = float progress / float (max 1 total)
    let full = int (float BarColumns * share) |> max 0 |> min BarColumns
    String(signs.Full, full) + String(signs.Empty, BarColumns - full)

/// The line while steps are made.
let stepLine signs (progress: RunProgress) =
    $"{bar signs progress.Step progress.Steps}  {describe progress}"

/// The line while something else is done, with the time since it began.
let phaseLine signs (phase: RunPhase) (elapsed: TimeSpan) =
    let beat = int (elapsed.TotalSeconds / tick.TotalSeconds)

    if phase.Total > 0 then
        let left =
            if phase.Done > 0 && phase.Done < phase.Total && elapsed.TotalSeconds >= 1.0 then
                let rest = float (phase.Total - phase.Done) / float phase.Done
                $"  {clock (elapsed * rest)} left"
            else
                ""

        $"{bar signs phase.Done phase.Total}  {phase.Name}  {phase.Done}/{phase.Total} {phase.Unit}  {clock elapsed}{left}"
    else
        $"{signs.Spinner[beat % signs.Spinner.Length]} {phase.Name}  {clock elapsed}"

/// The line while something else is done between two steps.
let betweenLine signs (progress: RunProgress) (phase: RunPhase) (elapsed: TimeSpan) =
    let counted =
        if phase.Total > 0 then
            $" {phase.Done}/{phase.Total} {phase.Unit}"
        else
            ""

    $"{bar signs progress.Step progress.Steps}  {progress.Step}/{progress.Steps}  {phase.Name}{counted}  {clock elapsed}"

/// The screen of a run on a terminal that can redraw lines.
type private LiveScreen(line: LiveLine, signs: Signs) =
    let gate = obj ()
    let mutable phase: (RunPhase * Stopwatch) option = None
    let mutable last: RunProgress option = None

    let draw () =
        lock gate (fun () ->
            match phase, last with
            | Some(current, since), None -> line.Show(phaseLine signs current since.Elapsed)
            | Some(current, since), Some steps -> line.Show(betweenLine signs steps current since.Elapsed)
            | None, _ -> ())

    let timer = new Timer(TimerCallback(fun _ -> draw ()))

    interface IRunScreen with
        member _.Line text = line.Above text
        member _.StepLine _ = ()

        member _.Progress progress =
            lock gate (fun () ->
                phase <- None
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) |> ignore
                last <- Some progress
                line.Show(stepLine signs progress))

        member _.Phase next =
            lock gate (fun () ->
                match phase with
                | Some(current, since) when current.Name = next.Name -> phase <- Some(next, since)
                | _ ->
                    phase <- Some(next, Stopwatch.StartNew())
                    timer.Change(tick, tick) |> ignore

                draw ())

    interface IDisposable with
        /// The last step stays where it can be read; what else went on is over.
        member _.Dispose() =
            use stopped = new ManualResetEvent false

            if timer.Dispose stopped then
                stopped.WaitOne() |> ignore

            match last with
            | None -> line.Clear()
            | Some steps ->
                line.Show(stepLine signs steps)
                line.Keep()

/// Whether lines to this writer reach a terminal that can redraw them.
let isInteractive (writer: TextWriter) =
    Object.ReferenceEquals(writer, Console.Error)
    && not Console.IsErrorRedirected
    && (let found =
            AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput writer)).Profile.Capabilities

        found.Interactive && found.Ansi)

/// The width where none can be asked for.
[<Literal>]
let private UsualColumns = 80

/// The columns of the terminal, as wide as it is now.
let private columns () =
    try
        if Console.WindowWidth > 0 then
            Console.WindowWidth
        else
            UsualColumns
    with :? IOException ->
        UsualColumns

/// Runs `work` with a moving line on a terminal of some columns.
let onTerminal (writer: TextWriter) (columns: unit -> int) (work: IRunScreen -> 'result) =
    let signs = signs writer.Encoding
    use screen = new LiveScreen(LiveLine(writer, columns, signs.Ellipsis), signs)
    work screen

/// Runs `work` with a screen that suits the writer: a moving line on a terminal, plain lines otherwise.
let using (writer: TextWriter) (work: IRunScreen -> 'result) =
    if isInteractive writer then
        onTerminal writer columns work
    else
        use screen = new PlainScreen(writer)
        work screen
