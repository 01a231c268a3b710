/// `lori generate`: what its options ask for.
module LoRi.Cli.Commands.Generate

open System
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Cli.Commands.Answers
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Runs.Answers
open LoRi.Runs.Settings

/// What to continue.
type private Source =
    | Text of string
    | Ids of int array
    | Lines

let private contradict one other why =
    raise (UsageException $"{one} and {other} contradict each other: {why}")

let private text key name (form: ValueForm<string>) help =
    Setting<string | null>(key, name, form.OrNone(), null, help)

let private flag key help =
    Setting<bool>(key, "", Forms.Flag, false, help)

let private prompt = text "prompt" "text" Forms.Words "text to continue"

let private idList =
    text "ids" "list" Forms.Text "token ids to continue, separated by commas"

let private interactive =
    flag "interactive" "answer every line of standard input, with the time and the tokens it took"

let private chat =
    flag
        "chat"
        "put the prompt into the model's chat template; without --prompt, answer every line after those before (/new starts over)"

let private against =
    text "against" "path" Forms.Place "an explicit teacher that answers too: shows the tokens and the time saved"

let private explain =
    flag
        "explain"
        "show what the model's latent steps stand for, as the auxiliary decoder beside it says (--method sim-cot --keep-decoder)"

let private temperature =
    Setting<Nullable<float>>(
        "temperature",
        "t",
        Forms.AtLeast(0.0).Optional(),
        Nullable(),
        "draw tokens from softmax(logits / t); 0 takes the likeliest",
        DefaultText = "0; 1 with --top-p or --top-k"
    )

let private topP =
    Setting<Nullable<float>>(
        "top_p",
        "share",
        Forms.Share.Optional(),
        Nullable(),
        "draw from the fewest tokens whose probabilities reach this share",
        DefaultText = "1"
    )

let private topK =
    Setting<Nullable<int>>(
        "top_k",
        "n",
        Forms.Whole(1).Optional(),
        Nullable(),
        "draw from this many of the likeliest tokens",
        DefaultText = "all"
    )

let private seed =
    Setting<Nullable<int64>>("seed", "n", Forms.Seed.Optional(), Nullable(), "seed of the drawing", DefaultText = "0")

let private latentSteps =
    Setting<Nullable<int>>(
        "latent_steps",
        "n",
        AnswerSettings.LatentSteps.Form,
        Nullable(),
        "continuous steps before the text",
        DefaultText = "the run's own, else 0"
    )

let private json =
    flag "json" "write JSON: one object, with --interactive one a line"

/// Its options.
let settings =
    CommandSettings(
        "generate",
        [|
            Models.model
            prompt
            idList
            interactive
            chat
            against
            explain
            temperature
            topP
            topK
            seed
            StageSettings.Tokenizer
            Models.adapter
            latentSteps
            AnswerSettings.MaxNewTokens
            StageSettings.Dtype
            AnswerSettings.Weights
            StageSettings.Threads
            StageSettings.Device
            json
        |],
        Rules = [| AnswerSettings.WeightsRule |]
    )

let private source (options: SettingValues) =
    let loop = options.Get interactive

    match options.Get prompt, options.Get idList with
    | Null, Null when loop || options.Get chat -> Lines
    | Null, Null ->
        raise (UsageException "generate: give --prompt or --ids, or --interactive for questions from standard input")
    | NonNull _, NonNull _ -> raise (UsageException "generate: --prompt and --ids contradict each other: give one")
    | NonNull _, _ when loop ->
        contradict "--interactive" "--prompt" "the questions come from standard input, or there is one"
    | NonNull text, _ -> Text text
    | _ when loop -> contradict "--interactive" "--ids" "questions are texts"
    | _ when options.Get chat -> contradict "--chat" "--ids" "a template is for texts; give --prompt"
    | _ when options.IsGiven against -> contradict "--against" "--ids" "the teacher may have other ids; give --prompt"
    | _, NonNull list -> Ids(Models.ids list)

/// How tokens are drawn; nothing where the likeliest is taken.
let private sampling (options: SettingValues) =
    let drawn: Setting list = [ topP; topK; seed ]
    let given = drawn |> List.filter options.IsGiven |> List.map _.Say(options)
    let temperature = options.Get temperature
    let share, count = options.Get topP, options.Get topK

    if temperature = Nullable 0.0 && not given.IsEmpty then
        contradict "--temperature 0" given.Head "at temperature 0 the likeliest token is taken, and nothing drawn"

    if not (temperature.HasValue || share.HasValue || count.HasValue || given.IsEmpty) then
        raise (
            UsageException
                $"{given.Head}: nothing is drawn that could depend on it; give --temperature, --top-p or --top-k too"
        )

    if given.IsEmpty && temperature.GetValueOrDefault() = 0.0 then
        None
    else
        Some(
            SamplingSettings(
                temperature.GetValueOrDefault 1.0,
                share.GetValueOrDefault 1.0,
                count,
                (options.Get seed).GetValueOrDefault()
            )
        )

let private answering (options: SettingValues) (native: NativeRuntimeOptions) start =
    let drawn = sampling options

    AnsweringOptions(
        Dtype = options.Get StageSettings.Dtype,
        Device = options.Get StageSettings.Device,
        Weights = options.Get AnswerSettings.Weights,
        Model = CommandLine.existing "model" (nonNull (options.Get Models.model)),
        Tokenizer = options.Get StageSettings.Tokenizer,
        Adapter = Models.adapterOf options,
        Chat = options.Get chat,
        Asked =
            (match start with
             | Lines -> "the question"
             | _ -> "--prompt"),
        LatentSteps = options.Get latentSteps,
        Explain = options.Get explain,
        MaxNewTokens = options.Get AnswerSettings.MaxNewTokens,
        Sampling = Option.toObj drawn,
        Native = native.WithThreads(options.Get StageSettings.Threads)
    )

/// The teacher's options: the model's, without what belongs to its run alone.
let private teacher (asked: AnsweringOptions) path =
    AnsweringOptions(
        Dtype = asked.Dtype,
        Device = asked.Device,
        Weights = asked.Weights,
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

/// Continues a prompt, or answers questions.
let run (terminal: Terminal) native arguments =
    let options = SettingOptions.read settings arguments
    let start = source options
    let asked = answering options native start

    let against =
        options.Get against |> Option.ofObj |> Option.map (CommandLine.existing "against")

    against |> Option.iter (fun path -> AnsweringModel.CheckExplicit("--against", path))

    use answering = loadAll terminal asked against (not start.IsIds)

    if start.IsLines || against.IsSome then
        answering.Model.WarmUp()
        answering.Teacher |> Option.iter _.WarmUp()

    let asJson = options.Get json

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
