/// A download on an interactive terminal: a bar a file, with the rate and the time to its end.
module LoRi.Cli.DownloadScreen

open System
open System.IO
open LoRi.Files.Hub
open LoRi.Files.Text
open Spectre.Console

/// The screen within a live display.
type private LiveScreen(console: IAnsiConsole, context: ProgressContext) =
    let mutable current: ProgressTask option = None

    interface IDownloadScreen with
        member _.Line text =
            console.WriteLine(MessageText.Name text)

        member _.Begin(path, size, arrived) =
            let task =
                context.AddTask(Markup.Escape(MessageText.Name path), autoStart = true, maxValue = float (max 1L size))

            task.Value <- float arrived
            current <- Some task

        member _.Progress arrived =
            current |> Option.iter (fun task -> task.Value <- float arrived)

        member _.Finished() =
            current
            |> Option.iter (fun task ->
                task.Value <- task.MaxValue
                task.StopTask())

/// Runs `work` with a progress display on a console.
let onConsole (console: IAnsiConsole) (work: IDownloadScreen -> 'result) =
    console
        .Progress()
        .AutoClear(false)
        .Columns(
            TaskDescriptionColumn(),
            ProgressBarColumn(Width = Nullable 20),
            DownloadedColumn(),
            TransferSpeedColumn(),
            RemainingTimeColumn()
        )
        .Start(fun context -> work (LiveScreen(console, context)))

/// Runs `work` with a screen that suits the writer: a progress display on a terminal, plain lines otherwise.
let using (writer: TextWriter) (work: IDownloadScreen -> 'result) =
    if ProgressScreen.isInteractive writer then
        onConsole (AnsiConsole.Create(AnsiConsoleSettings(Out = AnsiConsoleOutput writer))) work
    else
        work (PlainDownloadScreen(writer, TimeProvider.System))
