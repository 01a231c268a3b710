/// The README's chart: drawn from the table of the demonstration's page, so that no number stands in it that is not there.
module LoRi.Cli.Tests.ResultsFigure

open System
open System.Globalization
open System.Net

/// A row of the table: a method, its accuracy over all seeds with its interval, each seed's, and the tokens it writes.
type Row =
    {
        Label: string
        Accuracy: float
        Low: float
        High: float
        Seeds: float list
        Tokens: float
    }

let private number (text: string) =
    Double.Parse(text, CultureInfo.InvariantCulture)

let private row (cells: string array) =
    let accuracy =
        cells[1].Split([| ' '; '('; ')'; '-' |], StringSplitOptions.RemoveEmptyEntries)

    {
        Label = cells[0].Trim '*'
        Accuracy = number accuracy[0]
        Low = number accuracy[1]
        High = number accuracy[2]
        Seeds = [ for seed in cells[2].Split '/' -> number seed ]
        Tokens = number cells[4]
    }

/// The rows of the page's table that gives each seed.
let rows (page: string) =
    page.Split '\n'
    |> Array.skipWhile (fun line ->
        not (line.StartsWith("| method | accuracy % | each seed", StringComparison.Ordinal)))
    |> Array.skip 2
    |> Array.takeWhile _.StartsWith('|')
    |> Array.map (fun line -> row (line.Trim('|').Split '|' |> Array.map _.Trim()))
    |> List.ofArray

let private width, head, pitch, left, wide, tokens = 1000, 78, 36, 292, 420, 860

let private style =
    """<style>
svg { --ink: #1f2933; --soft: #52606d; --line: #9aa5b1; --paper: #ffffff; --track: #e9edf1; --bar: #8794a2; --hero: #b3520a; --dot: #1f2933; font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; background: var(--paper); }
@media (prefers-color-scheme: dark) { svg { --ink: #e6edf3; --soft: #a3b1c0; --line: #5b6875; --paper: #0d1117; --track: #1d252e; --bar: #6f7f90; --hero: #f0a162; --dot: #ffffff; } }
text { fill: var(--ink); font-size: 17px; } .soft { fill: var(--soft); font-size: 15px; } .head { font-weight: 600; } .hero { fill: var(--hero); font-weight: 700; } .end { text-anchor: end; } .mid { text-anchor: middle; }
.track { fill: var(--track); } .bar { fill: var(--bar); } .bar.hero { fill: var(--hero); } .dot { fill: var(--paper); stroke: var(--dot); stroke-width: 2; } .tick { stroke: var(--line); stroke-width: 1; }
</style>"""

let private invariant (text: FormattableString) = FormattableString.Invariant text

let private at share =
    float left + (share / 100.0 * float wide)

let private bar index (row: Row) =
    let top = head + index * pitch
    let line = top + 23
    let hero = if row.Label = "LoRi" then " hero" else ""
    let label = WebUtility.HtmlEncode row.Label

    [
        invariant $"""<text class="end{hero}" x="{left - 14}" y="{line}">{label}</text>"""
        invariant $"""<rect class="track" x="{left}" y="{top + 6}" width="{wide}" height="24" rx="3"/>"""
        invariant
            $"""<rect class="bar{hero}" x="{left}" y="{top + 6}" width="{at row.Accuracy - float left:F1}" height="24" rx="3"/>"""
        for seed in row.Seeds do
            invariant $"""<circle class="dot" cx="{at seed:F1}" cy="{top + 18}" r="4.5"/>"""
        invariant $"""<text class="end{hero}" x="{left + wide + 90}" y="{line}">{row.Accuracy:F1} %%</text>"""
        invariant $"""<text class="end{hero}" x="{tokens + 76}" y="{line}">{row.Tokens:F1}</text>"""
    ]

let private ticks bottom =
    [
        for share in [ 0; 25; 50; 75; 100 ] do
            let x = at (float share)
            invariant $"""<path class="tick" d="M{x:F1} {bottom}v6"/>"""
            invariant $"""<text class="soft mid" x="{x:F1}" y="{bottom + 24}">{share}</text>"""
    ]

let private described (rows: Row list) =
    rows
    |> List.map (fun row ->
        invariant $"{row.Label}: {row.Accuracy:F1} %% ({row.Low:F1} to {row.High:F1}), {row.Tokens:F1} tokens")
    |> String.concat "; "
    |> WebUtility.HtmlEncode

/// The chart of these rows as an SVG that follows the reader's light or dark scheme.
let draw (rows: Row list) =
    let bottom = head + rows.Length * pitch + 4
    let height = bottom + 36
    let seeds = rows |> List.map _.Seeds.Length |> List.max

    [
        invariant
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title desc">"""
        """<title id="title">Accuracy and written tokens of the demonstration's methods</title>"""
        $"""<desc id="desc">{described rows}.</desc>"""
        style
        invariant $"""<rect width="{width}" height="{height}" style="fill: var(--paper)"/>"""
        invariant $"""<text class="head" x="{left}" y="30">Accuracy in per cent</text>"""
        invariant $"""<text class="soft" x="{left}" y="54">bar: {seeds} seeds together; rings: each seed</text>"""
        invariant $"""<text class="head end" x="{tokens + 76}" y="30">Tokens written</text>"""
        invariant $"""<text class="soft end" x="{tokens + 76}" y="54">for a question</text>"""
        yield! rows |> List.mapi bar |> List.concat
        yield! ticks bottom
        "</svg>"
    ]
    |> String.concat "\n"
    |> fun text -> text + "\n"
