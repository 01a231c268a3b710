/// The built site of the documentation in a browser, for readers who see little, have no mouse, or a narrow screen.
/// Built by .ci/run where its tool is to be had, and named by LORI_SITE; without it these tests are skipped, and counted.
module LoRi.Training.Tests.DocumentationSiteTests

open System
open System.IO
open Expecto

let private site =
    lazy
        match Environment.GetEnvironmentVariable "LORI_SITE" with
        | null
        | "" -> skiptest "no site of the documentation is built: set LORI_SITE"
        | folder -> Path.GetFullPath folder

/// The written pages, and one of each kind of the reference that the assemblies' documentation makes.
let private pages () =
    let written =
        [
            for path in Directory.GetFiles(site.Value, "*.html", SearchOption.AllDirectories) ->
                Path.GetRelativePath(site.Value, path).Replace('\\', '/')
        ]
        |> List.filter (fun page -> not (page.StartsWith "api/") && page <> "toc.html" && page <> "index.html")
        |> List.sort

    written
    @ [
        "api/LoRi.Math.html"
        "api/LoRi.Math.Fluent.Subspaces.html"
        "api/LoRi.Runs.Answers.AnsweringModel.html"
    ]

let private faults (address: string) (page: string) =
    let found = ResizeArray()

    Browser.visit (address + page) (fun shown ->
        for isDark, width in [ false, 1280; true, 400 ] do
            let scheme = if isDark then "dark" else "light"
            Browser.dark shown isDark
            Browser.resize shown width

            for fault in Browser.audit shown do
                found.Add $"{page}, {scheme}, {width} pixels: {fault}"

            if width = 400 then
                let needed = (Browser.measure shown width).Needed

                if needed > width then
                    found.Add $"{page}, {width} pixels: scrolled sideways, to {needed}"

        for said in shown.Console do
            found.Add $"{page}: {said}")

    List.ofSeq found

/// Where the keyboard leads from the top of a page to its end, each stop with whether it can be seen.
let private stops (shown: Browser.Shown) =
    [
        for _ in 1..60 do
            Browser.press shown "Tab"

            let stop =
                Browser.evaluate
                    shown
                    "const e = document.activeElement, s = getComputedStyle(e);
                     return [e.tagName.toLowerCase(), s.outlineStyle !== 'none' || s.boxShadow !== 'none', e.textContent.trim().slice(0, 40)]"

            string (stop[0].GetString()), stop[1].GetBoolean(), string (stop[2].GetString())
    ]
    |> List.takeWhile (fun (tag, _, _) -> tag <> "body")

[<Tests>]
let tests =
    testSequenced
    <| testList
        "Documentation site"
        [
            test "every page can be read with little sight, in light and in dark, on a screen and on a phone" {
                SiteServer.serving site.Value (fun address ->
                    Expect.equal (pages () |> List.collect (faults address)) [] "faults")
            }
            test "the keyboard leads through a page, and what it stands on can be seen" {
                SiteServer.serving site.Value (fun address ->
                    Browser.visit (address + "start.html") (fun shown ->
                        Browser.resize shown 1280
                        let found = stops shown

                        for tag, isSeen, text in found do
                            Expect.isTrue isSeen $"{tag}: {text}"

                        let texts = found |> List.map (fun (_, _, text) -> text) |> List.distinct
                        Expect.isGreaterThan texts.Length 15 "it goes on"))
            }
        ]
