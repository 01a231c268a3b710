/// The folder with the public data sets and the golden files, which lies beside the repository.
module LoRi.Training.Tests.SharedFiles

open System
open System.IO
open Expecto

let private folder =
    lazy
        let rec above (folder: DirectoryInfo | null) =
            match folder with
            | null -> None
            | here ->
                let candidate = Path.Combine(here.FullName, "shared")

                if Directory.Exists(Path.Combine(candidate, "fixtures")) then
                    Some candidate
                else
                    above here.Parent

        match Environment.GetEnvironmentVariable "LORI_SHARED" with
        | null
        | "" -> above (DirectoryInfo AppContext.BaseDirectory)
        | set -> Some set

/// The path of a file below that folder; the test is skipped, and counted as skipped, where it is not there.
let path (relative: string) =
    match folder.Value with
    | Some root when Path.Exists(Path.Combine(root, relative)) -> Path.Combine(root, relative)
    | _ -> skiptest $"{relative} is not available: set LORI_SHARED"
