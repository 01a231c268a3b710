/// Which version packages get: that of the commit's tag, and between tags one that an installation takes without being asked to.
module LoRi.Cli.Tests.PackageVersionTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.Packing

/// What decides on a version, in a folder of its own: the settings of all projects, and one project without its sources.
let private versioned repository parent =
    let folder = Path.Combine(parent, "clone")
    let project = "src/LoRi.Files/LoRi.Files.csproj"

    for name in
        [
            "Directory.Build.props"
            "Directory.Build.targets"
            "Directory.Packages.props"
            "nuget.config"
            "global.json"
            "src/Directory.Build.props"
            "src/Directory.Build.targets"
            project
        ] do
        let copy = Path.Combine(folder, name)
        Directory.CreateDirectory(nonNull (Path.GetDirectoryName copy)) |> ignore
        File.Copy(Path.Combine(repository, name), copy)

    folder, project

let private declared repository =
    Regex
        .Match(File.ReadAllText(Path.Combine(repository, "Directory.Build.props")), "<Version>(.*)</Version>")
        .Groups[1].Value

/// Which version `dotnet pack` would give, step by step of a history.
let private versions repository parent =
    let folder, project = versioned repository parent

    let version folder =
        fst (
            runIn
                folder
                0
                "dotnet"
                [
                    "msbuild"
                    project
                    "-restore"
                    "-t:_GetProjectVersion"
                    "-getProperty:PackageVersion"
                    "-p:_IsPacking=true"
                    // Versions are kept for as long as a build's processes live.
                    "-nr:false"
                ]
        )
        |> _.Trim()

    let git arguments =
        let who =
            [
                "-c"
                "user.name=test"
                "-c"
                "user.email=test@example.org"
                "-c"
                "commit.gpgsign=false"
            ]

        runIn folder 0 "git" (who @ arguments) |> ignore

    let commit name =
        git [ "commit"; "--quiet"; "--allow-empty"; "-m"; name ]

    let own = declared repository
    Expect.equal (version folder) own "a source tree without a history"
    git [ "init"; "--quiet" ]
    git [ "add"; "--all" ]
    commit "one"
    Expect.equal (version folder) own "no tag"
    git [ "tag"; "v7.2.0" ]
    Expect.equal (version folder) "7.2.0" "a tagged commit"
    commit "two"
    Expect.equal (version folder) "7.2.1" "a commit behind a tag"

    git
        [
            "clone"
            "--quiet"
            "--depth"
            "1"
            Uri(folder).AbsoluteUri
            Path.Combine(parent, "shallow")
        ]

    Expect.equal (version (Path.Combine(parent, "shallow"))) own "a shallow clone that no tag reaches"
    git [ "tag"; "v7.3.0-rc.1" ]
    Expect.equal (version folder) "7.3.0-rc.1" "a prerelease is one that its tag names"

[<Tests>]
let tests =
    testList
        "Package versions"
        [
            test "are the tag's, and none that an installation would not take" { inFolder (versions repository.Value) }
        ]
