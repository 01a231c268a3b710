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

/// Options of `data`.
type DataArgs =
    | [<Mandatory>] Data of file: string list
    | [<Mandatory>] Model of path: string
    | Latent_Steps of n: int
    | Rows of n: int
    | Test of file: string list
    | Tokenizer of path: string
    | Answer_Prefix of text: string
    | Grade of tokens: string
    | Teacher_Text of choice: string
    | Limit of rows: int
    | Max_Tokens of n: int
    | Format of name: string
    | Question_Column of name: string
    | Rationale_Column of name: string
    | Answer_Column of name: string
    | Annotations of handling: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Data _ -> "data files, or data sets that `lori download` fetched; several may follow"
            | Model _ -> "the model whose tokenizer reads them: a Hub folder, a run directory or a .gguf file"
            | Latent_Steps _ ->
                "show a student's sequence with this many continuous steps, 0 for none (default: the teacher's, with its chain of thought)"
            | Rows _ -> "how many rows are shown (default: 3)"
            | Test _ -> "test files whose questions are looked for among the data; several may follow"
            | Tokenizer _ -> "tokenizer file or folder (default: the one beside the weights)"
            | Answer_Prefix _ -> "text before the answer (default: the run's own, else The answer is:)"
            | Grade _ -> "graded tokens: answer or prefix-and-answer (default: answer)"
            | Teacher_Text _ -> "rationale as the teacher reads it: full or without-last-step (default: full)"
            | Limit _ -> "read this many rows of data at most"
            | Max_Tokens _ -> "leave longer examples out, and count them (default: what the model was made for)"
            | Format _ -> "form of the data: gsm8k, icot, jsonl, parquet, json, gsm-hard or asdiv (default: found)"
            | Question_Column _ -> "name of the question in generic data (default: question)"
            | Rationale_Column _ -> "name of the rationale in generic data (default: rationale)"
            | Answer_Column _ -> "name of the answer in generic data (default: answer)"
            | Annotations _ -> "GSM8K's <<..>>: strip, keep or only (default: strip)"
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
