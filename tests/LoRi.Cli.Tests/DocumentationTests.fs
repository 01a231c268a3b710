/// The pages for readers: the reference of commands is what `--help` says, every link leads somewhere, and no paragraph is a wall.
module LoRi.Cli.Tests.DocumentationTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli
open LoRi.Cli.Tests.Running

let private mostLines, mostLetters = 5, 160

let private repository =
    lazy
        match goldenFolder.Value with
        | Some golden -> Path.GetFullPath(Path.Combine(golden, "../../.."))
        | None -> skiptest "the source tree is not here"

/// The pages, by their paths in the repository.
let private pages () =
    [
        for name in
            [
                "README.md"
                "CONTRIBUTING.md"
                "SECURITY.md"
                "CHANGELOG.md"
                "proofs/README.md"
                "src/PACKAGE.md"
            ] do
            name
        for path in Directory.GetFiles(Path.Combine(repository.Value, "docs"), "*.md", SearchOption.AllDirectories) do
            let page = Path.GetRelativePath(repository.Value, path)

            if not (page.StartsWith "docs/template/") then
                page
    ]

let private text (page: string) =
    File.ReadAllText(Path.Combine(repository.Value, page))

/// A page without its blocks of code.
let private prose (page: string) =
    Regex.Replace(text page, @"^```.*?^```", "", RegexOptions.Singleline ||| RegexOptions.Multiline)

/// The name that a heading gets where pages are shown.
let private anchors (page: string) =
    [
        for heading in Regex.Matches(prose page, @"^#+ (.+)$", RegexOptions.Multiline) ->
            Regex.Replace(heading.Groups[1].Value.Trim().ToLowerInvariant(), @"[^\w\- ]", "").Replace(' ', '-')
    ]

let private links (page: string) =
    [
        for link in Regex.Matches(prose page, @"\]\(([^)\s]+)\)") -> link.Groups[1].Value
    ]

let private broken (page: string) =
    let folder = nonNull (Path.GetDirectoryName page)

    [
        for link in links page do
            let parts = link.Split '#'

            let path =
                if parts[0] = "" then
                    page
                else
                    Path.GetRelativePath(repository.Value, Path.Combine(repository.Value, folder, parts[0]))

            if not (link.StartsWith("http", StringComparison.Ordinal)) then
                if not (Path.Exists(Path.Combine(repository.Value, path))) then
                    $"{page}: {link}: there is no such file"
                elif parts.Length > 1 && not (List.contains parts[1] (anchors path)) then
                    $"{page}: {link}: there is no such heading"
    ]

/// Blocks of text between empty lines that are neither table, list, heading nor code.
let private paragraphs (page: string) =
    (prose page).Split("\n\n")
    |> Array.map _.Trim()
    |> Array.filter (fun block -> not (Regex.IsMatch(block, @"^(\||#|- |\d+\. |!\[)")))

let private reference () =
    [
        yield
            """# Every command

What `lori COMMAND --help` says; written by the tests from the declarations, not by hand. `lori completion bash` (`zsh`, `fish`) writes a
script that completes commands and options.

Exit codes: 0 done, 1 failed (also where a file is bad, one of settings included), 2 bad usage.
"""
        for command in Registry.commands () do
            let help = (lori [ yield! command.Page.Name.Split ' '; "--help" ]).Out
            yield $"## {command.Page.Name}\n\n```\n{help.TrimEnd()}\n```\n"
    ]
    |> String.concat "\n"

[<Tests>]
let tests =
    testList
        "Documentation"
        [
            test "the reference of commands is their help" {
                repository.Force() |> ignore
                expectGolden "../../../docs/commands.md" (reference ())
            }
            test "the chart of results is drawn from the demonstration's table" {
                let rows = ResultsFigure.rows (text "docs/demonstration.md")

                Expect.exists rows (fun row -> row.Label = "LoRi" && row.Seeds.Length > 1) "LoRi's seeds"
                expectGolden "../../../docs/images/results.svg" (ResultsFigure.draw rows)
            }
            test "every link leads to a file, and to a heading in it" {
                Expect.equal (List.collect broken (pages ())) [] "broken links"
            }
            test "every page of the documentation can be reached from its first one" {
                let docs =
                    [
                        for page in pages () do
                            if page.StartsWith "docs/" then
                                page
                    ]

                let linked = [ for link in links "docs/README.md" -> "docs/" + link.Split('#')[0] ]
                Expect.equal (List.except ("docs/README.md" :: linked) docs) [] "pages without a link"
            }
            test "no paragraph and no line is a wall" {
                for page in pages () do
                    if page = "README.md" || page.StartsWith "docs/" then
                        for block in paragraphs page do
                            Expect.isLessThanOrEqual (block.Split('\n').Length) mostLines $"{page}: lines of: {block}"

                            for line in block.Split '\n' do
                                Expect.isLessThanOrEqual line.Length mostLetters $"{page}: {line}"
            }
        ]
