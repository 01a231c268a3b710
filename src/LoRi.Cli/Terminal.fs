namespace LoRi.Cli

open System
open System.IO
open System.Text.Encodings.Web
open System.Text.Json
open Spectre.Console
open LoRi.Files.Text

/// Where a command reads and writes: the real streams, or a test's.
type Terminal =
    {
        In: TextReader
        Out: TextWriter
        Error: TextWriter
        /// Whether colours may be written to Out.
        Colour: bool
    }

module Terminal =
    /// Whether to write colours: not where NO_COLOR says anything (no-color.org), nor where nobody looks.
    let wantsColour (noColor: string | null) isRedirected =
        String.IsNullOrEmpty noColor && not isRedirected

    /// The process's own streams, which `StandardStreams.install` has made fit for use.
    let standard () =
        {
            In = Console.In
            Out = Console.Out
            Error = Console.Error
            Colour = wantsColour (Environment.GetEnvironmentVariable "NO_COLOR") Console.IsOutputRedirected
        }

    let private jsonFormat =
        JsonSerializerOptions(WriteIndented = false, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping)

    /// Whether what is written is seen by people as it is.
    let isScreen (terminal: Terminal) =
        Object.ReferenceEquals(terminal.Out, Console.Out) && not Console.IsOutputRedirected

    /// A text of a model or a file: on a terminal nothing in it can move the cursor, colour or hide what stands there. Files and
    /// pipes get every character.
    let forTerminal (terminal: Terminal) (text: string) =
        if isScreen terminal then
            MessageText.ForTerminal text
        else
            text

    /// Writes one JSON object on one line, numbers with full precision.
    let writeJson (terminal: Terminal) (value: Json.Value) =
        // Within JSON such characters stand in texts alone, where their escapes mean the same.
        terminal.Out.WriteLine(forTerminal terminal (JsonSerializer.Serialize(value, jsonFormat)))

    /// Writes names and values, one pair a line; no value is ever broken.
    let writeFields (terminal: Terminal) (fields: (string * string) list) =
        let width = fields |> List.map (fst >> String.length) |> List.max

        for name, value in fields do
            terminal.Out.WriteLine $"{name.PadRight width}  {forTerminal terminal value}"

    let private consoleOf (terminal: Terminal) =
        let settings =
            AnsiConsoleSettings(
                Out = AnsiConsoleOutput terminal.Out,
                Ansi =
                    (if terminal.Colour then
                         AnsiSupport.Detect
                     else
                         AnsiSupport.No),
                ColorSystem =
                    (if terminal.Colour then
                         ColorSystemSupport.Detect
                     else
                         ColorSystemSupport.NoColors),
                Interactive = InteractionSupport.No
            )

        let console = AnsiConsole.Create settings
        // A file or a pipe has no width of its own.
        if not terminal.Colour then
            console.Profile.Width <- 160

        console

    let private writeColumns (console: IAnsiConsole) (headers: string list) (rows: string list list) =
        let table = Table(Border = TableBorder.Minimal)

        for header in headers do
            table.AddColumn(TableColumn(Markup.Escape(MessageText.ForTerminal header))) |> ignore

        for row in rows do
            table.AddRow(row |> List.map (MessageText.ForTerminal >> Markup.Escape) |> Array.ofList)
            |> ignore

        console.Write table

    /// Writes a table for reading, whose first `keys` columns name its rows; a terminal that it is too wide for shows it in parts.
    let writeKeyedTable (terminal: Terminal) keys (headers: string list) (rows: string list list) =
        let console = consoleOf terminal

        let room =
            if terminal.Colour then
                console.Profile.Width
            else
                Int32.MaxValue

        for columns in TableLayout.parts room keys headers rows do
            let chosen (cells: string list) =
                [ for column in columns -> cells[column] ]

            writeColumns console (chosen headers) (List.map chosen rows)

    /// The same where the first column alone names the rows.
    let writeTable terminal headers rows = writeKeyedTable terminal 1 headers rows

    /// Writes a text for reading, in lines that a terminal shows whole.
    let writeText (terminal: Terminal) (text: string) =
        if terminal.Colour then
            for line in Wrapping.words (consoleOf terminal).Profile.Width text do
                terminal.Out.WriteLine line
        else
            terminal.Out.WriteLine text
