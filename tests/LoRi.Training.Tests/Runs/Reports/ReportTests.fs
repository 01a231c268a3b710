/// The pages about runs and demonstrations: what they show, that nothing of the data becomes markup, what is refused.
module LoRi.Training.Tests.ReportTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Runs.Reports
open LoRi.Training.Tests.SharedFiles

/// What an attacker would write wherever a file takes text.
let private hostile =
    "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>&\u202E\u0007\uD800"

let private json (text: string) =
    System.Text.Json.JsonSerializer.Serialize text

let private metrics =
    [
        for step in 1..30 ->
            $$"""{"step": {{step}}, "tokens": {{step * 10}}, "loss": {{if step = 5 then "1e308" else string (2.0 / float step)}}, "task": {{1.0 / float step}}, "order": 0, {{json hostile}}: 0.5, "learning_rate": 0.001, "gradient_norm": {{if step = 3 then "\"NaN\"" else "1.5"}}, "seconds": 2.5}"""
            + "\n"
    ]

let private evaluation =
    $$"""{"dataset": {{json hostile}}, "examples": 4, "correct": 1, "accuracy": 0.25, "accuracy_strict": 0.5, "ci95": [0.1, 0.6], "seconds": 2, "tokens_generated": 12}"""

/// A run without a model in a folder of its own.
let private withRun (check: string -> string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-report").FullName

    try
        let run = Path.Combine(folder, "<b>run")
        Directory.CreateDirectory(Path.Combine(run, "test")) |> ignore

        let write (name: string) (text: string) =
            File.WriteAllText(Path.Combine(run, name), text)

        write
            "config.json"
            $$"""{"command": "distill", "answer_prefix": {{json hostile}}, "data": ["a", "b"], "seed": 7}"""

        write "metrics.jsonl" (String.concat "" metrics)
        write "test/evaluation.json" evaluation
        check folder run
    finally
        Directory.Delete(folder, true)

let private report (runs: string list) (output: string) =
    ReportStage.Run(ReportOptions(Runs = runs, Output = output), Action<string> ignore)
    |> File.ReadAllText

/// The message of the refusal.
let private refused (runs: string list) (output: string) =
    refusal (fun () ->
        report runs output |> ignore
        new MemoryStream() :> IDisposable)

/// Every tag that the page writes itself.
let private ownTags =
    set (
        "html head meta title style body main h1 h2 h3 p div table thead tbody tr th td section dl dt dd figure figcaption svg line text path g polyline circle span details summary ol li"
            .Split
            ' '
    )

let private safe (page: string) =
    for tag in Regex.Matches(page, "<([^>]*)>") do
        let name = Regex.Match(tag.Groups[1].Value, "^/?([a-z0-9!]+)").Groups[1].Value
        Expect.isTrue (ownTags.Contains name || tag.Value = "<!doctype html>") $"a tag of the page's own: {tag.Value}"
        let bare = Regex.Replace(tag.Value, "'[^']*'|\"[^\"]*\"", "")
        Expect.isFalse (Regex.IsMatch(bare, @"\s(on\w+|src|href)\s*=")) $"nothing that runs or loads: {tag.Value}"

    Expect.isFalse (page.Contains "url(" || page.Contains "@import") "nothing from elsewhere"
    Expect.isFalse (page.Contains '\u202E' || page.Contains '\u0007') "nothing that cannot be seen"
    Expect.stringContains page "&lt;script&gt;alert(1)&lt;/script&gt;" "the text itself is shown"

let private tableCells (page: string) =
    [
        for cell in Regex.Matches(page, "<td[^>]*>([^<]*)</td>") -> cell.Groups[1].Value
    ]

let private pages =
    [
        test "a page shows curves, accuracy and settings, and no text becomes markup" {
            withRun (fun folder run ->
                let page = report [ run ] (Path.Combine(folder, "page.html"))
                safe page

                let captions =
                    [ for m in Regex.Matches(page, "<figcaption>([^<]*)<") -> m.Groups[1].Value ]

                Expect.equal
                    captions[..2]
                    [
                        "Right answers with their 95 % interval, and tokens written for a question"
                        "Loss term: task"
                        "Total loss"
                    ]
                    "charts"

                Expect.isFalse (List.contains "Loss term: order" captions) "a term that is off"
                Expect.containsAll captions [ "Learning rate"; "Gradient before clipping" ] "charts"

                Expect.containsAll
                    (tableCells page)
                    [ "25.0"; "10.0 to 60.0"; "50.0"; "30"; "300"; "seed"; "7" ]
                    "cells"

                let picture = File.ReadAllText(Path.Combine(folder, "page.svg"))

                Expect.stringStarts
                    picture
                    "<svg xmlns='http://www.w3.org/2000/svg' width='1200' height='630'"
                    "picture"

                Expect.isTrue (File.Exists(Path.Combine(folder, "page-charts", "total-loss.svg"))) "a chart")
        }
        test "several runs share their charts, and settings that differ stand out" {
            withRun (fun folder run ->
                let other = Path.Combine(folder, "other")
                Directory.CreateDirectory other |> ignore
                File.WriteAllText(Path.Combine(other, "config.json"), """{"command": "distill", "seed": 8}""")
                File.WriteAllText(Path.Combine(other, "metrics.jsonl"), String.concat "" metrics)
                let page = report [ run; other ] (Path.Combine(folder, "page.html"))

                let figure =
                    Regex.Match(page, "<figure class='chart.*?</figure>", RegexOptions.Singleline).Value

                Expect.equal
                    [
                        for line in Regex.Matches(figure, "<g class='([^']*)'>") -> line.Groups[1].Value
                    ]
                    [ "c1"; "c0 strong" ]
                    "lines of the first chart, that of the evaluated run above the other"

                let marked =
                    [
                        for m in Regex.Matches(page, "<tr class='mark'><td[^>]*>([^<]*)") -> m.Groups[1].Value
                    ]

                Expect.equal marked [ "answer_prefix"; "data"; "seed" ] "differing settings")
        }
        test "losses of teachers and students are not drawn into one chart" {
            withRun (fun folder run ->
                let teacher = Path.Combine(folder, "teacher")
                Directory.CreateDirectory teacher |> ignore
                File.WriteAllText(Path.Combine(teacher, "config.json"), """{"command": "teach", "seed": 8}""")
                File.WriteAllText(Path.Combine(teacher, "metrics.jsonl"), String.concat "" metrics)
                let page = report [ run; teacher ] (Path.Combine(folder, "page.html"))

                let lines =
                    [
                        for figure in Regex.Matches(page, "<figure class='chart.*?</figure>", RegexOptions.Singleline) ->
                            Regex.Match(figure.Value, "<figcaption>([^<]*)").Groups[1].Value,
                            Regex.Count(figure.Value, "<g class='c")
                    ]

                for title in [ "Total loss"; "Loss term: task"; "Learning rate" ] do
                    for role in [ "students"; "teachers" ] do
                        Expect.contains lines ($"{title} ({role})", 1) "a chart for each")
        }
        test "a metrics line that is being written is left out, a damaged one is refused by number" {
            withRun (fun folder run ->
                let file = Path.Combine(run, "metrics.jsonl")
                File.AppendAllText(file, "{\"step\": 31, \"lo")
                Expect.containsAll (tableCells (report [ run ] (Path.Combine(folder, "p.html")))) [ "30" ] "last step"
                File.AppendAllText(file, "\n")
                let message = refused [ run ] (Path.Combine(folder, "p.html"))
                Expect.stringContains message "metrics.jsonl, line 31: it is not JSON" "message")
        }
        test "what is not a run is refused" {
            withRun (fun folder run ->
                for runs, wanted in
                    [
                        [ Path.Combine(folder, "none") ], "there is no such folder"
                        [ folder ], "is not a run"
                    ] do
                    let message = refused runs (Path.Combine(folder, "p.html"))
                    Expect.stringContains message wanted "message"

                File.WriteAllText(Path.Combine(run, "test", "evaluation.json"), """{"dataset": 3}""")
                let message = refused [ run ] (Path.Combine(folder, "p.html"))
                Expect.stringContains message "evaluation.json: \"dataset\" has a value of the wrong kind" "message")
        }
        test "a demonstration has a page from its file, and no text becomes markup" {
            withRun (fun folder run ->
                let text = json hostile

                let row correct =
                    $$"""{"method": {{text}}, "seed": 0, "examples": 4, "correct": {{correct}}, "accuracy": 0.5, "ci95": [0, 1], "per_length": {"1": 1, "2": 0.25}, "steps": 1, "seconds": 1, "tokens_generated": 8, "latency_ms": 1, "examples_per_length": {"1": 1, "2": 4} }"""

                let example =
                    $$"""{"Question": {{text}}, "Gold": "1", "Teacher": "2", "Student": "3", "Latents": ["4"]}"""

                let demo correct =
                    $$"""{"setting": {{text}}, "quick": true, "seeds": [0], "seconds_per_step": {}, "seconds": 1, "rows": [{{row correct}}], "ranks": [], "worked_examples": [{{example}}]}"""

                let write correct =
                    File.WriteAllText(Path.Combine(run, "demo.json"), demo correct)

                write 2
                let page = report [ run ] (Path.Combine(folder, "page.html"))
                safe page
                Expect.containsAll (tableCells page) [ "50.0"; "100.0 (21 to 100)" ] "cells"
                write 5
                Expect.stringContains (refused [ run ] (Path.Combine(folder, "p.html"))) "more right answers" "message")
        }
    ]

let private axes =
    [
        test "axes have a few round ticks inside their range, whatever the range" {
            for low, high, logarithmic in
                [
                    0.0, 1.0, false
                    -3.0, 1e9, false
                    5.0, 5.0, false
                    0.0, 0.0, false
                    1e-300, 1e300, true
                    0.03, 7.0, true
                    1e-9, 3e-9, false
                ] do
                let axis = ChartAxis.Of(low, high, logarithmic)

                Expect.isTrue
                    (axis.Ticks.Count >= 2 && axis.Ticks.Count <= 16)
                    $"{low} to {high}: {axis.Ticks.Count} ticks"

                Expect.isTrue
                    (axis.Position low >= -1e-9 && axis.Position high <= 1.0 + 1e-9)
                    $"{low} to {high}: inside"

                for tick in axis.Ticks do
                    let at = axis.Position tick
                    Expect.isTrue (at >= -1e-6 && at <= 1.0 + 1e-6) $"{low} to {high}: tick {tick}"
        }
        test "a long series keeps its peaks" {
            let values = [| for i in 1..100_000 -> if i = 54_321 then 99.0 else float (i % 7) |]
            let series = ChartSeries("x", [| for i in 1..100_000 -> float i |], values, 0)
            let points = series.Points false
            Expect.isTrue (points.Count <= 1200) $"{points.Count} points"
            Expect.exists points (fun (struct (x, y)) -> x = 54_321.0 && y = 99.0) "peak"
        }
    ]

[<Tests>]
let tests = testList "Report" (pages @ axes)
