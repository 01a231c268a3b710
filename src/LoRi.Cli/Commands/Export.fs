/// `lori export`.
module LoRi.Cli.Commands.Export

open System
open LoRi.Cli
open LoRi.Models.Native
open LoRi.Runs.Export
open LoRi.Files.Settings
open LoRi.Runs.Settings

/// The type of the weights; arithmetic has one more than files that are handed out.
let private dtype given =
    match given with
    | None
    | Some "float32" -> DtypeOption.F32
    | Some "bfloat16" -> DtypeOption.BF16
    | Some other ->
        raise (
            ExitCodes.UsageException
                $"--dtype {other}: must be one of float32, bfloat16, which are what weights are handed out as"
        )

let private exportOptions (options: Argu.ParseResults<ExportArgs>) =
    let size =
        options.TryGetResult Max_Shard_Size
        |> Option.map (fun text -> CommandLine.asUsage (fun () -> StorageSize.Parse("--max-shard-size", text).Bytes))

    let settings =
        ExportOptions(
            Model = CommandLine.existing "model" (options.GetResult ExportArgs.Model),
            Output = options.GetResult ExportArgs.Output,
            Adapter =
                (options.TryGetResult ExportArgs.Adapter
                 |> Option.map (CommandLine.existing "adapter")
                 |> Option.toObj),
            Form = CommandLine.choiceOr "form" (options.TryGetResult ExportArgs.Form) ExportForm.Merged,
            Dtype = dtype (options.TryGetResult ExportArgs.Dtype),
            ShardBytes = Option.defaultValue ExportOptions.DefaultShardBytes size,
            Tokenizer = Option.toObj (options.TryGetResult ExportArgs.Tokenizer),
            BaseModel = Option.toObj (options.TryGetResult Base_Model),
            Licence = Option.toObj (options.TryGetResult License),
            Languages = options.GetResult(Language, []),
            Datasets = options.GetResult(Dataset, []),
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
