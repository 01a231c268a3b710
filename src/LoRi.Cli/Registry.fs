/// The commands: their names, their help and what runs them.
module LoRi.Cli.Registry

open Argu
open LoRi.Cli.Commands
open LoRi.Files.Settings
open LoRi.Files.Text
open LoRi.Models.Native
open LoRi.Runs.Settings

/// A command and what it does with its arguments.
type Command =
    {
        Page: Help.Page
        Names: unit -> (string * string) list
        /// The options that a text follows.
        TextOptions: unit -> Set<string>
        Run: Terminal -> NativeRuntimeOptions -> string list -> unit
    }

let private command<'T when 'T :> IArgParserTemplate> name summary syntax example run =
    {
        Page =
            {
                Name = name
                Summary = summary
                Syntax = syntax
                Example = example
                Options = fun () -> OptionGroups.arrange (CommandLine.optionList<'T> name)
            }
        Names = fun () -> CommandLine.optionNames<'T> name
        TextOptions = fun () -> CommandLine.textOptions<'T> name
        Run = run
    }

let private ofSettings (settings: CommandSettings) summary syntax example run =
    {
        Page =
            {
                Name = settings.Name
                Summary = summary
                Syntax = syntax
                Example = example
                Options = fun () -> SettingOptions.list settings
            }
        Names = fun () -> SettingOptions.names settings
        TextOptions = fun () -> SettingOptions.textOptions settings
        Run = run
    }

let private withoutCompletion: Command list =
    [
        command<InfoArgs> "info" "show what is installed and what the machine offers" "[options]" "--json" Info.run
        command<DemoArgs>
            "demo"
            "train and compare small models on a task made here"
            "[options]"
            "--setting one-per-token --quick --output runs/demo"
            Demo.run
        ofSettings
            Commands.Teach
            "train the explicit chain-of-thought teacher"
            "--model FOLDER_OR_GGUF --data FILE... --output RUN [options]"
            "--model Qwen2.5-0.5B --data gsm8k-aug.txt --output runs/teacher --epochs 1 --batch-size 32"
            Stages.teach
        ofSettings
            Commands.Trajectories
            "write the hidden states of a teacher's chains of thought"
            "--model RUN_OR_FOLDER --data FILE... --output FILE [options]"
            "--model runs/teacher --data gsm8k-aug.txt --output trajectories.safetensors"
            Stages.trajectories
        ofSettings
            Commands.SubspaceFit
            "fit the low-rank subspace of trajectories"
            "--trajectories FILE... --output FILE [options]"
            "--trajectories trajectories.safetensors --layer-rank 8 --hidden-rank 64 --output subspace.safetensors"
            Subspace.fit
        command<SubspaceReportArgs>
            "subspace report"
            "show how low-rank trajectories are"
            "--subspace FILE [options]"
            "--subspace subspace.safetensors"
            Subspace.report
        ofSettings
            Commands.Objective
            "compute the alignment losses between two sets of trajectories"
            "--subspace FILE --teacher FILE --student FILE [options]"
            "--subspace subspace.safetensors --teacher teacher.safetensors --student student.safetensors --json"
            Objective.run
        ofSettings
            Commands.Distill
            "train a student that reasons in latent steps"
            "--method METHOD --teacher RUN --data FILE... --output RUN [options]"
            "--method lori --teacher runs/teacher --data gsm8k-aug.txt --output runs/student --latent-steps 5"
            Stages.distill
        ofSettings
            Commands.Evaluate
            "answer the questions of a data set and score the answers"
            "--model RUN_OR_FOLDER --data FILE... --output FOLDER [options]"
            "--model runs/student --data gsm8k/test.jsonl --output runs/student-gsm8k"
            Stages.evaluate
        command<CompareArgs>
            "compare"
            "test whether methods differ on the same questions or over the same seeds"
            "FOLDER|NAME=FOLDER,FOLDER... [options]"
            "lori=runs/lori-0-gsm8k,runs/lori-1-gsm8k codi=runs/codi-0-gsm8k,runs/codi-1-gsm8k"
            Compare.run
        command<ReportArgs>
            "report"
            "write one page with a run's curves, spectra, accuracy and decoded latents"
            "RUN... [options]"
            "runs/student runs/baseline --evaluation runs/student-gsm8k --output report.html"
            Report.run
        command<ScoreArgs>
            "score"
            "score outputs again by a published rule"
            "--predictions FILE --rule RULE [options]"
            "--predictions runs/student-gsm8k/predictions.jsonl --rule codi"
            Score.run
        command<GenerateArgs>
            "generate"
            "go on from a prompt, or answer questions one after the other"
            "--model FOLDER_OR_GGUF (--prompt TEXT | --ids LIST | --interactive) [options]"
            "--model runs/student --prompt \"Tom has 3 apples and buys 4 more. How many does he have?\""
            Generate.run
        command<LogitsArgs>
            "logits"
            "show a model's logits and hidden states for given ids"
            "--model FOLDER_OR_GGUF --ids LIST [options]"
            "--model Qwen2.5-0.5B --ids \"1,2,3\" --output states.safetensors --json"
            Models.logits
        command<ExportArgs>
            "export"
            "hand out a trained model as a Hub folder with its tokenizer and a model card"
            "--model RUN_OR_FOLDER --output FOLDER [options]"
            "--model runs/student --evaluation runs/student-gsm8k --output student-lori"
            Export.run
        command<TokenizeArgs>
            "tokenize"
            "turn texts into ids, or ids into texts"
            "--tokenizer FILE_OR_FOLDER [options]"
            "--tokenizer Qwen2.5-0.5B < texts.jsonl"
            Tokenize.run
        command<InspectArgs>
            "inspect"
            "list the tensors of a file or a model"
            "FILE_OR_FOLDER [options]"
            "model.safetensors"
            Inspect.run
        command<DataArgs>
            "data"
            "show what would be trained on: rows as tokens, lengths, what is left out"
            "--data FILE... --model PATH [options]"
            "--data train.jsonl --model Qwen2.5-0.5B --latent-steps 5 --test test.jsonl"
            Data.run
        command<DownloadArgs>
            "download"
            "fetch a model or a data set from the Hugging Face Hub"
            "OWNER/NAME [options]"
            "HuggingFaceTB/SmolLM2-135M --exclude \"*.onnx\" \"runs/*\""
            Download.run
    ]

let private entry (command: Command) : Completion.Entry =
    {
        Name = command.Page.Name
        Summary = command.Page.Summary
        Options = command.Names()
    }

let private completion =
    let rec write (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
        let given = CommandLine.parse<CompletionArgs> "completion" arguments
        let shell = given.GetResult Shell

        match List.tryFind (fst >> (=) shell) Completion.shells with
        | Some(_, script) -> terminal.Out.WriteLine(script (List.map entry (withoutCompletion @ [ own () ])))
        | None ->
            let known = Completion.shells |> List.map fst |> String.concat ", "
            let hint = DidYouMean.Hint(shell, List.map fst Completion.shells)
            raise (ExitCodes.UsageException $"completion {shell}: must be one of {known}{hint}")

    and own () =
        command<CompletionArgs>
            "completion"
            "write a script that completes commands and options in a shell"
            "bash|zsh|fish"
            "bash > ~/.local/share/bash-completion/completions/lori"
            write

    own ()

/// All commands, in the order of the help.
let commands: Command list = withoutCompletion @ [ completion ]
