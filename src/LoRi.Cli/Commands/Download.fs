module LoRi.Cli.Commands.Download

open System.Collections.Generic
open LoRi.Cli
open LoRi.Files.Hub
open LoRi.Files.Settings
open LoRi.Runs.Settings

let private repository =
    Setting<string>(
        "repository",
        "name",
        Forms.Text,
        "",
        "the repository: OWNER/NAME",
        IsMain = true,
        Required = "name a repository of the Hub, OWNER/NAME"
    )

let private kind =
    Setting<RepositoryKind>("repo_type", "kind", Forms.Choice<RepositoryKind>(), RepositoryKind.Model, "{choices}")

let private revision =
    Setting<string>("revision", "name", Forms.Text, "main", "branch, tag or commit")

let private patterns key help =
    Setting<IReadOnlyList<string>>(key, "pattern", Forms.List, [||], help)

let private included =
    patterns "include" "fetch only files that match, such as *.json; several may follow"

let private excluded =
    patterns "exclude" "fetch no files that match; several may follow"

let private output =
    Setting<string | null>(
        "output",
        "folder",
        Forms.Output.OrNone(),
        null,
        "a plain folder for the files",
        DefaultText = "the cache that the Hub's tools share"
    )

let private verify =
    Setting<bool>("verify", "", Forms.Flag, false, "hash files of the cache again instead of trusting their size")

/// Its options.
let settings =
    CommandSettings(
        "download",
        [|
            repository
            kind
            revision
            included
            excluded
            output
            verify
            StageSettings.Json
        |]
    )

let private request (options: SettingValues) =
    CommandLine.asUsage (fun () ->
        DownloadRequest(
            RepositoryId.Parse(options.Get kind, options.Get repository),
            Revision = options.Get revision,
            Include = options.Get included,
            Exclude = options.Get excluded,
            Output = options.Get output,
            Verify = options.Get verify
        ))

let private asJson (request: DownloadRequest) (result: DownloadResult) =
    let file (file: DownloadedFile) =
        Json.object
            [
                "path", Json.text file.File.Path
                "size", Json.count file.File.Size
                "hash", Json.text file.File.Hash
                "fetched", Json.flag file.Fetched
            ]

    Json.object
        [
            "repository", Json.text request.Repository.Name
            "revision", Json.text request.Revision
            "commit", Json.text result.Commit
            "folder", Json.text result.Folder
            "files", Json.list (Seq.map file result.Files)
            "left_out", Json.list (Seq.map Json.text result.LeftOut)
        ]

/// Fetches a repository. The folder goes to the output stream, so that a script can use it; all else is progress.
let run (terminal: Terminal) _ arguments =
    let options = SettingOptions.read settings arguments
    let request = request options

    match request.Output with
    | null -> ()
    | output -> CommandLine.refuse (OutputName.FolderFault(output, "the repository's files"))

    let hub = HubOptions.FromEnvironment()

    let result =
        DownloadScreen.using terminal.Error (fun screen -> HubDownload.Run(hub, request, screen))

    if options.Get StageSettings.Json then
        Terminal.writeJson terminal (asJson request result)
    else
        terminal.Out.WriteLine result.Folder
