/// The pictures of a page: what is in them, that they stand alone, and that their text stays inside.
module LoRi.Training.Tests.PictureTests

open System
open System.Collections.Generic
open System.IO
open System.Text.RegularExpressions
open System.Xml.Linq
open Expecto
open LoRi.Models.Reasoning
open LoRi.Runs.Reports

let private line (name: string) hasLegend =
    let series = ChartSeries(name, [| 1.0; 2.0; 3.0 |], [| 3.0; 2.0; 1.0 |], 0)
    Chart("Loss", "step", "nats", [| series |], HasLegend = hasLegend)

let private bar index =
    OverviewBar($"run {index}", 0.25, 0.125, 0.5)

/// A card with as many latent steps as the chain has tokens.
let private card (text: string) (steps: int) =
    let level = [| LatentToken(text, 0.5) |] :> IReadOnlyList<_>

    let strip =
        LatentStrip("chain", Array.create steps text, null, [| for _ in 1..steps -> [| level |] |])

    OverviewCard("Question", [| struct ("question", text) |], Strip = strip)

let private draw title bars charts cards =
    SlideCard.Draw(Overview(title, bars, charts, cards))

/// The picture's elements of a name; it must be well-formed, with nothing that runs or loads.
let private elements (name: string) (picture: string) =
    let all = XDocument.Parse(picture).Descendants() |> List.ofSeq

    for element in all do
        Expect.contains
            [ "svg"; "title"; "rect"; "g"; "path"; "line"; "polyline"; "circle"; "text" ]
            element.Name.LocalName
            "an element of the picture's own"

        for attribute in element.Attributes() do
            let name = attribute.Name.LocalName
            Expect.isFalse (name.StartsWith "on" || name.EndsWith "href" || name = "class" || name = "style") name

    [
        for element in all do
            if element.Name.LocalName = name then
                element
    ]

let private texts picture =
    elements "text" picture |> List.map _.Value

let private number (element: XElement) (name: string) =
    match element.Attribute(XName.Get name) with
    | null -> 0.0
    | found -> Double.Parse(found.Value, Globalization.CultureInfo.InvariantCulture)

/// What moves and scales an element: across, down, and how large.
let rec private place (element: XElement) =
    let x, y, scale =
        match element.Parent with
        | null -> 0.0, 0.0, 1.0
        | parent -> place parent

    let transform = string (element.Attribute(XName.Get "transform"))

    let numbers =
        [
            for found in Regex.Matches(transform, @"-?\d+(\.\d+)?") ->
                Double.Parse(found.Value, Globalization.CultureInfo.InvariantCulture)
        ]

    if transform.Contains "rotate" then
        x, y, scale
    elif transform.Contains "translate" then
        x + scale * numbers[0], y + scale * numbers[1], scale
    elif transform.Contains "scale" then
        x, y, scale * numbers[0]
    else
        x, y, scale

let private checkInside (picture: string) =
    let root = (elements "svg" picture).Head
    let width, height = number root "width", number root "height"

    for text in elements "text" picture do
        let left, top, scale = place text
        let x, y = left + scale * number text "x", top + scale * number text "y"
        let wide = scale * SvgText.Width(text.Value, number text "font-size")

        let start, finish =
            match text.Attribute(XName.Get "text-anchor") with
            | null -> x, x + wide
            | anchor when anchor.Value = "end" -> x - wide, x
            | _ -> x - wide / 2.0, x + wide / 2.0

        Expect.isTrue
            (start >= 0.0 && finish <= width && y >= 0.0 && y <= height)
            $"{text.Value}: {start} to {finish}, {y}"

/// What an attacker would write wherever a file takes text.
let private hostile =
    "</text><script>alert(1)</script>'\"><image href='x'/>&\u202E\u0007\uD800\uFFFF"

let private pictures =
    [
        test "a picture holds what was found, accuracies against tokens and a question, and is as large as a slide's" {
            let bars =
                [|
                    bar 1
                    OverviewBar("run 2", 0.25, 0.125, 0.5, Tokens = 12.0, IsHero = true)
                |]

            let picture =
                draw "run 2 answers 25 %" bars [| line "a" true |] [| card "2 + 2" 2 |]

            let root = (elements "svg" picture).Head
            Expect.equal (number root "width", number root "height") (1200.0, 630.0) "size"

            Expect.containsAll
                (texts picture)
                [
                    "run 2 answers 25 %"
                    "run 1"
                    "run 2"
                    "25.0 %"
                    "12.0"
                    "2 + 2"
                    "latent steps read"
                ]
                "texts"

            Expect.isFalse
                (List.contains "Loss" (texts picture))
                "where there are accuracies, curves are left to the page"

            checkInside picture
            let charts = draw "Title" [||] [| line "a" true |] [||]
            Expect.containsAll (texts charts) [ "Loss"; "nats"; "a" ] "a chart where nothing was measured"
            checkInside charts
        }
        test "what there is not takes no room" {
            let empty = Chart("Loss", "step", "nats", [| ChartSeries("run", [||], [||], 0) |])
            Expect.equal (texts (draw "Title" [||] [| empty |] [||])) [ "Title" ] "texts"
            Expect.isFalse (Overview("Title", [||], [| empty |], [||]).HasContent) "nothing below the title"

            let scale picture =
                [ for group in elements "g" picture -> let _, _, scale = place group in scale ]
                |> List.max

            let narrow = draw "Title" [||] [| line "a" false; line "a" false |] [| card "x" 4 |]

            Expect.isGreaterThan
                (scale (draw "Title" [||] [| line "a" false |] [||]))
                (scale narrow)
                "a chart alone is larger"

            Expect.isFalse
                (List.contains "Tokens written for a question" (texts (draw "Title" [| bar 1 |] [||] [||])))
                "tokens that were not counted"
        }
        test "long texts stay inside the picture, and what is too long says so" {
            for wide in
                [
                    String('w', 4000)
                    String.replicate 900 "word "
                    String.replicate 900 "\U0001F600"
                ] do
                let bars = [| OverviewBar(wide, 1.0, 0.9, 1.0, Tokens = 1e6, IsHero = true) |]

                for picture in
                    [
                        draw wide bars [||] [| card wide 3 |]
                        draw wide [||] [| line wide true |] [||]
                    ] do
                    checkInside picture
                    Expect.isGreaterThan (texts picture |> List.filter _.EndsWith(" ...") |> List.length) 1 "marks"
        }
        test "more latent steps than a picture shows are counted" {
            for steps in [ 1; 10; 19; 20; 200 ] do
                let picture = draw "Title" [||] [||] [| card "x" steps |]
                checkInside picture
                let boxes = (elements "rect" picture).Length - 2
                let left = texts picture |> List.filter _.StartsWith("+") |> List.sumBy int
                Expect.equal (boxes + left) steps $"{steps} steps"
        }
        test "a title of two lines is broken between words" {
            let title = String.concat " " [ for i in 1..30 -> $"word{i}" ]
            let picture = draw title [| bar 1 |] [||] [||]
            checkInside picture
            let first, second = (texts picture)[0], (texts picture)[1]
            Expect.stringStarts title first "the first line"
            Expect.isFalse (first.EndsWith " ...") "whole"
            Expect.stringStarts (title.Substring(first.Length).Trim()) (second.Replace(" ...", "")) "the second"
        }
        test "a chart of one line has a legend only where it is asked for" {
            Expect.isFalse (List.contains "run" (texts (ChartFiles.Draw(line "run" false)))) "the name is nowhere"
            Expect.contains (texts (ChartFiles.Draw(line "run" true))) "run" "the name is in the legend"
        }
        test "legends of many lines take more rows" {
            let series =
                [|
                    for i in 0..20 ->
                        ChartSeries($"a run with a longer name {i}", [| 1.0; 2.0 |], [| 0.5; float i |], i, i)
                |]

            let picture = ChartFiles.Draw(Chart("Loss", "step", "nats", series))
            checkInside picture
            Expect.hasLength (elements "polyline" picture) 42 "lines and their samples"
        }
        test "more runs than a picture shows are counted" {
            for count, shown, more in [ 8, 8, 0; 9, 7, 2; 80, 7, 73 ] do
                let picture = draw "Title" (Array.init count bar) [||] [||]
                checkInside picture
                Expect.equal (texts picture |> List.filter ((=) "25.0 %") |> List.length) shown "runs"
                Expect.equal (List.contains $"{more} more are on the page." (texts picture)) (more > 0) "the rest"
        }
        test "no text becomes markup, and all of it is XML" {
            let bars = [| OverviewBar(hostile, 0.5, 0.25, 0.75) |]

            let chart =
                Chart(
                    hostile,
                    hostile,
                    hostile,
                    [| ChartSeries(hostile, [| 1.0; 2.0 |], [| 3.0; 2.0 |], 0) |],
                    HasLegend = true
                )

            for picture in [ draw hostile bars [| chart |] [| card hostile 2 |]; ChartFiles.Draw chart ] do
                Expect.isTrue (texts picture |> List.exists _.Contains("<script>")) "the text itself is shown"
        }
    ]

let private lines =
    [
        test "a line is no wider than asked for, and is left as it is where it fits" {
            let words =
                String.Join(
                    ' ',
                    [
                        for i in 1..60 -> String.replicate (1 + i % 23) (string (char (97 + i % 26)))
                    ]
                )

            for width in [ 40.0; 100.0; 333.0; 5000.0; 1e6 ] do
                let line = SvgText.Cut(words, width, 15.0)
                Expect.isLessThanOrEqual (SvgText.Width(line, 15.0)) width $"{width}"
                Expect.stringStarts words (line.Replace(" ...", "")) "its beginning"
                Expect.equal (line = words) (SvgText.Width(words, 15.0) <= width) "whole where it fits"

            Expect.equal (SvgText.Cut("a\nb\tc", 1000.0, 15.0)) "a b c" "one line"
            Expect.equal (SvgText.Cut("", 100.0, 15.0)) "" "nothing"
        }
        test "characters of two parts are not torn" {
            for width in 20.0..5.0..200.0 do
                let line = SvgText.Cut(String.replicate 40 "\U0001F600", width, 15.0)

                Expect.isFalse
                    (line.Contains '\uFFFD'
                     || line |> Seq.exists Char.IsLowSurrogate && Char.IsLowSurrogate line[0])
                    "start"

                Expect.equal (line |> Seq.filter Char.IsSurrogate |> Seq.length |> fun count -> count % 2) 0 "pairs"
        }
    ]

let private files =
    [
        test "each chart is a file of its own beside the page, named after its title" {
            let folder = Directory.CreateTempSubdirectory("lori-charts").FullName

            try
                let titled (title: string) =
                    Chart(title, "step", "nats", [| ChartSeries("a", [| 1.0; 2.0 |], [| 3.0; 2.0 |], 0) |])

                let empty = Chart("Empty", "step", "nats", [| ChartSeries("a", [||], [||], 0) |])

                let titles =
                    [ "Loss term: order"; "Loss term; order"; "../..\\\u0000<b>"; "\u00e4" ]

                let page = Path.Combine(folder, "page.html")
                let written = ChartFiles.Write(page, [| yield! List.map titled titles; empty |])
                Expect.equal written (Path.Combine(folder, "page-charts")) "folder"

                Expect.equal
                    [
                        for file in Directory.GetFiles(nonNull written) |> Array.sort -> Path.GetFileName file
                    ]
                    [ "b.svg"; "chart.svg"; "loss-term-order-2.svg"; "loss-term-order.svg" ]
                    "names"

                Expect.isNull (ChartFiles.Write(page, [| empty |])) "nothing to draw"
            finally
                Directory.Delete(folder, true)
        }
    ]

[<Tests>]
let tests = testList "Picture" (pictures @ lines @ files)
