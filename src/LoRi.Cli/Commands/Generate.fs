/// `lori generate`: one answer, or one for every line of standard input.
module LoRi.Cli.Commands.Generate

open System
open System.Globalization
open Argu
open LoRi.Cli
open LoRi.Cli.ExitCodes
open LoRi.Training
open LoRi.Training.Generation
open LoRi.Training.Runs

/// What to go on from.
type private Source =
    | Text of string
    | Ids of int array
    | Lines

/// The model that answers, and the teacher that it is measured against.
type private Answering =
    {
        Model: AnsweringModel
        Teacher: AnsweringModel option
    }

    interface IDisposable with
        member this.Dispose() =
            this.Model.Dispose()
            this.Teacher |> Option.iter _.Dispose()

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

let private textOf (answer: GeneratedAnswer) : Json.Value =
    match answer.Text with
    | null -> null
    | text -> Json.text text

let private json (question: string option) (answer: GeneratedAnswer) (explicit: GeneratedAnswer option) =
    let own (answer: GeneratedAnswer) =
        [ "ids", Json.list (Seq.map Json.whole answer.Ids); "text", textOf answer ]

    let measured (answer: GeneratedAnswer) =
        [
            "tokens", Json.whole answer.Ids.Length
            "latent_steps", Json.whole answer.LatentSteps
            "seconds", Json.number answer.Seconds
        ]

    Json.object
        [
            match question with
            | Some text -> "question", Json.text text
            | None -> ()
            yield! own answer
            if question.IsSome || explicit.IsSome then
                yield! measured answer
            match explicit with
            | Some other ->
                "against", Json.object (own other @ measured other)
                "tokens_saved", Json.whole (other.Ids.Length - answer.Ids.Length)
            | None -> ()
        ]

let private plural count (thing: string) =
    if count = 1 then $"1 {thing}" else $"{count} {thing}s"

/// What an answer took, and what the explicit chain did.
let private measures (answer: GeneratedAnswer) (explicit: GeneratedAnswer option) =
    let took (answer: GeneratedAnswer) =
        $"""%.2f{answer.Seconds} s, {plural answer.Ids.Length "token"}"""

    let latent =
        if answer.LatentSteps > 0 then
            $""" after {plural answer.LatentSteps "latent step"}"""
        else
            ""

    match explicit with
    | None -> took answer + latent
    | Some other ->
        let saved = other.Ids.Length - answer.Ids.Length
        let share = 100.0 * float saved / float (max 1 other.Ids.Length)

        let compared =
            if saved >= 0 then
                $"{saved} saved (%.0f{share} %%)"
            else
                $"{-saved} more"

        $"{took answer}{latent}; explicit chain: {took other}; {compared}"

let private write (terminal: Terminal) asJson question (answer: GeneratedAnswer) explicit =
    if asJson then
        Terminal.writeJson terminal (json question answer explicit)
    else
        terminal.Out.WriteLine(
            match answer.Text with
            | null -> String.Join(",", answer.Ids)
            | text -> Terminal.forTerminal terminal text
        )

        if question.IsSome || Option.isSome explicit then
            terminal.Out.WriteLine $"  {measures answer explicit}"

/// An answer; what is to be known of it goes where notes about the model went.
let private ask (terminal: Terminal) (answering: Answering) (answer: AnsweringModel -> GeneratedAnswer) =
    let asked (model: AnsweringModel) =
        let found = answer model
        Models.tell terminal model.Path (Option.toList (Option.ofObj found.Note))
        found

    let own = asked answering.Model
    own, Option.map asked answering.Teacher

/// Answers lines until there are no more. A question that cannot be answered is reported, and the next one read.
let private answerLines (terminal: Terminal) asJson (answering: Answering) =
    let mark =
        if obj.ReferenceEquals(terminal.In, Console.In) && not Console.IsInputRedirected then
            "> "
        else
            ""

    let answer (line: string) =
        try
            let own, explicit = ask terminal answering _.Answer(line)
            write terminal asJson (Some line) own explicit
            true
        with :? InputException as e ->
            let message = e.Message.ReplaceLineEndings " "
            terminal.Error.WriteLine $"lori: error: {message}"
            false

    let rec go asked failed =
        terminal.Error.Write mark

        match terminal.In.ReadLine() with
        | null -> asked, failed
        | line when String.IsNullOrWhiteSpace line -> go asked failed
        | line when line.Trim() = "/new" ->
            answering.Model.StartOver()
            answering.Teacher |> Option.iter _.StartOver()
            go asked failed
        | line -> go (asked + 1) (if answer line then failed else failed + 1)

    match go 0 0 with
    | _, 0 -> ()
    | asked, failed -> raise (InputException $"{failed} of {asked} questions had no answer; the lines above say why")

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
    | Lines -> answerLines terminal asJson answering
    | Ids ids -> write terminal asJson None (fst (ask terminal answering _.Answer(ids))) None
    | Text text -> ask terminal answering _.Answer(text) ||> write terminal asJson None
