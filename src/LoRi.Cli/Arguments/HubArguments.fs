namespace LoRi.Cli

open Argu

/// Options of `download`.
type DownloadArgs =
    | [<MainCommand; ExactlyOnce>] Repository of name: string
    | Repo_Type of kind: string
    | Revision of name: string
    | Include of pattern: string list
    | Exclude of pattern: string list
    | Output of folder: string
    | Verify
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Repository _ -> "the repository: OWNER/NAME"
            | Repo_Type _ -> "model or dataset (default: model)"
            | Revision _ -> "branch, tag or commit (default: main)"
            | Include _ -> "fetch only files that match, such as *.json; several may follow"
            | Exclude _ -> "fetch no files that match; several may follow"
            | Output _ -> "a plain folder for the files (default: the cache that the Hub's tools share)"
            | Verify -> "hash files of the cache again instead of trusting their size"
            | Json -> "write one JSON object"
