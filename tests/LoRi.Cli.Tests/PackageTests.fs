/// The packages as their users meet them: packed, installed from a folder into projects outside the repository, and run there.
/// That takes minutes, so that it is done where LORI_PACKAGE_TESTS is set, as by .ci/run, and else skipped and counted.
module LoRi.Cli.Tests.PackageTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.Packing

/// The one code block of a language in a page.
let private snippet (repository: string) (page: string) language =
    let blocks =
        Regex.Matches(
            File.ReadAllText(Path.Combine(repository, page)),
            $"```{language}\n(.*?)```",
            RegexOptions.Singleline
        )

    Expect.hasLength blocks 1 $"blocks of {language} in {page}"
    blocks[0].Groups[1].Value

/// Takes the program's own packages from a folder alone and leaves no trace of them among the user's; all others are used as they lie there.
let private sources (feed: string) =
    let installed =
        match Environment.GetEnvironmentVariable "NUGET_PACKAGES" with
        | null
        | "" -> Path.Combine(Environment.GetFolderPath Environment.SpecialFolder.UserProfile, ".nuget", "packages")
        | folder -> folder

    $"""<configuration>
  <config><add key="globalPackagesFolder" value="packages" /></config>
  <fallbackPackageFolders><clear /><add key="installed" value="{installed}" /></fallbackPackageFolders>
  <packageSources><clear /><add key="own" value="{feed}" /><add key="nuget.org" value="https://api.nuget.org/v3/index.json" /></packageSources>
  <packageSourceMapping><clear />
    <packageSource key="own"><package pattern="lori" /><package pattern="LoRi.*" /></packageSource>
    <packageSource key="nuget.org"><package pattern="*" /></packageSource>
  </packageSourceMapping>
</configuration>"""

/// Writes a project that takes these packages, and its program.
let private project (parent: string) (name: string) extension program (packages: (string * string) list) =
    let folder = Directory.CreateDirectory(Path.Combine(parent, name)).FullName

    let references =
        [
            for id, version in packages -> $"""<PackageReference Include="{id}" Version="{version}" />"""
        ]
        |> String.concat ""

    let source = if extension = "fsproj" then "Program.fs" else "Program.cs"

    let compile =
        if extension = "fsproj" then
            """<Compile Include="Program.fs" />"""
        else
            ""

    file
        folder
        $"{name}.{extension}"
        $"""<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework>
<ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable><TreatWarningsAsErrors>true</TreatWarningsAsErrors></PropertyGroup>
<ItemGroup>{compile}{references}</ItemGroup></Project>"""
    |> ignore

    file folder source program |> ignore
    folder

/// The page's program, as one that shows an error of the library as the line that it is.
let private answering (program: string) (model: string) =
    let usings, body =
        program.Split '\n' |> Array.partition _.StartsWith("using LoRi", StringComparison.Ordinal)

    let lines = String.concat "\n"
    let body = (lines body).Replace("runs/student", model)

    $"{lines usings}\nusing LoRi.Files;\ntry\n{{\n{body}\n}}\ncatch (InputException e)\n{{\nConsole.Error.WriteLine(e.Message);\nreturn 3;\n}}\nreturn 0;\n"

let private asLibrary repository parent own =
    let core =
        project parent "csharp" "csproj" (snippet repository "docs/core.md" "csharp") [ "LoRi.Math", own ]

    Expect.stringContains (fst (runIn core 0 "dotnet" [ "run" ])) "L_mean of each example: 0.9677" "C#"

    let core =
        project parent "fsharp" "fsproj" (snippet repository "docs/core.md" "fsharp") [ "LoRi.Math", own ]

    Expect.stringContains (fst (runIn core 0 "dotnet" [ "run" ])) "L_mean of each example: " "F#"

let private withModels repository parent own =
    let model = TinyFolder.model parent "model"

    let program = answering (snippet repository "src/PACKAGE.md" "csharp") model
    let packages = [ "LoRi.Runs", own ]
    let without = project parent "without" "csproj" program packages
    let _, error = runIn without 3 "dotnet" [ "run" ]
    Expect.equal (error.Trim().Split('\n').Length) 1 $"one line: {error}"
    Expect.stringContains error "libtorch-cpu-linux-x64" "what to reference"

    let libtorch =
        project parent "with" "csproj" program (("libtorch-cpu-linux-x64", "2.10.0") :: packages)

    runIn libtorch 0 "dotnet" [ "run" ] |> ignore

/// A new user's way: from a plain model to a student that is trained, evaluated, handed out and asked again.
let private asNewUser (lori: string) (parent: string) =
    let run arguments = fst (runIn parent 0 lori arguments)

    let data = TinyFolder.data parent "rows.jsonl" TinyFolder.rows
    let training = [ "--data"; data; "--steps"; "2"; "--batch-size"; "2" ]
    run [ "data"; "--data"; data; "--model"; "model" ] |> ignore
    run ([ "teach"; "--model"; "model"; "--output"; "teacher" ] @ training) |> ignore

    run (
        [
            "distill"
            "--method"
            "lori"
            "--teacher"
            "teacher"
            "--output"
            "student"
            "--latent-steps"
            "2"
        ]
        @ training
    )
    |> ignore

    run [ "evaluate"; "--model"; "student"; "--data"; data; "--output"; "answers" ] |> ignore

    run [ "export"; "--model"; "student"; "--output"; "out" ] |> ignore

    let ask model =
        run
            [
                "generate"
                "--model"
                model
                "--prompt"
                "What is 1 + 2 ?"
                "--max-new-tokens"
                "8"
            ]

    Expect.equal (ask "out") (ask "student") "what was handed out answers alike"

/// The README's line as it is typed in a clone, with folders of its own for the packages and in place of the user's tools.
let private installation repository (feed: string) (tools: string) =
    let line =
        Regex.Match(
            File.ReadAllText(Path.Combine(repository, "README.md")),
            "^dotnet (tool install .*)$",
            RegexOptions.Multiline
        )

    Expect.isTrue line.Success "README.md says how the tool is installed"

    line.Groups[1].Value.Split ' '
    |> List.ofArray
    |> List.collect (function
        | "--global" -> [ "--tool-path"; tools ]
        | "packages" -> [ feed ]
        | word -> [ word ])

let private asTool repository (feed: string) parent (own: string) =
    runIn repository 0 "dotnet" (installation repository feed (Path.Combine(parent, "tool")))
    |> ignore

    let lori = Path.Combine(parent, "tool", "lori")
    Expect.equal (fst (runIn parent 0 lori [ "--version" ])) $"lori {own.Split('-')[0]}\n" "version"
    Expect.stringContains (fst (runIn parent 0 lori [ "info" ])) "named by program" "its own libtorch"
    asNewUser lori parent

/// The version that the packages of a folder have.
let private packed (feed: string) =
    let name =
        nonNull (Path.GetFileName(Directory.GetFiles(feed, "LoRi.Math.*.nupkg")[0]))

    name["LoRi.Math.".Length .. name.Length - ".nupkg".Length - 1]

[<Tests>]
let tests =
    testSequenced
    <| testList
        "Packages"
        [
            test "are packed, installed from a folder and used, as libraries and as a tool" {
                let repository = repository.Value

                inFolder (fun parent ->
                    let feed = Path.Combine(parent, "feed")
                    runIn repository 0 "dotnet" [ "pack"; "-c"; "Release"; "-o"; feed ] |> ignore

                    for package in Directory.GetFiles(feed, "*.nupkg") do
                        Expect.isLessThan (FileInfo(package).Length) 250_000_000L package

                    let own = packed feed
                    file parent "nuget.config" (sources feed) |> ignore
                    asLibrary repository parent own
                    withModels repository parent own
                    asTool repository feed parent own)
            }
        ]
