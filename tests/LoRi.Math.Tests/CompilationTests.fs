/// What the types must reject does not compile, and its correct twin does: in F# and in C#.
module LoRi.Math.Tests.CompilationTests

open System
open System.IO
open System.Text.Json
open System.Text.RegularExpressions
open System.Xml.Linq
open Expecto
open FSharp.Compiler.CodeAnalysis
open FSharp.Compiler.Text
open LoRi.Math
open Microsoft.CodeAnalysis
open Microsoft.CodeAnalysis.CSharp

/// Source files that come with the tests, and the page of the core with its snippets.
let private source name =
    File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "MustNotCompile", name))

/// That page's one code block of a language.
let private snippet language =
    let blocks =
        Regex.Matches(source "core.md", $"```{language}\n(.*?)```", RegexOptions.Singleline)

    Expect.hasLength blocks 1 $"blocks of {language}"
    blocks[0].Groups[1].Value

/// The notebook's code, without what only a notebook understands.
let private notebook () =
    let cells =
        JsonDocument.Parse(source "subspace.ipynb").RootElement.GetProperty "cells"

    [
        for cell in cells.EnumerateArray() do
            if cell.GetProperty("cell_type").GetString() = "code" then
                for line in cell.GetProperty("source").EnumerateArray() do
                    match line.GetString() with
                    | null -> ()
                    | line when line.StartsWith '#' || line.StartsWith "display(" -> ()
                    | line -> line
    ]
    |> String.concat ""

/// Errors that comments at line ends announce: line number (from 1) and code.
let private announced (text: string) =
    text.Split '\n'
    |> Array.indexed
    |> Array.choose (fun (index, line) ->
        let found = Regex.Match(line, @"// ((?:FS|CS)\d{4})\s*$")

        if found.Success then
            Some(index + 1, found.Groups[1].Value)
        else
            None)
    |> Array.sort
    |> Array.distinct

/// Assemblies that this program itself runs on, and the core.
let private references =
    let platform =
        match AppContext.GetData "TRUSTED_PLATFORM_ASSEMBLIES" with
        | :? string as paths -> paths.Split Path.PathSeparator
        | _ -> [||]

    let own =
        [| typeof<RawTensor>.Assembly.Location; typeof<list<int>>.Assembly.Location |]

    let names = own |> Array.map Path.GetFileName |> Set.ofArray
    let framework = Path.GetDirectoryName typeof<obj>.Assembly.Location

    platform
    |> Array.filter (fun path -> Path.GetDirectoryName path = framework && not (names.Contains(Path.GetFileName path)))
    |> Array.append own

/// Line and code of every error of an F# file.
let private fsharpErrors (name: string) (text: string) =
    let checker = FSharpChecker.Create()
    let path = Path.Combine(Path.GetTempPath(), name)

    let options =
        {
            ProjectFileName = "MustNotCompile.fsproj"
            ProjectId = None
            SourceFiles = [| path |]
            OtherOptions =
                [|
                    yield!
                        [
                            "--targetprofile:netcore"
                            "--noframework"
                            "--nowarn:3370"
                            "--target:library"
                        ]
                    for reference in references -> "-r:" + reference
                |]
            ReferencedProjects = [||]
            IsIncompleteTypeCheckEnvironment = false
            UseScriptResolutionRules = false
            LoadTime = DateTime.UnixEpoch
            UnresolvedReferences = None
            OriginalLoadReferences = []
            Stamp = None
        }

    let _, answer =
        checker.ParseAndCheckFileInProject(path, 0, SourceText.ofString text, options)
        |> Async.RunSynchronously

    match answer with
    | FSharpCheckFileAnswer.Succeeded results ->
        results.Diagnostics
        |> Array.filter (fun one -> one.Severity = FSharp.Compiler.Diagnostics.FSharpDiagnosticSeverity.Error)
        |> Array.map (fun one -> one.StartLine, $"FS%04d{one.ErrorNumber}")
        |> Array.sort
        |> Array.distinct
    | FSharpCheckFileAnswer.Aborted -> failtest "the check was aborted"

/// Line and code of every error of a C# file.
let private csharpErrors kind (text: string) =
    let files =
        [
            for path in references -> MetadataReference.CreateFromFile path :> MetadataReference
        ]

    let options = CSharpCompilationOptions kind
    let tree = CSharpSyntaxTree.ParseText text

    CSharpCompilation.Create("MustNotCompile", [ tree ], files, options).GetDiagnostics()
    |> Seq.filter (fun one -> one.Severity = DiagnosticSeverity.Error)
    |> Seq.map (fun one -> one.Location.GetLineSpan().StartLinePosition.Line + 1, one.Id)
    |> Array.ofSeq
    |> Array.sort
    |> Array.distinct

let private functionsOf (text: string) pattern =
    [
        for found in Regex.Matches(text, pattern, RegexOptions.Multiline) -> found.Groups[1].Value
    ]
    |> List.sort

/// A list of parameters without the arguments of generic types, whose commas part no parameters.
let rec private withoutTypeArguments (list: string) =
    let shorter = Regex.Replace(list, @"\{[^{}]*\}", "")

    if shorter = list then
        list
    else
        withoutTypeArguments shorter

[<Tests>]
let tests =
    testList
        "Compilation"
        [
            test "every mistake in F# is an error, at its own line and with its own code" {
                let expected = announced (source "Mistakes.fs")
                Expect.isGreaterThan expected.Length 10 "mistakes"
                Expect.equal (fsharpErrors "Mistakes.fs" (source "Mistakes.fs")) expected "errors"
            }
            test "the correct twins in F# compile" {
                Expect.isEmpty (fsharpErrors "Twins.fs" (source "Twins.fs")) "errors"
            }
            test "every mistake in C# is an error, at its own line and with its own code" {
                let expected = announced (source "Mistakes.cs")
                Expect.isGreaterThan expected.Length 3 "mistakes"
                Expect.equal (csharpErrors OutputKind.DynamicallyLinkedLibrary (source "Mistakes.cs")) expected "errors"
            }
            test "the correct twins in C# compile" {
                Expect.isEmpty (csharpErrors OutputKind.DynamicallyLinkedLibrary (source "Twins.cs")) "errors"
            }
            test "the documentation's snippet in F# compiles" {
                let text = "module Snippet\n\n" + snippet "fsharp"
                Expect.isEmpty (fsharpErrors "Snippet.fs" text) "errors"
            }
            test "the examples of the API's reference compile, and say what each parameter is" {
                let reference =
                    XDocument.Load(Path.Combine(AppContext.BaseDirectory, "LoRi.Math.xml"))

                let members = reference.Descendants(XName.Get "member") |> List.ofSeq

                let examples =
                    [
                        for code in reference.Descendants(XName.Get "code") do
                            if string (code.Attribute(XName.Get "lang")) = "lang=\"csharp\"" then
                                code
                    ]

                Expect.isGreaterThanOrEqual examples.Length 2 "examples"

                for code in examples do
                    let usings = "global using System; global using System.Linq;\n"
                    Expect.isEmpty (csharpErrors OutputKind.ConsoleApplication (usings + code.Value)) code.Value

                // Whoever describes one parameter describes all of them.
                for documented in members do
                    let named = documented.Elements(XName.Get "param") |> Seq.length
                    let name = string (documented.Attribute(XName.Get "name"))
                    let list = Regex.Match(name, @"\((.*)\)").Groups[1].Value
                    let flat = withoutTypeArguments list
                    let count = if flat = "" then 0 else flat.Split(',').Length

                    if named > 0 && name.StartsWith "name=\"M:LoRi.Math.Fluent" then
                        Expect.equal named count name
            }
            test "the notebook's code compiles" {
                Expect.equal (fsharpErrors "Notebook.fs" ("module Notebook\n\n" + notebook ())) [||] "errors"
            }
            test "the documentation's snippet in C# compiles" {
                // What a new console project gets without asking.
                let usings = "global using System; global using System.Linq;\n"
                Expect.isEmpty (csharpErrors OutputKind.ConsoleApplication (usings + snippet "csharp")) "errors"
            }
            test "every mistake has its twin" {
                let fsharp, csharp = @"^let (\w+)", @"^    static .*? (\w+)\("
                Expect.equal (functionsOf (source "Mistakes.fs") fsharp) (functionsOf (source "Twins.fs") fsharp) "F#"
                Expect.equal (functionsOf (source "Mistakes.cs") csharp) (functionsOf (source "Twins.cs") csharp) "C#"
            }
        ]
