namespace LoRi.Cli

open Argu

/// Options of `info`.
type InfoArgs =
    | Threads of n: int
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Json -> "write one JSON object"

/// Options of `score`.
type ScoreArgs =
    | [<Mandatory>] Predictions of file: string
    | [<Mandatory>] Rule of name: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Predictions _ -> "JSON lines with text and gold"
            | Rule _ -> "codi, strict, coconut, icot, pccot or pccot_cot"
            | Json -> "write one JSON object"

/// Options of `compare`.
type CompareArgs =
    | [<MainCommand; Mandatory>] Runs of folder: string list
    | Seed of n: int64
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Runs _ -> "folders that evaluate or demo wrote, of two methods at least"
            | Seed _ -> "seed of the resampling (default: 0)"
            | Json -> "write one JSON object"

/// Options of `tokenize`.
type TokenizeArgs =
    | [<Mandatory>] Tokenizer of path: string
    | No_Special
    | Decode
    | Skip_Special
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Tokenizer _ -> "tokenizer file or folder"
            | No_Special -> "add no special tokens"
            | Decode -> "read lists of ids instead of texts"
            | Skip_Special -> "leave special tokens out of decoded text"
            | Json -> "has no effect: the output is JSON lines anyway"

/// Options of `inspect`.
type InspectArgs =
    | [<MainCommand; ExactlyOnce>] Path of path: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Path _ -> "a safetensors or GGUF file, a model folder or a run directory"
            | Json -> "write one JSON object"
