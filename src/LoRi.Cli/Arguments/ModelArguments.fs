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
