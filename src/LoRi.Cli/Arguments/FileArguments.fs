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
    | Data_Name of name: string
    | Answer_Prefix of text: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Predictions _ -> "JSON lines with text and gold"
            | Rule _ -> "codi, simcot, strict, coconut, icot, pccot or pccot_cot"
            | Data_Name _ ->
                "the evaluator's name of the data where a line has no data_name: commonsense asks for letters, strategy and ProntoQA for truth values"
            | Answer_Prefix _ ->
                "what the strict rule looks for where a line has no answer_prefix (default: The answer is:)"
            | Json -> "write one JSON object"

/// Options of `compare`.
type CompareArgs =
    | [<MainCommand; Mandatory>] Runs of folder: string list
    | Baseline of label: string
    | Seed of n: int64
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Runs _ ->
                "folders that evaluate or demo wrote; NAME=FOLDER,FOLDER puts the seeds of one setting together under a name of your choice"
            | Baseline _ -> "compare with this method or name only (default: all pairs)"
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
    | Tensors
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Tensors -> "list each tensor (default: those of all blocks in one line, where there are many)"
            | Path _ -> "a safetensors or GGUF file, a model folder, a run directory or a teacher cache"
            | Json -> "write one JSON object"

/// Options of `report`.
type ReportArgs =
    | [<MainCommand; ExactlyOnce>] Runs of run: string list
    | Output of file: string
    | Evaluation of folder: string list
    | Data of file: string list
    | Questions of n: int
    | Threads of n: int

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Runs _ -> "run directories, drawn into the same charts, or the folder of one demonstration"
            | Output _ -> "the page to write (default: report.html in the first run); a .svg goes beside it"
            | Evaluation _ -> "folders of evaluations that do not lie in a run; several may follow"
            | Data _ -> "questions whose latent steps are decoded (default: each run's own data)"
            | Questions _ -> "number of those questions, 0 for none (default: 4)"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"

/// Options of `completion`.
type CompletionArgs =
    | [<MainCommand; ExactlyOnce>] Shell of name: string

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Shell _ -> "bash, zsh or fish"
