/// The commands: their names, their help and what runs them.
module LoRi.Cli.Registry

open LoRi.Cli.Commands
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Probe
open LoRi.Runs.Experiments
open LoRi.Runs.Reduce
open LoRi.Runs.Scale
open LoRi.Runs.Settings
open LoRi.Runs.Tasks

/// A command and what it does with its arguments.
type Command =
    {
        Page: Help.Page
        /// Asked for when the command is: declaring the settings of all takes longer than all else at start.
        Settings: unit -> CommandSettings
        Names: unit -> (string * string) list
        /// The options that a text follows.
        TextOptions: unit -> Set<string>
        Run: Terminal -> NativeRuntimeOptions -> string list -> unit
    }

let private command name (settings: unit -> CommandSettings) summary syntax example run =
    {
        Page =
            {
                Name = name
                Summary = summary
                Syntax = syntax
                Example = example
                Options = settings >> SettingOptions.list
            }
        Settings = settings
        Names = settings >> SettingOptions.names
        TextOptions = settings >> SettingOptions.textOptions
        Run = run
    }

/// Made anew each time: a plug-in may have added methods, and so settings.
let private withoutCompletion () : Command list =
    [
        command
            "info"
            (fun () -> Info.settings)
            "show what is installed and what the machine offers"
            "[options]"
            "--json"
            Info.run
        command
            "demo"
            (fun () -> Demo.options)
            "train and compare small models on a task made here"
            "[options]"
            "--setting one-per-token --quick --output runs/demo"
            Demo.run
        command
            "teach"
            (fun () -> Commands.Teach)
            "train the explicit chain-of-thought teacher"
            "--model FOLDER_OR_GGUF --data FILE... --output RUN [options]"
            "--model Qwen2.5-0.5B --data gsm8k-aug.txt --output runs/teacher --epochs 1 --batch-size 32"
            Stages.teach
        command
            "trajectories"
            (fun () -> Commands.Trajectories)
            "write the hidden states of a teacher's chains of thought"
            "--model RUN_OR_FOLDER --data FILE... --output FILE [options]"
            "--model runs/teacher --data gsm8k-aug.txt --output trajectories.safetensors"
            Stages.trajectories
        command
            "subspace fit"
            (fun () -> Commands.SubspaceFit)
            "fit the low-rank subspace of trajectories"
            "--trajectories FILE... --output FILE [options]"
            "--trajectories trajectories.safetensors --layer-rank 8 --hidden-rank 64 --output subspace.safetensors"
            Subspace.fit
        command
            "subspace report"
            (fun () -> Subspace.reportSettings)
            "show how low-rank trajectories are"
            "--subspace FILE [options]"
            "--subspace subspace.safetensors"
            Subspace.report
        command
            "subspace nulls"
            (fun () -> Commands.SubspaceNulls)
            "compare how low-rank trajectories are with what would be so anyhow"
            "--model RUN_OR_FOLDER --data FILE... [options]"
            "--model runs/teacher --data gsm8k-aug.txt --limit 2000"
            Nulls.run
        command
            "objective"
            (fun () -> Commands.Objective)
            "compute the alignment losses between two sets of trajectories"
            "--subspace FILE --teacher FILE --student FILE [options]"
            "--subspace subspace.safetensors --teacher teacher.safetensors --student student.safetensors --json"
            Objective.run
        command
            "distill"
            (fun () -> Commands.Distill)
            "train a student that reasons in latent steps"
            "--method METHOD --teacher RUN --data FILE... --output RUN [options]"
            "--method lori --teacher runs/teacher --data gsm8k-aug.txt --output runs/student --latent-steps 5"
            Stages.distill
        command
            "evaluate"
            (fun () -> Commands.Evaluate)
            "answer the questions of a data set and score the answers"
            "--model RUN_OR_FOLDER --data FILE... --output FOLDER [options]"
            "--model runs/student --data gsm8k/test.jsonl --output runs/student-gsm8k"
            Stages.evaluate
        command
            "probe"
            (fun () -> ProbeSettings.All)
            "show what a student's answers owe to its latent steps"
            "--model RUN_OR_FOLDER --data FILE... --output FILE [options]"
            "--model runs/student --data gsm8k/test.jsonl --intervene shuffle rank:4 --output runs/student/probe.json"
            Stages.probe
        command
            "compare"
            (fun () -> Compare.settings)
            "test whether methods differ on the same questions or over the same seeds"
            "FOLDER|NAME=FOLDER,FOLDER... [options]"
            "lori=runs/lori-0-gsm8k,runs/lori-1-gsm8k codi=runs/codi-0-gsm8k,runs/codi-1-gsm8k"
            Compare.run
        command
            "report"
            (fun () -> Report.settings)
            "write one page with a run's curves, spectra, accuracy and decoded latents"
            "RUN... [options]"
            "runs/student runs/baseline --evaluation runs/student-gsm8k --output report.html"
            Report.run
        command
            "score"
            (fun () -> Score.settings)
            "score outputs again by a published rule"
            "--predictions FILE --rule RULE [options]"
            "--predictions runs/student-gsm8k/predictions.jsonl --rule codi"
            Score.run
        command
            "generate"
            (fun () -> Generate.settings)
            "continue a prompt, or answer questions one after the other"
            "--model FOLDER_OR_GGUF (--prompt TEXT | --ids LIST | --interactive) [options]"
            "--model runs/student --prompt \"Tom has 3 apples and buys 4. How many does he have?\""
            Generate.run
        command
            "logits"
            (fun () -> Models.settings)
            "show a model's logits and hidden states for given ids"
            "--model FOLDER_OR_GGUF --ids LIST [options]"
            "--model Qwen2.5-0.5B --ids \"1,2,3\" --output states.safetensors --json"
            Models.logits
        command
            "export"
            (fun () -> Export.settings)
            "export a trained model as a Hub folder with its tokenizer and a model card"
            "--model RUN_OR_FOLDER --output FOLDER [options]"
            "--model runs/student --evaluation runs/student-gsm8k --output student-lori"
            Export.run
        command
            "import"
            (fun () -> Import.settings)
            "import a model that the published code of a method trained (codi, coconut)"
            "--checkpoint PATH --base FOLDER --output FOLDER [options]"
            "--checkpoint CODI-gpt2/model.safetensors --base gpt2 --output codi-gpt2"
            Import.run
        command
            "tokenize"
            (fun () -> Tokenize.settings)
            "turn texts into ids, or ids into texts"
            "--tokenizer FILE_OR_FOLDER [options]"
            "--tokenizer Qwen2.5-0.5B < texts.jsonl"
            Tokenize.run
        command
            "inspect"
            (fun () -> Inspect.settings)
            "list the tensors of a file or a model"
            "FILE_OR_FOLDER [options]"
            "model.safetensors"
            Inspect.run
        command
            "task write"
            (fun () -> TaskSettings.Write)
            "write the rows of a task that is made here, and a tokenizer for it"
            "KIND --output FILE [options]"
            "chain --group affine7 --longest 5 --output chain.jsonl --tokenizer-output chain"
            Task.write
        command
            "model new"
            (fun () -> FreshModelSettings.New)
            "make a small model with fresh weights"
            "--tokenizer PATH --output FOLDER [options]"
            "--family llama --width 64 --layers 3 --tokenizer chain --output small"
            Task.makeModel
        command
            "model reduce"
            (fun () -> ReduceSettings.All)
            "cut a model to the directions of a subspace: a narrower one to train"
            "--model PATH --subspace FILE --output FOLDER [--rank N] [options]"
            "--model runs/teacher --subspace subspace.safetensors --rank 24 --output narrow"
            Reduce.run
        command
            "experiment plan"
            (fun () -> ExperimentSettings.Plan)
            "show the runs of a matrix of experiments and what they take"
            "MATRIX [options]"
            "experiments/moments.json --output runs/moments --budget 150m"
            Experiment.plan
        command
            "experiment run"
            (fun () -> ExperimentSettings.Run)
            "run a matrix of experiments, or go on with it"
            "MATRIX --output FOLDER [options]"
            "experiments/moments.json --output runs/moments --jobs 2"
            Experiment.run
        command
            "experiment status"
            (fun () -> ExperimentSettings.Status)
            "show which runs of an experiment are done, running, failed or left"
            "FOLDER [options]"
            "runs/moments"
            Experiment.status
        command
            "experiment table"
            (fun () -> ExperimentSettings.Table)
            "show what an experiment found, and decide its claims"
            "FOLDER [options]"
            "runs/moments --claims --form html --output moments.html"
            Experiment.table
        command
            "experiment claims"
            (fun () -> ExperimentSettings.ClaimsTogether)
            "show the claims of several experiments in one table"
            "FOLDER_OR_FILE... [options]"
            "runs/main runs/moments --form markdown --output claims.md"
            Experiment.claims
        command
            "plan-scale"
            (fun () -> ScaleSettings.All)
            "show what training would take on many hosts, and what breaks first"
            "--model FOLDER_OR_CONFIG [options]"
            "--model Qwen2.5-0.5B --hosts 64 --gpus 8 --network 8x400g --lora-rank 128"
            PlanScale.run
        command
            "data"
            (fun () -> Data.settings)
            "show what would be trained on: rows as tokens, lengths, what is left out"
            "--data FILE... --model PATH [options]"
            "--data train.jsonl --model Qwen2.5-0.5B --latent-steps 5 --test test.jsonl"
            Data.run
        command
            "download"
            (fun () -> Download.settings)
            "fetch a model or a data set from the Hugging Face Hub"
            "OWNER/NAME [options]"
            "HuggingFaceTB/SmolLM2-135M --exclude \"*.onnx\" \"runs/*\""
            Download.run
        command
            "schema"
            (fun () -> Schema.settings)
            "write what editors need to complete and check a file of settings"
            "teach|distill|trajectories|evaluate"
            "distill > distill.schema.json"
            Schema.run
    ]

let private entry (command: Command) : Completion.Entry =
    {
        Name = command.Page.Name
        Summary = command.Page.Summary
        Options = command.Names()
    }

let private shell =
    lazy
        Setting<string>(
            "shell",
            "name",
            Forms.Choice<string> [| for name, _ in Completion.shells -> struct (name, name) |],
            "",
            "{choices}",
            IsMain = true,
            Required = "name bash, zsh or fish"
        )

let private completionSettings () =
    CommandSettings("completion", [| shell.Value |])

let rec private writeCompletion (terminal: Terminal) (_: NativeRuntimeOptions) arguments =
    let name = (SettingOptions.read (completionSettings ()) arguments).Get shell.Value

    let script = Completion.shells |> List.find (fst >> (=) name) |> snd
    terminal.Out.WriteLine(script (List.map entry (commands ())))

/// All commands, in the order of the help.
and commands () : Command list =
    withoutCompletion ()
    @ [
        command
            "completion"
            completionSettings
            "write a script that completes commands and options in a shell"
            "bash|zsh|fish"
            "bash > ~/.local/share/bash-completion/completions/lori"
            writeCompletion
    ]
