/// The core's project file is the book's table of contents: chapters are folders, in one order, and nothing of front ends or files
/// stands in them.
module LoRi.Math.Tests.ChapterTests

open System
open System.IO
open System.Text.RegularExpressions
open System.Xml.Linq
open Expecto

let private folder = Path.Combine(AppContext.BaseDirectory, "Core")

let private attribute name (element: XElement) =
    match element.Attribute(XName.Get name) with
    | null -> failtest $"an element without {name}: {element}"
    | found -> found.Value

/// Files in the order of the compiler, with the label of the group that each stands in.
let private contents =
    [
        for group in XDocument.Load(Path.Combine(folder, "LoRi.Math.fsproj")).Descendants(XName.Get "ItemGroup") do
            for file in group.Elements(XName.Get "Compile") -> attribute "Label" group, attribute "Include" file
    ]

let private chapterOf (file: string) = file.Split('/')[0]

/// Names of modules and types that a chapter's files define.
let private definitions chapter =
    contents
    |> List.filter (fun (_, file) -> chapterOf file = chapter)
    |> List.collect (fun (_, file) ->
        [
            for found in
                Regex.Matches(
                    File.ReadAllText(Path.Combine(folder, file)),
                    @"^(?:type|module)(?: private| internal)? (\w+)",
                    RegexOptions.Multiline
                ) -> found.Groups[1].Value
        ])

[<Tests>]
let tests =
    testList
        "Chapters"
        [
            test "every file stands in a chapter, and a chapter is one group and one folder" {
                let groups = contents |> List.groupBy fst |> List.map (snd >> List.map snd)
                Expect.isGreaterThan groups.Length 4 "chapters"

                for files in groups do
                    Expect.hasLength (List.distinctBy chapterOf files) 1 $"the folder of {files.Head}"

                let chapters = groups |> List.map (List.head >> chapterOf)
                Expect.equal (List.distinct chapters) chapters "no chapter is resumed later"
            }
            test "no file is left out" {
                let there =
                    Directory.GetFiles(folder, "*.fs", SearchOption.AllDirectories)
                    |> Array.map (fun path -> Path.GetRelativePath(folder, path).Replace('\\', '/'))

                Expect.equal (Set.ofArray there) (Set.ofList (List.map snd contents)) "files"
            }
            test "no chapter speaks of what a later one defines" {
                let chapters = contents |> List.map (snd >> chapterOf) |> List.distinct

                for index, chapter in List.indexed chapters do
                    let later =
                        chapters |> List.skip (index + 1) |> List.collect definitions |> Set.ofList

                    let earlier =
                        chapters |> List.take (index + 1) |> List.collect definitions |> Set.ofList

                    for _, file in contents |> List.filter (fun (_, file) -> chapterOf file = chapter) do
                        let used =
                            Regex.Matches(File.ReadAllText(Path.Combine(folder, file)), @"`([A-Z]\w+)(?:\.\w+)?`")
                            |> Seq.map (fun found -> found.Groups[1].Value)
                            |> Set.ofSeq

                        Expect.isEmpty
                            (Set.intersect used (later - earlier))
                            $"{file} names, in backticks, a later chapter"
            }
            test "no option of a command line and no file stands in the core" {
                for _, file in contents do
                    let text = File.ReadAllText(Path.Combine(folder, file))

                    let found =
                        Regex.Match(
                            text,
                            @"--[a-z]{2,}[\w-]*|\.safetensors|\b(?:anchor\.std|layer\.basis|component\.variance)\b"
                        )

                    Expect.isFalse found.Success $"{file}: {found.Value}"
            }
        ]
