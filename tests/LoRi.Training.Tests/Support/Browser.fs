/// Pages in a real browser: Chromium without a window, where this machine has one.
module LoRi.Training.Tests.Browser

open System
open System.Collections.Concurrent
open System.IO
open System.Text.Json
open Deque.AxeCore.Commons
open Expecto
open PuppeteerSharp
open PuppeteerSharp.Media

/// A page as the browser laid it out at one width.
type Layout =
    {
        Width: int
        /// Pixels that the whole page takes; more than its width where it has to be scrolled sideways.
        Needed: int
        /// Tables that do not fit and are scrolled by themselves.
        ScrolledTables: int
        /// Charts where the title of the vertical axis runs through its tick labels.
        CrossedTitles: int
        /// Texts that stick out of their box, of the page, or of their picture.
        Spilt: string list
        Title: string
        Scripts: int
        Cells: string list
    }

let private names = [ "chromium"; "chromium-browser"; "google-chrome"; "chrome" ]

/// The browser's program: LORI_CHROMIUM, or what the search path has.
let private program =
    lazy
        match Environment.GetEnvironmentVariable "LORI_CHROMIUM" with
        | null
        | "" -> List.tryPick Programs.onPath names
        | given -> Some given

let private wait (work: Threading.Tasks.Task<'T>) =
    if work.Wait 120_000 then
        work.Result
    else
        failtest "the browser did not answer within two minutes"

let private finish (work: Threading.Tasks.Task) =
    if not (work.Wait 120_000) then
        failtest "the browser did not answer within two minutes"

/// One browser for all tests; it ends with this process.
let private browser =
    lazy
        (let program =
            match program.Value with
            | Some program -> program
            | None -> skiptest "there is no chromium on this machine"

         let options =
             LaunchOptions(
                 ExecutablePath = program,
                 Headless = true,
                 Args =
                     [|
                         "--no-sandbox"
                         "--disable-gpu"
                         "--hide-scrollbars"
                         "--disable-dev-shm-usage"
                     |]
             )

         let browser = wait (Puppeteer.LaunchAsync options)
         AppDomain.CurrentDomain.ProcessExit.Add(fun _ -> finish (browser.CloseAsync()))
         browser)

/// An open page, and what its console said: script errors, and all that the page's policy forbade.
type Shown =
    {
        Page: IPage
        Console: ConcurrentQueue<string>
    }

let resize (shown: Shown) (width: int) =
    finish (shown.Page.SetViewportAsync(ViewPortOptions(Width = width, Height = 900)))

/// As a reader who likes it dark, or light, sees it.
let dark (shown: Shown) (isDark: bool) =
    let scheme =
        MediaFeatureValue(MediaFeature = MediaFeature.PrefersColorScheme, Value = (if isDark then "dark" else "light"))

    finish (shown.Page.EmulateMediaFeaturesAsync [ scheme ])

let evaluate (shown: Shown) (body: string) =
    wait (shown.Page.EvaluateFunctionAsync<JsonElement>($"() => {{ {body} }}"))

let press (shown: Shown) (key: string) =
    finish (shown.Page.Keyboard.PressAsync key)

/// Shows what lies under an address to a check. The test is skipped, and counted, where there is no browser.
let private reach (until: WaitUntilNavigation) (address: string) (check: Shown -> unit) =
    let browser = browser.Value
    let opened = wait (browser.NewPageAsync())

    try
        let console = ConcurrentQueue<string>()
        opened.Console.Add(fun said -> console.Enqueue said.Message.Text)
        opened.PageError.Add(fun error -> console.Enqueue error.Message)
        opened.RequestFailed.Add(fun request -> console.Enqueue $"not loaded: {request.Request.Url}")
        wait (opened.GoToAsync(address, until)) |> ignore
        check { Page = opened; Console = console }
    finally
        finish (opened.CloseAsync())

/// Shows a page of a site, once it has loaded all that it wants.
let visit (address: string) (check: Shown -> unit) =
    reach WaitUntilNavigation.Networkidle0 address check

/// Shows a page to a check.
let show (page: string) (check: Shown -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-browser").FullName

    try
        let file = Path.Combine(folder, "page.html")
        File.WriteAllText(file, page)
        reach WaitUntilNavigation.Load (Uri(file).AbsoluteUri) check
    finally
        Directory.Delete(folder, true)

let private measuring =
    """const d = document, all = name => [...d.querySelectorAll(name)], view = d.documentElement.clientWidth;
const scrolled = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolled(e.parentElement));
const crosses = svg => { const title = svg.querySelector('.label[transform]'); if (!title) return false;
  const a = title.getBoundingClientRect();
  return [...svg.querySelectorAll('.tick')].some(t => { const b = t.getBoundingClientRect();
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom; }); };
const box = e => getComputedStyle(e).display.startsWith('inline') && e.parentElement ? box(e.parentElement) : e;
const spilt = [], walker = d.createTreeWalker(d.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) { const node = walker.currentNode, text = node.data.trim(); if (!text) continue;
  const parent = node.parentElement, svg = parent.closest('svg'), range = d.createRange(); range.selectNodeContents(node);
  const around = (svg || box(parent)).getBoundingClientRect();
  if ([...range.getClientRects()].some(r => r.width > 0 && (r.right > around.right + 1 || r.left < around.left - 1
      || (r.right > view + 1 && !scrolled(parent))))) spilt.push(text.slice(0, 60)); }
return { width: view, needed: d.documentElement.scrollWidth,
  scrolled: all('.wide').filter(t => t.scrollWidth > t.clientWidth + 1).length, crossed: all('figure > svg').filter(crosses).length,
  spilt, title: d.title, scripts: all('script, iframe, object, embed, img, link').length, cells: all('td, dd').map(c => c.textContent) };"""

let private texts (list: JsonElement) =
    [ for one in list.EnumerateArray() -> string (one.GetString()) ]

/// What the browser made of the page at a width.
let measure (shown: Shown) (width: int) =
    resize shown width
    let found = evaluate shown measuring
    let number (name: string) = found.GetProperty(name).GetInt32()

    {
        Width = number "width"
        Needed = number "needed"
        ScrolledTables = number "scrolled"
        CrossedTitles = number "crossed"
        Spilt = texts (found.GetProperty "spilt")
        Title = string (found.GetProperty("title").GetString())
        Scripts = number "scripts"
        Cells = texts (found.GetProperty "cells")
    }

/// The page at each width, and its console.
let look (widths: int list) (page: string) =
    let mutable found = [], []

    show page (fun shown ->
        let layouts = List.map (measure shown) widths
        found <- layouts, List.ofSeq shown.Console)

    found

let private axe = lazy BundledAxeScriptProvider().GetScript()

/// What axe finds wrong for readers who see little, hear the page or have no mouse.
let audit (shown: Shown) =
    wait (shown.Page.EvaluateExpressionAsync<JsonElement>(axe.Value + "\n;null")) |> ignore

    evaluate
        shown
        "return axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations.flatMap(rule =>
           rule.nodes.map(node => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`)))"
    |> texts
