/// The picture of a page: what is in it, and how its text is broken into lines.
module LoRi.Training.Tests.PictureTests

open System
open System.IO
open Expecto
open LoRi.Runs.Reports
open SkiaSharp

let private charts =
    [|
        Chart("Loss", "step", "nats", [| ChartSeries("run", [| 1.0; 2.0; 3.0 |], [| 3.0; 2.0; 1.0 |], 0) |])
    |]

let private cell row column = $"cell {row} {column}"

let private table rows =
    OverviewTable(
        "Accuracy",
        [| "run"; "accuracy %" |],
        [|
            for row in 1..rows -> [| cell row 1; cell row 2 |] :> Collections.Generic.IReadOnlyList<string>
        |]
    )

let private card (text: string) =
    OverviewCard("Question", [| struct ("question", text); struct ("latent step 1", "\"4\" 90 %") |])

let private draw (overview: Overview) =
    let path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.png")

    try
        PngOverview.Write(path, overview)
        SKBitmap.Decode path
    finally
        File.Delete path

/// Pixels of a picture between two heights that are dark, as ink is.
let private ink (picture: SKBitmap) top bottom =
    Seq.length (
        seq {
            for y in top .. bottom - 1 do
                for x in 0 .. picture.Width - 1 do
                    if picture.GetPixel(x, y).Red < 100uy then
                        y
        }
    )

let private height tables charts cards =
    use picture = draw (Overview("lori report: run", tables, charts, cards))
    picture.Height

let private needFonts () =
    if not PngOverview.HasFonts then
        skiptest "there is no font on this machine"

let private pictures =
    [
        test "a picture holds title, accuracies, charts and questions, each with its own height" {
            needFonts ()

            use whole =
                draw (Overview("lori report: run", [| table 3 |], charts, [| card "2 + 2" |]))

            let title = height [||] [||] [||]
            let accuracy = height [| table 3 |] [||] [||] - title
            let drawn = height [||] charts [||] - title
            let questions = height [||] [||] [| card "2 + 2" |] - title
            Expect.equal whole.Height (title + accuracy + drawn + questions) "together"
            Expect.isGreaterThan (height [| table 4 |] [||] [||]) (title + accuracy) "a row more"
            let parts = [ title - 24; accuracy; drawn; questions ]
            let tops = List.scan (+) 0 parts

            for name, (top, bottom) in List.zip [ "title"; "accuracy"; "charts"; "questions" ] (List.pairwise tops) do
                Expect.isGreaterThan (ink whole top bottom) 100 $"ink of the {name}"
        }
        test "a table without rows, and charts without points, take no room" {
            needFonts ()
            let empty = Chart("Loss", "step", "nats", [| ChartSeries("run", [||], [||], 0) |])
            Expect.equal (height [| table 0 |] [| empty |] [||]) (height [||] [||] [||]) "height"
        }
        test "long texts stay inside the picture, and what is too long says so" {
            needFonts ()
            let wide = String('w', 4000)

            use picture =
                draw (Overview(wide, [| table 1 |], [||], [| card wide; card (String.replicate 900 "word ") |]))

            let mutable outside = 0

            for y in 0 .. picture.Height - 1 do
                for x in picture.Width - 8 .. picture.Width - 1 do
                    if picture.GetPixel(x, y).Red < 100uy then
                        outside <- outside + 1

            Expect.equal outside 0 "ink in the margin"
        }
        test "a chart of one line has a legend only where it is asked for" {
            needFonts ()

            let pixels (name: string) hasLegend =
                let line = ChartSeries(name, [| 1.0; 2.0; 3.0 |], [| 3.0; 2.0; 1.0 |], 0)
                let chart = Chart("Loss", "step", "nats", [| line |], HasLegend = hasLegend)
                (draw (Overview("Title", [||], [| chart |], [||]))).Bytes

            Expect.isTrue (pixels "run" false = pixels "another name" false) "the name is nowhere"
            Expect.isFalse (pixels "run" true = pixels "another name" true) "the name is in the legend"
        }
        test "more questions than a picture shows are counted" {
            needFonts ()
            let all = height [||] [||] [| for _ in 1..8 -> card "x" |]
            let more = height [||] [||] [| for _ in 1..80 -> card "x" |]
            Expect.isTrue (more > all && more < all + 60) $"a line more: {all}, {more}"
        }
    ]

let private lines =
    [
        test "lines are no wider than asked for, and hold all words in their order" {
            needFonts ()
            use text = new PngText(15.0f, false)

            let words =
                [
                    for i in 1..60 -> String.replicate (1 + i % 23) (string (char (97 + i % 26)))
                ]

            let joined = String.Join(' ', words)

            for width in [ 40.0f; 100.0f; 333.0f; 5000.0f ] do
                let lines = text.Lines(joined, width, 10_000)
                Expect.all lines (fun line -> text.Width line <= width) $"{width}"
                let withoutSpaces (one: string) = one.Replace(" ", "")
                Expect.equal (withoutSpaces (String.Join("", lines))) (withoutSpaces joined) "words"
        }
        test "lines beyond the last are left out, which is marked" {
            needFonts ()
            use text = new PngText(15.0f, false)
            let lines = text.Lines(String.replicate 50 "word ", 100.0f, 3)
            Expect.hasLength lines 3 "lines"
            Expect.stringEnds lines[2] " ..." "mark"
            Expect.isTrue (text.Width lines[2] <= 100.0f) "width"
            Expect.sequenceEqual (text.Lines("a\nb", 100.0f, 3)) [ "a"; "b" ] "line ends"
            Expect.sequenceEqual (text.Lines("", 100.0f, 3)) [ "" ] "nothing"
        }
        test "characters of two parts are not torn" {
            needFonts ()
            use text = new PngText(15.0f, false)

            for line in text.Lines(String.replicate 40 "\U0001F600", 50.0f, 1000) do
                Expect.isFalse (Char.IsLowSurrogate line[0]) "start"
        }
    ]

[<Tests>]
let tests = testList "Picture" (pictures @ lines)
