namespace LoRi.Cli

open System
open System.Globalization
open System.IO
open System.Text
open Spectre.Console

/// Columns of a terminal that texts take: wide characters take two, marks that join others none.
module Cells =
    /// The columns of a text on one line.
    let width (text: string) = text.GetCellWidth()

    /// As much of a text as fits into some columns, with an ellipsis where something is left out.
    let fit (ellipsis: string) (columns: int) (text: string) =
        if width text <= columns then
            text
        else
            let parts = StringInfo.GetTextElementEnumerator text
            let kept = StringBuilder()
            let mutable left = columns - width ellipsis
            let mutable fits = true

            while fits && parts.MoveNext() do
                let part = parts.GetTextElement()
                left <- left - width part
                fits <- left >= 0

                if fits then
                    kept.Append part |> ignore

            if columns < width ellipsis then
                ""
            else
                kept.Append(ellipsis).ToString()

/// A line at the foot of a terminal that is drawn again and again, with other lines above it. It never takes the last column, so that
/// it does not wrap by itself; where the terminal was made narrower since, what it wrapped is taken away too.
type LiveLine(writer: TextWriter, columns: unit -> int, ellipsis: string) =
    let gate = obj ()
    let mutable text = ""
    let mutable shown = 0

    /// To the first column of the first row that the line takes, with its rows erased one by one: some terminals keep what is erased
    /// down to their foot in their history.
    let erase () =
        let above = if shown = 0 then 0 else (shown - 1) / max 1 (columns ())
        shown <- 0
        "\r\027[K" + String.replicate above "\027[A\027[K"

    let draw () =
        let fitting = Cells.fit ellipsis (max 0 (columns () - 1)) text
        shown <- Cells.width fitting
        fitting

    /// Shows another text in the line.
    member _.Show(line: string) =
        lock gate (fun () ->
            text <- line
            writer.Write(erase () + draw ())
            writer.Flush())

    /// Writes a line above, which may be longer than the terminal is wide.
    member _.Above(line: string) =
        lock gate (fun () ->
            writer.Write(erase () + line + "\n" + draw ())
            writer.Flush())

    /// Takes the line away.
    member this.Clear() = this.Show ""

    /// Leaves the line where it is; what is written next begins below it.
    member _.Keep() =
        lock gate (fun () ->
            if shown > 0 then
                writer.Write "\n"

            text <- ""
            shown <- 0
            writer.Flush())
