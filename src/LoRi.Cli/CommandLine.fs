/// What commands check of the paths and options that they are given.
module LoRi.Cli.CommandLine

open System.IO
open LoRi.Cli.ExitCodes
open LoRi.Files
open LoRi.Files.Data
open LoRi.Files.Hub
open LoRi.Models.ModelFiles
open LoRi.Runs.RunFolders

/// What `read` gives; a bad option or combination of options is a wrong command line.
let asUsage read =
    try
        read ()
    with :? InputException as e ->
        raise (UsageException e.Message)

/// Refuses options of which something is wrong.
let refuse (fault: string | null) =
    match fault with
    | null -> ()
    | message -> raise (UsageException message)

/// Refuses a path that is not there. A model or data may also be the name of what was downloaded.
let existing (option: string) (path: string) =
    let isModel = option = "model" || option = "teacher" || option = "base"
    let isData = option = "data" || option = "test"

    let isDownloaded () =
        isModel && Path.Exists(ModelLoader.Resolve path)
        || isData && DataFiles.Of path |> Seq.forall Path.Exists

    if not (Path.Exists path || isDownloaded ()) then
        let hint =
            if isModel && path.Contains '/' && RepositoryId.IsName path then
                $"; `lori download {path}` would fetch it from the Hub"
            elif isData then
                DataFiles.Hint path
            else
                ""

        raise (InputException $"--{option} {path}: there is no such file or folder{hint}")

    if isModel && RunDirectory.IsUnfinished path then
        raise (
            InputException
                $"--{option} {path}: this run has not come to its end, so there is no model in it; the command that began it ends it with --resume"
        )

    path

/// Refuses to write over a file that the command reads: one of `inputs`, or a file in a folder of theirs.
let notAnInput (inputs: string seq) (output: string) =
    let full = Path.GetFullPath output

    let reads (input: string) =
        let input = Path.GetFullPath input
        input = full || (File.Exists full && Path.GetDirectoryName full = input)

    if Seq.exists reads inputs then
        raise (UsageException $"--output {output}: the command reads this file and would write over it; name another")

/// Bad input that work finds in a file gets the file's name, where the message does not have one yet.
let about (file: string) (work: unit -> 'a) : 'a =
    try
        work ()
    with :? InputException as e when not (e.Message.Contains file || e.Message.StartsWith "--") ->
        raise (InputException($"{file}: {e.Message}", e))
