namespace LoRi.Cli

open Argu

/// Options of `logits`.
type LogitsArgs =
    | [<Mandatory>] Model of path: string
    | [<Mandatory>] Ids of list: string
    | Adapter of folder: string
    | Dtype of name: string
    | Output of file: string
    | Threads of n: int
    | Device of name: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Model _ -> "a Hub folder, a run directory or a .gguf file"
            | Ids _ -> "token ids, separated by commas"
            | Adapter _ -> "folder of a LoRA adapter to merge in"
            | Dtype _ -> "float64, float32 or bfloat16 (default: float32)"
            | Output _ -> "safetensors file for logits and hidden.0 .. hidden.L"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Device _ -> "cpu or cuda (default: cpu)"
            | Json -> "write one JSON object"

/// Options of `generate`.
type GenerateArgs =
    | [<Mandatory>] Model of path: string
    | Prompt of text: string
    | Ids of list: string
    | Interactive
    | Chat
    | Against of path: string
    | Temperature of t: float
    | Top_P of share: float
    | Top_K of n: int
    | Seed of n: int64
    | Tokenizer of path: string
    | Adapter of folder: string
    | Latent_Steps of n: int
    | Max_New_Tokens of n: int
    | Dtype of name: string
    | Threads of n: int
    | Device of name: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Model _ -> "a Hub folder, a run directory or a .gguf file"
            | Prompt _ -> "text to go on from"
            | Ids _ -> "token ids to go on from, separated by commas"
            | Interactive -> "answer every line of standard input, with the time and the tokens it took"
            | Chat ->
                "put the prompt into the model's chat template; without --prompt, answer every line after those before (/new starts over)"
            | Against _ -> "an explicit teacher that answers too: shows the tokens and the time saved"
            | Temperature _ ->
                "draw tokens from softmax(logits / t); 0 takes the likeliest (default: 0; 1 with --top-p or --top-k)"
            | Top_P _ -> "draw from the fewest tokens whose probabilities reach this share (default: 1)"
            | Top_K _ -> "draw from this many of the likeliest tokens (default: all)"
            | Seed _ -> "seed of the drawing (default: 0)"
            | Tokenizer _ -> "tokenizer file or folder (default: the one beside the weights)"
            | Adapter _ -> "folder of a LoRA adapter to merge in"
            | Latent_Steps _ -> "continuous steps before the text (default: the run's own, else 0)"
            | Max_New_Tokens _ -> "longest output (default: 256)"
            | Dtype _ -> "float64, float32 or bfloat16 (default: float32)"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Device _ -> "cpu or cuda (default: cpu)"
            | Json -> "write JSON: one object, with --interactive one a line"

/// Options of `export`.
type ExportArgs =
    | [<Mandatory>] Model of path: string
    | [<Mandatory>] Output of folder: string
    | Form of name: string
    | Adapter of folder: string
    | Dtype of name: string
    | Max_Shard_Size of size: string
    | Tokenizer of path: string
    | Evaluation of folder: string list
    | Base_Model of name: string
    | License of identifier: string
    | Language of code: string list
    | Dataset of name: string list
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Model _ -> "a run directory, a Hub folder or a .gguf file"
            | Output _ -> "the folder to make"
            | Form _ -> "merged, or adapter for what a run with --lora-rank trained (default: merged)"
            | Adapter _ -> "folder of a LoRA adapter to merge in, or to hand out with --form adapter"
            | Dtype _ -> "float32 or bfloat16 (default: float32)"
            | Max_Shard_Size _ ->
                "largest file of weights, such as 500MB or 4GiB; a number alone counts MiB (default: 5GB)"
            | Tokenizer _ -> "tokenizer file or folder (default: the one beside the weights)"
            | Evaluation _ ->
                "folders that evaluate wrote, for the model card; FOLDER=OWNER/NAME says what the Hub calls the data; several may follow"
            | License _ -> "the Hub's identifier of the licence, such as apache-2.0, for the model card"
            | Language _ -> "languages of the model, such as en, for the model card; several may follow"
            | Dataset _ -> "what the Hub calls the training data, OWNER/NAME, for the model card; several may follow"
            | Base_Model _ -> "what the Hub calls the base model, OWNER/NAME, for the model card"
            | Json -> "write one JSON object"

/// Options of `trajectories`.
type TrajectoriesArgs =
    | [<Mandatory>] Model of path: string
    | [<Mandatory>] Data of file: string list
    | [<Mandatory>] Output of file: string
    | Config of file: string
    | Tokenizer of path: string
    | Levels of choice: string
    | Teacher_Text of choice: string
    | Answer_Prefix of text: string
    | Batch_Size of n: int
    | Dtype of name: string
    | Device of name: string
    | Threads of n: int
    | Limit of rows: int
    | Max_Tokens of n: int
    | Shard_Size of size: string
    | Skip_Bad_Lines
    | Format of name: string
    | Question_Column of name: string
    | Rationale_Column of name: string
    | Answer_Column of name: string
    | Annotations of handling: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Model _ -> "the teacher: a run directory or a folder"
            | Data _ -> "data files; several may follow"
            | Output _ -> "the trajectory file to write; large ones are sharded"
            | Config _ ->
                "JSON or YAML file with settings named as these options, with underscores; the command line wins"
            | Tokenizer _ -> "tokenizer file or folder (default: the one beside the weights)"
            | Levels _ -> "traced levels: all, every-K or last-N (default: all)"
            | Teacher_Text _ -> "full or without-last-step (default: full)"
            | Answer_Prefix _ -> "text before the answer (default: the run's own, else The answer is:)"
            | Batch_Size _ -> "rows of one pass (default: 16)"
            | Dtype _ -> "float64, float32 or bfloat16 (default: float32)"
            | Device _ -> "cpu or cuda (default: cpu)"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Limit _ -> "read this many rows of data at most"
            | Max_Tokens _ -> "leave longer examples out, and count them"
            | Shard_Size _ -> "largest file, such as 500MB or 4GiB; a number alone counts MiB (default: 4GiB)"
            | Skip_Bad_Lines -> "count rows that cannot be read instead of stopping"
            | Format _ -> "form of the data: gsm8k, icot, jsonl, parquet, json, gsm-hard or asdiv (default: found)"
            | Question_Column _ -> "name of the question in generic data (default: question)"
            | Rationale_Column _ -> "name of the rationale in generic data (default: rationale)"
            | Answer_Column _ -> "name of the answer in generic data (default: answer)"
            | Annotations _ -> "GSM8K's <<..>>: strip, keep or only (default: strip)"
            | Json -> "write one JSON object"

/// Options of `evaluate`.
type EvaluateArgs =
    | [<Mandatory>] Model of path: string
    | [<Mandatory>] Data of file: string list
    | [<Mandatory>] Output of folder: string
    | Config of file: string
    | Tokenizer of path: string
    | Latent_Steps of n: int
    | Answer_Prefix of text: string
    | Write_Prefix
    | Question_Text of form: string
    | Data_Name of name: string
    | Max_New_Tokens of n: int
    | Batch_Size of n: int
    | Latency_Questions of n: int
    | Dtype of name: string
    | Device of name: string
    | Threads of n: int
    | Seed of n: int64
    | Resume
    | Limit of rows: int
    | Skip_Bad_Lines
    | Format of name: string
    | Question_Column of name: string
    | Rationale_Column of name: string
    | Answer_Column of name: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Model _ -> "a run directory or a folder"
            | Data _ -> "data files; several may follow"
            | Output _ -> "the folder to make: evaluation.json, predictions.jsonl, config.json"
            | Config _ ->
                "JSON or YAML file with settings named as these options, with underscores; the command line wins"
            | Tokenizer _ -> "tokenizer file or folder (default: the one beside the weights)"
            | Latent_Steps _ -> "continuous steps before the answer (default: the run's own)"
            | Answer_Prefix _ -> "text fed before the answer (default: the run's own)"
            | Write_Prefix -> "let the model write the prefix instead of feeding it"
            | Question_Text _ -> "as-is, or codi: two spaces become one, as CODI's evaluation asks (default: as-is)"
            | Data_Name _ ->
                "the data set's name for the scorers: commonsense asks for letters, strategy and ProntoQA for truth values (default: the names of the files)"
            | Max_New_Tokens _ -> "longest output (default: 256)"
            | Batch_Size _ -> "rows of one pass (default: 16)"
            | Latency_Questions _ ->
                "questions that are answered once more, each alone, to measure the latency, 0 for none (default: 10)"
            | Dtype _ -> "float64, float32 or bfloat16 (default: float32)"
            | Device _ -> "cpu or cuda (default: cpu)"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Seed _ -> "recorded with the result (default: the run's own)"
            | Resume -> "go on after the last complete batch, or begin where there is none"
            | Limit _ -> "read this many rows of data at most"
            | Skip_Bad_Lines -> "count rows that cannot be read instead of stopping"
            | Format _ -> "form of the data: gsm8k, icot, jsonl, parquet, json, gsm-hard or asdiv (default: found)"
            | Question_Column _ -> "name of the question in generic data (default: question)"
            | Rationale_Column _ -> "name of the rationale in generic data (default: rationale)"
            | Answer_Column _ -> "name of the answer in generic data (default: answer)"
            | Json -> "write one JSON object"

/// Options of `demo`.
type DemoArgs =
    | Setting of name: string
    | Quick
    | Seeds of n: int
    | Output of folder: string
    | Threads of n: int
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Setting _ -> "one-per-token or compressed (default: one-per-token)"
            | Quick -> "a short run whose numbers mean nothing"
            | Seeds _ -> "number of seeds (default: 2, with --quick 1)"
            | Output _ -> "folder for demo.json, report.html and config.json (default: runs/demo)"
            | Threads _ -> "trainings side by side, each on one thread (default: one a processor)"
            | Json -> "write one JSON object"
