/// `lori export`.
module LoRi.Cli.Commands.Export

open System
open LoRi.Cli
open LoRi.Training
open LoRi.Training.Export
open LoRi.Training.Runs

let private exportOptions (options: Argu.ParseResults<ExportArgs>) =
    let size =
        options.TryGetResult Max_Shard_Size
        |> Option.map (fun text -> CommandLine.asUsage (fun () -> ExportOptions.ParseSize text))

    let settings =
        ExportOptions(
            Model = CommandLine.existing "model" (options.GetResult ExportArgs.Model),
            Output = options.GetResult ExportArgs.Output,
            Adapter =
                (options.TryGetResult ExportArgs.Adapter
                 |> Option.map (CommandLine.existing "adapter")
                 |> Option.toObj),
            Form = CommandLine.choiceOr "form" (options.TryGetResult ExportArgs.Form) ExportForm.Merged,
            Dtype = CommandLine.choiceOr "dtype" (options.TryGetResult ExportArgs.Dtype) DtypeOption.F32,
            ShardBytes = Option.defaultValue ExportOptions.DefaultShardBytes size,
            Tokenizer = Option.toObj (options.TryGetResult ExportArgs.Tokenizer),
            BaseModel = Option.toObj (options.TryGetResult Base_Model),
            Evaluations = options.GetResult(ExportArgs.Evaluation, [])
        )

    CommandLine.asUsage settings.Validate
    settings

/// Hands a model out.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let given = CommandLine.parse<ExportArgs> "export" arguments
    let options = exportOptions given
    NativeRuntime.Load native

    let files =
        ExportStage.Run(options, Action<string>(fun line -> terminal.Error.WriteLine line))

    if given.Contains ExportArgs.Json then
        Terminal.writeJson
            terminal
            (Json.object
                [
                    "output", Json.text options.Output
                    "files", Json.list (Seq.map Json.text files)
                ])
    else
        for name in files do
            terminal.Out.WriteLine name
