/// The moving line on a terminal: what stands on the screen after it was drawn, at several widths, with wide characters, and where the
/// terminal is resized meanwhile.
module LoRi.Cli.Tests.LiveLineTests

open System
open System.Collections.Generic
open System.IO
open System.Text
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli
open LoRi.Runs.RunFolders

/// A terminal: rows of cells that lines wrap into, and wrap anew where the width changes, as terminals of today do.
type private Screen(columns: int) =
    inherit TextWriter()

    let gate = obj ()
    let mutable width = columns
    let mutable rows = ResizeArray<ResizeArray<string>>([ ResizeArray() ])
    let mutable goesOn = ResizeArray<bool>([ false ])
    let mutable row, column = 0, 0

    let cells (rune: Rune) =
        if
            rune.Value >= 0x1100
            && rune.Value < 0xFFFF
            && not (rune.Value >= 0x2000 && rune.Value < 0x2E80)
        then
            2
        else
            1

    let down () =
        row <- row + 1
        column <- 0

        if row = rows.Count then
            rows.Add(ResizeArray())
            goesOn.Add false

    let put (text: string) size =
        if column + size > width then
            goesOn[row] <- true
            down ()

        while rows[row].Count < column + size do
            rows[row].Add " "

        rows[row][column] <- text

        if size = 2 then
            rows[row][column + 1] <- ""

        column <- column + size

    let control (code: char) (count: int) =
        match code with
        | 'A' -> row <- max 0 (row - count)
        | 'K' ->
            rows[row].RemoveRange(min column rows[row].Count, max 0 (rows[row].Count - column))
            goesOn[row] <- false
        | other -> failwith $"the terminal does not know {other}"

    /// Lines as they were written, whatever they wrap into, each with the first of its rows.
    let lines () =
        let found = ResizeArray<int * ResizeArray<string>>()

        for index in 0 .. rows.Count - 1 do
            if index = 0 || not goesOn[index - 1] then
                found.Add(index, ResizeArray rows[index])
            else
                (snd found[found.Count - 1]).AddRange rows[index]

        found

    override _.Encoding = UTF8Encoding false
    override this.Write(value: char) = this.Write(string value)

    override _.Write(value: string | null) =
        lock gate (fun () ->
            for part in Regex.Matches(string value, @"\x1b\[(\d*)([A-Z])|[\s\S][\uDC00-\uDFFF]?") do
                match part.Value with
                | "\r" -> column <- 0
                | "\n" -> down ()
                | code when part.Groups[2].Success ->
                    let count =
                        if part.Groups[1].Value = "" then
                            1
                        else
                            int part.Groups[1].Value

                    control code[code.Length - 1] count
                | text -> put text (cells (Rune.GetRuneAt(text, 0))))

    member _.Columns() = width

    /// The lines down to the last that has anything.
    member _.Lines =
        lock gate (fun () -> [ for _, line in lines () -> (String.Join("", line)).TrimEnd() ])
        |> List.rev
        |> List.skipWhile ((=) "")
        |> List.rev

    member _.Resize(columns: int) =
        lock gate (fun () ->
            let before = lines ()
            let own = before |> Seq.findIndexBack (fun (first, _) -> first <= row)

            let offset =
                Seq.sum [ for index in fst before[own] .. row - 1 -> rows[index].Count ] + column

            rows <- ResizeArray()
            goesOn <- ResizeArray()
            width <- columns

            for index, (_, line) in Seq.indexed before do
                let parts = line |> Seq.chunkBySize columns |> Array.ofSeq

                if index = own then
                    row <- rows.Count + min (max 0 (parts.Length - 1)) (offset / columns)
                    column <- offset - columns * (row - rows.Count)

                if parts.Length = 0 then
                    rows.Add(ResizeArray())
                    goesOn.Add false

                for part, cells in Array.indexed parts do
                    rows.Add(ResizeArray cells)
                    goesOn.Add(part < parts.Length - 1))

let private progress step =
    let terms = Dictionary<string, float>()
    terms["task"] <- 1.25
    terms["mean"] <- 0.5
    RunProgress(step, 120, 1.75, terms, 4.0, 1000.0, TimeSpan.FromSeconds 3725.0)

let private long =
    "60 training rows, 0 held out; on average 65.6 question, 91.8 rationale and 3.2 answer tokens, which is "
    + "longer than any of the terminals here is wide"

let private wide = "/tmp/日本語の長いフォルダ名テスト用フォルダ/日本語の長いフォルダ名テスト用フォルダ/ランの名前/final"

/// What a screen has after lines of all kinds; `between` is called after each.
let private play (screen: Screen) (between: IRunScreen -> unit) =
    ProgressScreen.onTerminal screen screen.Columns (fun run ->
        run.Phase(RunPhase "loading the model")
        between run
        run.Line long
        between run
        run.Phase(RunPhase("teacher's states", 12, 40))
        between run
        run.Line wide
        between run

        for step in [ 1; 60 ] do
            run.Progress(progress step)
            between run
            run.Line $"line {step}"
            between run

        run.Phase(RunPhase "saving a checkpoint")
        between run
        run.Progress(progress 120)
        between run)

    screen.Write "next\n"

let private lines = [ long; wide; "line 1"; "line 60" ]

let private shown =
    [
        for columns in [ 3; 20; 40; 80; 120; 200 ] do
            test $"{columns} columns: lines are whole, and nothing of the moving line is left beside them" {
                use screen = new Screen(columns)

                play screen (fun _ ->
                    let found = screen.Lines
                    let last = List.last found

                    Expect.equal
                        (List.truncate (found.Length - 1) found)
                        (List.truncate (found.Length - 1) lines)
                        "above"

                    Expect.isLessThan (Cells.width last) columns "the moving line takes one row")

                let found = screen.Lines
                Expect.equal (List.truncate 4 found) lines "lines"

                if columns >= 80 then
                    Expect.stringContains found[4] "120/120  loss 1.75" "the last step stays"

                Expect.equal (List.last found) "next" "what comes after begins below"
                Expect.equal found.Length 6 "nothing else"
            }
        for name, columns in
            [
                "narrower and wider", [ 50; 110; 40; 120 ]
                "narrower each time", [ 100; 70; 50; 30 ]
            ] do
            test $"a terminal that is made {name}" {
                use screen = new Screen(120)
                let mutable at = 0

                play screen (fun _ ->
                    screen.Resize columns[at % columns.Length]
                    at <- at + 1)

                let found = screen.Lines
                Expect.equal (List.truncate 4 found) lines "lines"
                Expect.equal (List.last found) "next" "what comes after begins below"
                Expect.equal found.Length 6 "nothing else"
            }
    ]

let private phases =
    [
        test "what goes on is said, with how much of it is done" {
            let signs = ProgressScreen.signs Encoding.UTF8

            let line phase (seconds: float) =
                ProgressScreen.phaseLine signs phase (TimeSpan.FromSeconds seconds)

            Expect.stringContains (line (RunPhase "loading the model") 75.0) "loading the model  0:01:15" "no count"
            let counted = line (RunPhase("teacher's states", 10, 40)) 5.0
            Expect.stringStarts counted "━━━━━───────────────  teacher's states  10/40 rows  0:00:05" "a count"
            Expect.stringContains counted "0:00:15 left" "time left"
        }
        test "an encoding without lines and dots gets hyphens and stops" {
            let signs = ProgressScreen.signs Encoding.ASCII
            let line = ProgressScreen.stepLine signs (progress 60)
            Expect.stringStarts line "##########..........  60/120" "a bar"
            Expect.isTrue (Seq.forall Char.IsAscii line) "nothing else"
        }
        test "a text is cut between characters" {
            for text, columns, expected in
                [
                    "abc", 3, "abc"
                    "abcd", 3, "ab…"
                    "日本語", 6, "日本語"
                    "日本語", 5, "日本…"
                    "日本語", 4, "日…"
                    "e\u0301e\u0301e\u0301", 2, "e\u0301…"
                    "a", 0, ""
                    "ab", 1, "…"
                ] do
                Expect.equal (Cells.fit "…" columns text) expected $"{text} in {columns}"
        }
    ]

[<Tests>]
let tests = testList "LiveLine" (shown @ phases)
