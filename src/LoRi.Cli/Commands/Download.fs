module LoRi.Cli.Commands.Download

open LoRi.Cli
open LoRi.Files.Hub
open LoRi.Runs.Settings

let private request (options: Argu.ParseResults<DownloadArgs>) =
    let kind =
        CommandLine.choiceOr "repo-type" (options.TryGetResult Repo_Type) RepositoryKind.Model

    let all (lists: string list list) = List.concat lists

    CommandLine.asUsage (fun () ->
        DownloadRequest(
            RepositoryId.Parse(kind, options.GetResult Repository),
            Revision = options.GetResult(Revision, "main"),
            Include = all (options.GetResults Include),
            Exclude = all (options.GetResults Exclude),
            Output = Option.toObj (options.TryGetResult DownloadArgs.Output),
            Verify = options.Contains Verify
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

/// Fetches a repository. The folder goes to the output stream, so that a script can go on with it; all else is progress.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<DownloadArgs> "download" arguments
    let request = request options

    match request.Output with
    | null -> ()
    | output -> CommandLine.refuse (OutputName.FolderFault(output, "the repository's files"))

    let hub = HubOptions.FromEnvironment()

    let result =
        DownloadScreen.using terminal.Error (fun screen -> HubDownload.Run(hub, request, screen))

    if options.Contains DownloadArgs.Json then
        Terminal.writeJson terminal (asJson request result)
    else
        terminal.Out.WriteLine result.Folder
