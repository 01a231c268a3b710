/// `lori generate`: what its options ask for.
module LoRi.Cli.Commands.Generate

open System
open System.Globalization
open Argu
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Commands.Answers
open LoRi.Models.Reasoning
open LoRi.Runs.Answers
open LoRi.Runs.Settings

/// What to go on from.
type private Source =
    | Text of string
    | Ids of int array
    | Lines

let private number (value: float) =
    value.ToString("R", CultureInfo.InvariantCulture)

let private contradict one other why =
    raise (UsageException $"{one} and {other} contradict each other: {why}")

let private source (options: ParseResults<GenerateArgs>) =
    let prompt, ids = options.TryGetResult Prompt, options.TryGetResult GenerateArgs.Ids

    let loop = options.Contains Interactive

    match prompt, ids with
    | Some _, Some _ -> raise (UsageException "generate: --prompt and --ids contradict each other: give one")
    | Some _, _ when loop ->
        contradict "--interactive" "--prompt" "the questions come from standard input, or there is one"
    | _, Some _ when loop -> contradict "--interactive" "--ids" "questions are texts"
    | _, Some _ when options.Contains Chat -> contradict "--chat" "--ids" "a template is for texts; give --prompt"
    | _, Some _ when options.Contains Against ->
        contradict "--against" "--ids" "the teacher may have other ids; give --prompt"
    | Some text, _ -> Text text
    | _, Some list -> Ids(Models.ids list)
    | None, None when loop || options.Contains Chat -> Lines
    | None, None ->
        raise (UsageException "generate: give --prompt or --ids, or --interactive for questions from standard input")

/// How tokens are drawn; nothing where the likeliest is taken.
let private sampling (options: ParseResults<GenerateArgs>) =
    let temperature, topP, topK, seed =
        options.TryGetResult Temperature,
        options.TryGetResult Top_P,
        options.TryGetResult Top_K,
        options.TryGetResult GenerateArgs.Seed

    let given =
        [
            for option, value in
                [
                    "--top-p", Option.map number topP
                    "--top-k", Option.map string topK
                    "--seed", Option.map string seed
                ] do
                match value with
                | Some text -> $"{option} {text}"
                | None -> ()
        ]

    CommandLine.atLeastOne "top-k" topK

    match temperature, topP with
    | Some t, _ when not (t >= 0.0 && Double.IsFinite t) ->
        raise (UsageException $"--temperature {number t}: must be at least 0")
    | _, Some p when not (p > 0.0 && p <= 1.0) ->
        raise (UsageException $"--top-p {number p}: must be larger than 0 and at most 1")
    | Some 0.0, _ when not given.IsEmpty ->
        contradict "--temperature 0" given.Head "at temperature 0 the likeliest token is taken, and nothing drawn"
    | None, None when topK.IsNone && seed.IsSome ->
        raise (
            UsageException
                $"{given.Head}: nothing is drawn that could depend on it; give --temperature, --top-p or --top-k too"
        )
    | (None | Some 0.0), _ when given.IsEmpty -> None
    | _ ->
        Some(
            SamplingSettings(
                Option.defaultValue 1.0 temperature,
                Option.defaultValue 1.0 topP,
                Option.toNullable topK,
                Option.defaultValue 0L seed
            )
        )

let private answering (options: ParseResults<GenerateArgs>) start =
    for option, value in
        [
            "latent-steps", options.TryGetResult GenerateArgs.Latent_Steps
            "max-new-tokens", options.TryGetResult GenerateArgs.Max_New_Tokens
            "threads", options.TryGetResult GenerateArgs.Threads
        ] do
        CommandLine.atLeastOne option value

    let drawn = sampling options

    AnsweringOptions(
        Dtype = CommandLine.choiceOr "dtype" (options.TryGetResult GenerateArgs.Dtype) DtypeOption.F32,
        Device = CommandLine.choiceOr "device" (options.TryGetResult GenerateArgs.Device) DeviceOption.Cpu,
        Model = CommandLine.existing "model" (options.GetResult GenerateArgs.Model),
        Tokenizer = Option.toObj (options.TryGetResult GenerateArgs.Tokenizer),
        Adapter =
            (options.TryGetResult GenerateArgs.Adapter
             |> Option.map (CommandLine.existing "adapter")
             |> Option.toObj),
        Chat = options.Contains Chat,
        Asked =
            (match start with
             | Lines -> "the question"
             | _ -> "--prompt"),
        LatentSteps = Option.toNullable (options.TryGetResult GenerateArgs.Latent_Steps),
        MaxNewTokens = options.GetResult(GenerateArgs.Max_New_Tokens, 256),
        Sampling = Option.toObj drawn
    )

/// The teacher's options: the model's, without what belongs to its run alone.
let private teacher (asked: AnsweringOptions) path =
    AnsweringOptions(
        Dtype = asked.Dtype,
        Device = asked.Device,
        Model = path,
        Chat = asked.Chat,
        Asked = asked.Asked,
        MaxNewTokens = asked.MaxNewTokens,
        Sampling = asked.Sampling
    )

let private loadAll (terminal: Terminal) (asked: AnsweringOptions) (against: string option) needsText =
    let load (options: AnsweringOptions) =
        let model = AnsweringModel.Load(options, needsText)
        Models.tell terminal options.Model model.Notes
        model

    let model = load asked

    try
        {
            Model = model
            Teacher = against |> Option.map (teacher asked >> load)
        }
    with _ ->
        model.Dispose()
        reraise ()

/// Goes on from a prompt, or answers questions.
let run (terminal: Terminal) native arguments =
    let options = CommandLine.parse<GenerateArgs> "generate" arguments
    let start = source options
    let asked = answering options start

    let against =
        options.TryGetResult Against |> Option.map (CommandLine.existing "against")

    against |> Option.iter (fun path -> AnsweringModel.CheckExplicit("--against", path))

    Models.load native (options.TryGetResult GenerateArgs.Threads)
    use answering = loadAll terminal asked against (not start.IsIds)

    if start.IsLines || against.IsSome then
        answering.Model.WarmUp()
        answering.Teacher |> Option.iter _.WarmUp()

    let asJson = options.Contains GenerateArgs.Json

    match start with
    | Lines -> Chat.run terminal asJson answering
    | Ids ids ->
        Answers.answer terminal asJson answering None (fun model told -> model.Answer(ids, told))
        |> ignore
    | Text text ->
        let found =
            Answers.answer terminal asJson answering None (fun model told -> model.Answer(text, told))

        if answering.Model.HasUnusedTemplate && (Answers.remark found true).IsNone then
            Models.tell terminal asked.Model [ "this model has a chat template; --chat asks through it" ]
