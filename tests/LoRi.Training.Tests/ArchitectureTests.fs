/// The plan of the house: assemblies know only those that CONTRIBUTING.md draws above them, and their folders make no circle.
module LoRi.Training.Tests.ArchitectureTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Training.Tests.FolderGraph

/// The folder of the sources.
let private root =
    lazy
        (let rec above (folder: DirectoryInfo | null) =
            match folder with
            | null -> skiptest "the source tree is not here"
            | folder when File.Exists(Path.Combine(folder.FullName, "LoRi.sln")) -> folder.FullName
            | folder -> above folder.Parent

         above (DirectoryInfo AppContext.BaseDirectory))

/// Folders of an assembly that hold sources, as its files name them: `Methods/LoRi`.
let private folders (assembly: string) =
    let all = Path.Combine(root.Value, "src", assembly)

    Directory.GetDirectories(all, "*", SearchOption.AllDirectories)
    |> Array.map (fun folder -> Path.GetRelativePath(all, folder).Replace('\\', '/'))
    |> Array.filter (fun folder -> not (Regex.IsMatch(folder, "^(bin|obj)(/|$)")))
    |> Array.sort

let private sources (assembly: string) =
    [
        for folder in Array.append [| "" |] (folders assembly) do
            let path = Path.Combine(root.Value, "src", assembly, folder)

            for file in Directory.GetFiles(path, "*.cs") do
                folder, read (Path.GetRelativePath(root.Value, file)) (File.ReadAllText file)
    ]

/// The rows of the map: each assembly, from the lowest up, with the folders that are drawn in it.
let private drawn =
    lazy
        (let cells =
            File.ReadAllLines(Path.Combine(root.Value, "CONTRIBUTING.md"))
            |> Array.filter _.StartsWith("| ")
            |> Array.map (fun line ->
                [
                    for name in Regex.Matches(line.Split('|')[1], "`([^`]+)`") -> name.Groups[1].Value
                ])

         let add (rows: (string * string list) list) (names: string list) =
             match names, rows with
             | [ name ], _ when name.StartsWith "src/" -> (name.Substring 4, []) :: rows
             | names, (assembly, folders) :: lower when Directory.Exists(Path.Combine(root.Value, "src", assembly)) ->
                 (assembly, folders @ names) :: lower
             | _ -> rows

         Array.fold add [] cells |> List.rev)

/// The assemblies in C#; in F# the order of the files is that of the compiler.
let private shell () =
    [
        for assembly, _ in drawn.Value do
            if File.Exists(Path.Combine(root.Value, "src", assembly, assembly + ".csproj")) then
                assembly
    ]

let private references (assembly: string) =
    [
        for project in Directory.GetFiles(Path.Combine(root.Value, "src", assembly), "*.*proj") do
            for found in Regex.Matches(File.ReadAllText project, "<ProjectReference Include=\"([^\"]+)\"") do
                Path.GetFileName(Path.GetDirectoryName found.Groups[1].Value)
    ]

let private assemblies =
    test "an assembly refers only to those that the map draws above it" {
        let order = [ for assembly, _ in drawn.Value -> assembly ]

        let all =
            Directory.GetDirectories(Path.Combine(root.Value, "src"))
            |> Array.map (fun path -> DirectoryInfo(path).Name)

        Expect.equal (set order) (set all) "the map has every assembly"

        for index, assembly in List.indexed order do
            for used in references assembly do
                Expect.contains (List.truncate index order) used $"{assembly} refers to {used}"
    }

let private rooms =
    test "the map draws every folder of the shell" {
        for assembly in shell () do
            let own = folders assembly |> Array.filter (fun folder -> not (folder.Contains '/'))
            let _, drawn = drawn.Value |> List.find (fun (name, _) -> name = assembly)
            Expect.equal (set drawn) (set own) assembly
    }

let private namespaces =
    test "every folder of the shell is a namespace" {
        for assembly in shell () do
            for folder, source in sources assembly do
                let wanted = (assembly + "/" + folder).TrimEnd('/').Replace('/', '.')
                Expect.equal source.Namespace wanted source.File
    }

let private noCircle =
    test "the folders of an assembly make no circle" {
        for assembly in shell () do
            let found = sources assembly |> List.map snd |> edges |> circles

            let told =
                [
                    for edge in found -> $"{edge.From} uses {edge.To}, for example in {edge.Example}"
                ]

            Expect.equal (String.Join("; ", told)) "" assembly
    }

/// F# is held to its own limit by its formatter, which leaves long texts alone; that of C# knows no limit.
let private width =
    test "no line of C# is longer than 140 characters" {
        let inRooms = [ "src"; "tests"; "samples" ]

        let all =
            [
                for room in inRooms do
                    for file in Directory.GetFiles(Path.Combine(root.Value, room), "*.cs", SearchOption.AllDirectories) do
                        if not (Regex.IsMatch(file, @"[\\/](bin|obj)[\\/]")) then
                            Path.GetRelativePath(root.Value, file), File.ReadAllLines file
            ]

        Expect.isGreaterThan (List.length all) 100 "files of C#"

        let long =
            [
                for file, lines in all do
                    for index, line in Array.indexed lines do
                        if line.Length > 140 then
                            $"{file}, line {index + 1}: {line.Length}"
            ]

        Expect.equal (String.Join("; ", long)) "" "lines that are too long"
    }

/// Native libraries of other packages come for all platforms at once, hundreds of megabytes of them; libtorch is fetched for one.
let private weight =
    test "nothing native is shipped but libtorch" {
        let deps = Directory.GetFiles(AppContext.BaseDirectory, "*.deps.json")
        Expect.isNonEmpty deps "what the program depends on"

        for file in deps do
            let natives =
                [
                    for found in Regex.Matches(File.ReadAllText file, "\"(runtimes/[^\"]*/native/[^\"]*)\"") ->
                        found.Groups[1].Value
                ]

            Expect.isEmpty (natives |> List.filter (fun path -> not (path.Contains "orch"))) file
    }

/// Two folders and the space around them; each case plants one more use.
let private planted =
    let lower = "namespace House.Lower;\npublic class Stone { }"

    let upper =
        "using House.Lower;\nnamespace House.Upper;\npublic class Tile { Stone under; }"

    let around = "namespace House;\npublic record Plan(int Size); // Tile"

    let found (files: string list) =
        files |> List.mapi (fun index text -> read $"{index}.cs" text) |> edges |> circles

    [
        test "a house without a circle has none" { Expect.isEmpty (found [ lower; upper; around ]) "circles" }
        for name, more in
            [
                "by a using", "using House.Upper;\nnamespace House.Lower;\npublic class Beam { Tile over; }"
                "by a name with a dot", "namespace House.Lower;\npublic class Beam { Upper.Tile over; }"
                "by a whole name", "namespace House.Lower;\npublic class Beam { House.Upper.Tile over; }"
            ] do
            test $"a planted circle is found, {name}" {
                Expect.equal
                    (found [ lower; upper; around; more ] |> List.map _.To |> set)
                    (set [ "House.Lower"; "House.Upper" ])
                    "circle"
            }
        test "a planted circle is found, with the namespace around" {
            let inner = "namespace House.Lower;\npublic class Beam { Plan drawn; }"

            let outer =
                "using House.Lower;\nnamespace House;\npublic class Site { Stone first; }"

            Expect.equal
                (found [ lower; around; inner; outer ] |> List.map _.To |> set)
                (set [ "House"; "House.Lower" ])
                "circle"
        }
        test "words in comments and texts are no uses" {
            let inner =
                "namespace House.Lower;\n/// Plan\npublic class Beam { string s = \"Upper.Tile\"; }"

            let outer =
                "using House.Lower;\nnamespace House;\npublic class Site { Stone first; }"

            Expect.isEmpty (found [ lower; upper; around; inner; outer ]) "circles"
        }
    ]

[<Tests>]
let tests =
    testList "Architecture" ([ assemblies; rooms; namespaces; noCircle; width; weight ] @ planted)
