namespace LoRi.Cli

open Argu

/// Options of `subspace report`.
type SubspaceReportArgs =
    | [<Mandatory>] Subspace of file: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Subspace _ -> "the subspace file"
            | Json -> "write one JSON object"
