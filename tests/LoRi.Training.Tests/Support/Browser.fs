/// Pages in a real browser: Chromium without a window, where this machine has one.
module LoRi.Training.Tests.Browser

open System
open System.Diagnostics
open System.IO
open System.Net
open System.Text.Json
open System.Text.RegularExpressions
open Expecto

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
        | "" ->
            let folders =
                (string (Environment.GetEnvironmentVariable "PATH")).Split Path.PathSeparator

            Seq.allPairs names folders
            |> Seq.map (fun (name, folder) -> Path.Combine(folder, name))
            |> Seq.tryFind File.Exists
        | given -> Some given

let private measuring =
    """<script>addEventListener('load', () => {
  const crosses = svg => { const title = svg.querySelector('.label[transform]'); if (!title) return false;
    const a = title.getBoundingClientRect();
    return [...svg.querySelectorAll('.tick')].some(t => { const b = t.getBoundingClientRect();
      return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom; }); };
  document.getElementById('found').textContent = JSON.stringify([...document.querySelectorAll('iframe')].map(frame => {
    const d = frame.contentDocument, all = name => [...d.querySelectorAll(name)];
    return { width: d.documentElement.clientWidth, needed: d.documentElement.scrollWidth,
      scrolled: all('.wide').filter(t => t.scrollWidth > t.clientWidth + 1).length, crossed: all('figure > svg').filter(crosses).length,
      title: d.title, scripts: all('script, iframe, object, embed, img, link').length, cells: all('td, dd').map(c => c.textContent) }; }));
});</script>"""

/// The page in a frame of each width, and a script that measures them. What the page itself may load and run stays its own matter.
let private wrapped (widths: int list) (page: string) =
    let frame (width: int) =
        $"<iframe style='width:{width}px;height:900px;border:0' srcdoc=\"{WebUtility.HtmlEncode page}\"></iframe>"

    $"<!doctype html><meta charset='utf-8'><body>{String.Concat(List.map frame widths)}<pre id='found'></pre>{measuring}"

let private layout (found: JsonElement) =
    let number (name: string) = found.GetProperty(name).GetInt32()

    {
        Width = number "width"
        Needed = number "needed"
        ScrolledTables = number "scrolled"
        CrossedTitles = number "crossed"
        Title = string (found.GetProperty("title").GetString())
        Scripts = number "scripts"
        Cells =
            [
                for cell in found.GetProperty("cells").EnumerateArray() -> string (cell.GetString())
            ]
    }

let private run (program: string) (folder: string) =
    let info =
        ProcessStartInfo(program, RedirectStandardOutput = true, RedirectStandardError = true)

    for argument in
        [
            "--headless"
            "--no-sandbox"
            "--disable-gpu"
            "--hide-scrollbars"
            "--disable-dev-shm-usage"
            "--enable-logging=stderr"
            "--v=0"
            $"""--user-data-dir={Path.Combine(folder, "profile")}"""
            "--virtual-time-budget=5000"
            "--dump-dom"
            Uri(Path.Combine(folder, "page.html")).AbsoluteUri
        ] do
        info.ArgumentList.Add argument

    use browser = nonNull (Process.Start info)

    let out, error =
        browser.StandardOutput.ReadToEndAsync(), browser.StandardError.ReadToEndAsync()

    if not (browser.WaitForExit 120_000) then
        browser.Kill true
        failtest "the browser did not end within two minutes"

    out.Result, error.Result

/// The page at each width, and what the browser's console says of it: script errors, and all that the page's policy forbade. The
/// test is skipped, and counted, where there is no browser.
let look (widths: int list) (page: string) =
    match program.Value with
    | None -> skiptest "there is no chromium on this machine"
    | Some program ->
        let folder = Directory.CreateTempSubdirectory("lori-browser").FullName

        try
            File.WriteAllText(Path.Combine(folder, "page.html"), wrapped widths page)
            let out, error = run program folder

            let found =
                Regex.Match(out, "<pre id=\"found\">(.*?)</pre>", RegexOptions.Singleline)

            Expect.isTrue found.Success $"the page was measured: {error}"

            let layouts =
                JsonDocument.Parse(string (WebUtility.HtmlDecode found.Groups[1].Value)).RootElement

            [ for one in layouts.EnumerateArray() -> layout one ],
            [
                for line in error.Split '\n' do
                    if line.Contains "CONSOLE" then
                        line
            ]
        finally
            Directory.Delete(folder, true)
