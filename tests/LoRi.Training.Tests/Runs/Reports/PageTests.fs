/// Every cell of the pages, read without a browser, and the pages as a browser shows them.
module LoRi.Training.Tests.PageTests

open System
open System.IO
open System.Net
open System.Text.RegularExpressions
open Expecto
open LoRi.Runs.Reports
open LoRi.Training.Tests.SamplePages

let private decoded (text: string) = string (WebUtility.HtmlDecode text)

/// Tables as their headers and rows.
let private tables (page: string) =
    let cells tag (text: string) =
        [
            for cell in Regex.Matches(text, $"<{tag}[^>]*>(.*?)</{tag}>", RegexOptions.Singleline) ->
                decoded cell.Groups[1].Value
        ]

    [
        for table in Regex.Matches(page, "<table>(.*?)</table>", RegexOptions.Singleline) ->
            let rows =
                [
                    for row in Regex.Matches(table.Groups[1].Value, "<tr[^>]*>(.*?)</tr>", RegexOptions.Singleline) ->
                        row.Groups[1].Value
                ]

            cells "th" rows.Head, List.map (cells "td") rows.Tail
    ]

/// Columns that hold words.
let private words =
    set
        [
            "run"
            "data"
            "mode"
            "standardisation"
            "method"
            "setting"
            "what it does"
        ]

/// A column of likeliest tokens.
let private isTokens (header: string) =
    header = "level" || Regex.IsMatch(header, @"^step \d+$")

/// A number, numbers in parentheses or with a word between them, or a dash where there is none.
let private isNumber (text: string) =
    let number = @"-?\d[\d,]*(\.\d+)?(e-?\d+)?"

    text = "-"
    || text = "not a number"
    || Regex.IsMatch(text, $@"^{number}(( to | / ){number})*( \({number}(( to |, ){number})*\))?$")

/// What no reader of a page should meet.
let private strange (text: string) =
    Regex.IsMatch(text, @"System\.|Microsoft\.|LoRi\.|`\d|NaN|Infinity|\\u[0-9a-fA-F]{4}|∞|\{0\}|�")

let private checkCells (page: string) =
    let found = tables page
    Expect.isNonEmpty found "tables"

    for headers, rows in found do
        let isSettings = List.head headers = "setting"

        for row: string list in rows do
            Expect.equal row.Length headers.Length $"cells under {headers}"

            for header, cell in List.zip headers row do
                Expect.isFalse (strange cell) $"{header}: {cell}"

                if not (isSettings || words.Contains header || isTokens header) then
                    Expect.isTrue (isNumber cell) $"a number under {header}: '{cell}'"

    for value in Regex.Matches(page, "<(dd|p|h\d|figcaption|text|span)[^>]*>([^<]*)<") do
        let text = decoded value.Groups[2].Value
        Expect.isFalse (strange text) text

let private withRuns (names: string list) (check: string list -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-page").FullName

    try
        check [ for name in names -> writeRun folder name ]
    finally
        Directory.Delete(folder, true)

let private column (header: string) (page: string) =
    [
        for headers, rows in tables page do
            match List.tryFindIndex ((=) header) headers with
            | Some index -> yield! List.map (List.item index) rows
            | None -> ()
    ]

let private cells =
    [
        test "every cell of a report is what its column promises" {
            withRuns [ "student"; "baseline" ] (fun runs ->
                let page = runPage runs
                checkCells page

                for share in [ "rank for 90 %"; "95 %"; "99 %" ] do
                    Expect.hasLength (column share page) 12 share

                    for rank in column share page do
                        Expect.isTrue (Int32.Parse rank >= 1 && Int32.Parse rank <= 6) $"{share}: {rank}"

                Expect.contains (column "loss" page) "1.82e6" "a large loss")
        }
        test "every cell of a demonstration is what its column promises" { checkCells (demoPage "one-per-token") }
        test "a loss that is no number is told in words, other gaps are dashes" {
            withRuns [ "student" ] (fun runs ->
                File.WriteAllText(
                    Path.Combine(runs[0], "metrics.jsonl"),
                    "{\"step\": 1, \"loss\": \"NaN\", \"tokens\": 1e999}\n"
                )

                let page = runPage runs
                checkCells page
                Expect.equal (column "loss" page) [ "not a number" ] "loss"
                Expect.equal (column "tokens" page) [ "-" ] "tokens")
        }
        test "tokens are shown as they are written in programs, and small probabilities with their digits" {
            for token, shown in
                [
                    "\n", "\"\\n\""
                    "\t\r", "\"\\t\\r\""
                    "\\n", "\"\\\\n\""
                    "\u0007", "\"U+0007\""
                    " the", "\" the\""
                    "\uD800", "\"\uFFFD\""
                ] do
                Expect.equal (TokenText.Quote token) shown "token"

            for share, shown in
                [
                    1.0, "100 %"
                    0.12, "12 %"
                    0.0999, "10.0 %"
                    0.05, "5.0 %"
                    2.1e-5, "0.0021 %"
                    2.0e-5, "0.0020 %"
                    1e-9, "under 0.00001 %"
                    0.0, "0 %"
                    nan, "-"
                ] do
                Expect.equal (TokenText.Percent share) shown "probability"
        }
    ]

let private widths = [ 400; 1280 ]

/// No error, nothing forbidden, no sideways scrolling of the page, and the same cells as without a browser.
let checkShown (page: string) =
    let layouts, console = Browser.look widths page
    Expect.isEmpty console "messages of the browser's console"
    Expect.equal (layouts |> List.map _.Width) widths "widths"

    for layout in layouts do
        Expect.isLessThanOrEqual layout.Needed layout.Width "the page is not scrolled sideways"
        Expect.equal layout.CrossedTitles 0 "titles of axes"
        Expect.isEmpty layout.Spilt $"texts inside their boxes at {layout.Width}"
        Expect.equal layout.Scripts 0 "nothing that runs or loads"
        Expect.isTrue (layout.Cells |> List.forall (strange >> not)) "cells as shown"

    layouts

/// Nothing wrong for readers with little sight or no mouse, in light and in dark, with everything open that opens.
let checkAudited (page: string) =
    Browser.show page (fun shown ->
        Browser.evaluate shown "document.querySelectorAll('details').forEach(d => d.open = true); return 0"
        |> ignore

        for isDark, width in [ false, 1280; true, 1280; false, 400; true, 400 ] do
            Browser.dark shown isDark
            Browser.resize shown width
            Expect.isEmpty (Browser.audit shown) $"axe, dark: {isDark}, {width} pixels"

        Expect.isEmpty (Browser.measure shown 400).Spilt "texts of what was opened")

/// The keyboard reaches every table, latent step and fold in their order; a step shows its tokens, a fold opens.
let private checkKeys (page: string) =
    let focused =
        "const e = document.activeElement, s = getComputedStyle(e);
         const top = e.querySelector(':scope > .top');
         return [e.tagName.toLowerCase(), s.outlineStyle !== 'none' && s.outlineWidth !== '0px', !top || getComputedStyle(top).display === 'block']"

    Browser.show page (fun shown ->
        Browser.resize shown 1280

        let stops =
            Browser.evaluate
                shown
                "return [...document.querySelectorAll('[tabindex], summary')].filter(e => e.checkVisibility()).map(e => e.tagName.toLowerCase())"

        Expect.isGreaterThan (stops.GetArrayLength()) 3 "stops"

        for stop in stops.EnumerateArray() do
            Browser.press shown "Tab"
            let found = Browser.evaluate shown focused
            Expect.equal (found[0].GetString()) (stop.GetString()) "the next stop"
            Expect.isTrue (found[1].GetBoolean()) "it can be seen"
            Expect.isTrue (found[2].GetBoolean()) "a latent step shows its tokens"

            if stop.GetString() = "summary" then
                Browser.press shown "Enter"

                Expect.isTrue
                    ((Browser.evaluate shown "return document.activeElement.parentElement.open").GetBoolean())
                    "a fold opens"

                Browser.press shown "Enter")

let private shown =
    [
        test "a report in a browser" {
            withRuns [ "student"; "baseline" ] (fun runs ->
                let page = runPage runs
                let layouts = checkShown page
                Expect.equal layouts[1].Title "lori report: student, baseline" "title"
                Expect.equal layouts[1].ScrolledTables 0 "tables fit on a screen")
        }
        test "a report of runs with long and hostile names in a browser" {
            let name =
                "<script>alert(1)</script><img src=x onerror=alert(2)>" + String('w', 120)

            withRuns [ name.Replace("/", "\u2215") ] (fun runs ->
                let layouts = checkShown (runPage runs)
                Expect.stringContains layouts[0].Title "<script>" "the title is text")
        }
        test "a demonstration in a browser" {
            let layouts = checkShown (demoPage "one-per-token")
            Expect.equal layouts[1].ScrolledTables 0 "tables fit on a screen"
            checkShown (demoPage (String('w', 300))) |> ignore
        }
        test "the browser sees a page that is wrong" {
            let page =
                "<!doctype html><meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
                + "<title>t</title><div style='width:900px'>wide</div><script>alert(1)</script>"

            let layouts, console = Browser.look widths page
            Expect.isGreaterThan layouts[0].Needed 400 "a page that is too wide"
            Expect.isNonEmpty console "what the policy forbids"
            Expect.equal layouts[0].Scripts 1 "a script"

            let poor =
                "<!doctype html><title>t</title><p style='color:#ccc;width:40px'>incomprehensibilities</p>"

            let layouts, _ = Browser.look [ 400 ] poor
            Expect.equal layouts[0].Spilt [ "incomprehensibilities" ] "a text that is wider than its box"

            Browser.show poor (fun shown ->
                let found = Browser.audit shown
                Expect.exists found _.StartsWith("color-contrast") "a text that is too pale"
                Expect.exists found _.StartsWith("html-has-lang") "a page without a language")
        }
        test "pages can be read with little sight, without a mouse, in light and in dark" {
            withRuns [ "student"; "baseline" ] (fun runs ->
                for page in [ runPage runs; demoPage "one-per-token" ] do
                    checkAudited page
                    checkKeys page)
        }
    ]

[<Tests>]
let tests =
    testList "Pages" [ yield! cells; testSequenced (testList "in a browser" shown) ]
