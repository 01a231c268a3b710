namespace LoRi.Cli

open Argu

/// Options that `teach` and `distill` share. A case's name in lower case is the key of the setting in config.json.
type TrainArgs =
    | Model of path: string
    | Tokenizer of path: string
    | Data of file: string list
    | Output of folder: string
    | Config of file: string
    | Steps of n: int
    | Epochs of n: float
    | Batch_Size of n: int
    | Accumulation of n: int
    | Learning_Rate of rate: float
    | Schedule of course: string
    | Warmup_Steps of n: int
    | Weight_Decay of rate: float
    | Decay_All
    | Clip of norm: float
    | Beta1 of rate: float
    | Beta2 of rate: float
    | Seed of n: int64
    | Threads of n: int
    | Dtype of name: string
    | Device of name: string
    | Limit of rows: int
    | Log_Every of steps: int
    | Eval_Every of steps: int
    | Checkpoint_Every of steps: int
    | Divergence_Factor of factor: float
    | Collapse_Threshold of spread: float
    | Lora_Rank of n: int
    | Lora_Alpha of alpha: float
    | Lora_Dropout of share: float
    | Lora_Targets of name: string list
    | Rslora
    | Resume
    | Dry_Run
    | Validation_Fraction of share: float
    | Max_Tokens of n: int
    | Skip_Bad_Lines
    | Format of name: string
    | Question_Column of name: string
    | Rationale_Column of name: string
    | Answer_Column of name: string
    | Annotations of handling: string
    | Answer_Prefix of text: string
    | Grade of tokens: string
    | Teacher_Text of choice: string

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Model _ -> "the weights to start from: a Hub folder, a run directory or a .gguf file"
            | Tokenizer _ -> "tokenizer file or folder (default: the one beside the weights)"
            | Data _ -> "training files; several may follow"
            | Output _ -> "the run directory to make"
            | Config _ ->
                "JSON or YAML file with settings named as these options, with underscores; the command line wins"
            | Steps _ -> "optimizer steps (not with --epochs)"
            | Epochs _ -> "passes over the data (default: 3)"
            | Batch_Size _ -> "rows of one optimizer step (default: 32)"
            | Accumulation _ -> "parts that a step's rows are cut into, to save memory (default: 1)"
            | Learning_Rate _ -> "peak learning rate (default: 1e-4)"
            | Schedule _ -> "constant, cosine or half-cosine (default: cosine)"
            | Warmup_Steps _ -> "steps of linear warm-up (default: 3 % of all)"
            | Weight_Decay _ -> "decoupled weight decay of matrices (default: 0.01)"
            | Decay_All -> "decay tables, norms and biases as well"
            | Clip _ -> "largest global norm of the gradient, 0 for none (default: 1)"
            | Beta1 _ -> "AdamW's decay of the first moment (default: 0.9)"
            | Beta2 _ -> "AdamW's decay of the second moment (default: 0.999)"
            | Seed _ -> "seed of everything random (default: 0)"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Dtype _ -> "float32 or bfloat16 (default: float32)"
            | Device _ -> "cpu or cuda (default: cpu)"
            | Limit _ -> "read this many rows of data at most"
            | Log_Every _ -> "steps between two log lines (default: 10)"
            | Eval_Every _ ->
                "steps between two evaluations on the validation rows (default: a twentieth of all steps, about ten at least)"
            | Checkpoint_Every _ ->
                "steps between two checkpoints (default: a twentieth of all steps, about ten at least, and saving takes a tenth of the time at most); ten minutes at most"
            | Divergence_Factor _ ->
                "stop where the mean loss of 20 steps exceeds this times that of the first 20, plus 1; 0 for never (default: 3)"
            | Collapse_Threshold _ ->
                "stop where the spread of the latents, from 0 to 1, stays below this for 50 steps; 0 for never (default: 1e-5)"
            | Lora_Rank _ -> "train adapters of this rank and freeze the model (default: train all weights)"
            | Lora_Alpha _ -> "the adapters' scaling is this over the rank (default: twice the rank)"
            | Lora_Dropout _ -> "share of the adapters' inputs that is dropped while training (default: 0)"
            | Lora_Targets _ ->
                "linear maps that get an adapter, such as q_proj v_proj; several may follow (default: all of the blocks)"
            | Rslora -> "the adapters' scaling is alpha over the root of the rank"
            | Resume -> "go on from the last complete checkpoint, or begin where there is none"
            | Dry_Run -> "estimate steps, tokens, memory and time from a few steps, and write nothing"
            | Validation_Fraction _ -> "share of the rows held out for validation (default: 0)"
            | Max_Tokens _ -> "leave longer examples out, and count them"
            | Skip_Bad_Lines -> "count rows that cannot be read instead of stopping"
            | Format _ -> "form of the data: gsm8k, icot, jsonl, parquet, json, gsm-hard or asdiv (default: found)"
            | Question_Column _ -> "name of the question in generic data (default: question)"
            | Rationale_Column _ -> "name of the rationale in generic data (default: rationale)"
            | Answer_Column _ -> "name of the answer in generic data (default: answer)"
            | Annotations _ -> "GSM8K's <<..>>: strip, keep or only (default: strip)"
            | Answer_Prefix _ -> "text before the answer (default: The answer is:)"
            | Grade _ -> "graded tokens: answer or prefix-and-answer (default: answer)"
            | Teacher_Text _ -> "rationale as the teacher reads it: full or without-last-step (default: full)"
