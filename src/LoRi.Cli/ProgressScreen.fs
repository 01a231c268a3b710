/// A run on an interactive terminal: one moving line with the rate, the time to the end and the loss terms; what happens is
/// written above it.
module LoRi.Cli.ProgressScreen

open System
open System.Globalization
open System.IO
open LoRi.Training.Runs
open Spectre.Console
open Spectre.Console.Rendering

/// A column whose text is asked for whenever the line is drawn.
type private AskedColumn(text: unit -> string) =
    inherit ProgressColumn()

    override _.NoWrap = true

    override _.Render(_, _, _) =
        Text(text ()).Overflow(Overflow.Ellipsis) :> IRenderable

let private clock (time: TimeSpan) =
    let hours = int (floor time.TotalHours)
    $"%d{hours}:%02d{time.Minutes}:%02d{time.Seconds}"

let private number (value: float) =
    value.ToString("G3", CultureInfo.InvariantCulture)

/// How far, how fast and how long.
let rate (progress: RunProgress) =
    $"{progress.Step}/{progress.Steps}  {number progress.StepsPerSecond} steps/s  %.0f{progress.TokensPerSecond} tokens/s  {clock progress.Remaining} left"

/// The loss and its terms.
let losses (progress: RunProgress) =
    let terms = [ for term in progress.Terms -> $"{term.Key} {number term.Value}" ]

    String.concat "  " ($"loss {number progress.Loss}" :: (if terms.Length > 1 then terms else []))

/// The screen within a live display.
type private LiveScreen(console: IAnsiConsole, task: ProgressTask, show: RunProgress -> unit) =
    interface IRunScreen with
        member _.Line text = console.WriteLine text
        member _.StepLine _ = ()

        member _.Progress progress =
            show progress
            task.MaxValue <- float progress.Steps
            task.Value <- float progress.Step

/// Whether lines to this writer reach a terminal that can redraw them.
let isInteractive (writer: TextWriter) =
    Object.ReferenceEquals(writer, Console.Error)
    && not Console.IsErrorRedirected
    && AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput writer)).Profile.Capabilities.Interactive

/// Runs `work` with a progress display on a console.
let onConsole (console: IAnsiConsole) (work: IRunScreen -> 'result) =
    let last: RunProgress option ref = ref None

    let asked (text: RunProgress -> string) =
        AskedColumn(fun () -> last.Value |> Option.map text |> Option.defaultValue "") :> ProgressColumn

    console
        .Progress()
        .AutoClear(false)
        .Columns(ProgressBarColumn(Width = Nullable 20), asked rate, asked losses)
        .Start(fun context ->
            let task = context.AddTask("training", autoStart = true, maxValue = 1.0)
            work (LiveScreen(console, task, (fun progress -> last.Value <- Some progress))))

/// Runs `work` with a screen that suits the writer: a progress display on a terminal, plain lines otherwise.
let using (writer: TextWriter) (work: IRunScreen -> 'result) =
    if isInteractive writer then
        onConsole (AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput writer))) work
    else
        work (PlainScreen writer)
