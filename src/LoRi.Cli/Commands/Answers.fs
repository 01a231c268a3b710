/// Answers of `lori generate`: written while they are made, or as JSON.
module LoRi.Cli.Commands.Answers

open System
open LoRi.Cli
open LoRi.Runs.Answers

/// The model that answers, and the teacher that it is measured against.
type Answering =
    {
        Model: AnsweringModel
        Teacher: AnsweringModel option
    }

    interface IDisposable with
        member this.Dispose() =
            this.Model.Dispose()
            this.Teacher |> Option.iter _.Dispose()

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
            if answer.Explanations.Count > 0 then
                "explanations",
                Json.list
                    [
                        for one in answer.Explanations ->
                            Json.object
                                [
                                    "latents", Json.text one.Latents
                                    "ids", Json.list (Seq.map Json.whole one.Ids)
                                    "text",
                                    (match one.Text with
                                     | null -> null
                                     | text -> Json.text text)
                                    "taught", Json.flag one.Taught
                                    "cut", Json.flag one.Cut
                                ]
                    ]
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

/// What a reader has to know of an answer in which nothing is to be read.
let remark (answer: GeneratedAnswer) hasUnusedTemplate =
    match answer.Text with
    | null -> None
    | text when String.IsNullOrWhiteSpace text ->
        let what =
            if answer.EndedAtOnce then
                "the model ended at once, without a word"
            else
                $"""there is nothing to read in the answer, which is {plural answer.Ids.Length "token"} long"""

        let hint =
            if hasUnusedTemplate then
                "; this model has a chat template, try --chat"
            else
                ""

        Some(what + hint)
    | _ -> None

/// What is to be known of an answer goes where notes about the model went.
let private tellOf (terminal: Terminal) (model: AnsweringModel) (answer: GeneratedAnswer) =
    Models.tell terminal model.Path (Option.toList (Option.ofObj answer.Note))
    Models.tell terminal model.Path (Option.toList (remark answer model.HasUnusedTemplate))

/// Writes an answer's text while it is made; later lines of it begin with `indent`.
let private stream (terminal: Terminal) (indent: string) (ask: Action<string> -> GeneratedAnswer) =
    let mutable begun = false

    let write (text: string) =
        begun <- true
        terminal.Out.Write((Terminal.forTerminal terminal text).Replace("\n", "\n" + indent))
        terminal.Out.Flush()

    let answer =
        try
            ask (Action<string> write)
        with _ ->
            // An error begins a line of its own.
            if begun then
                terminal.Out.WriteLine()

            reraise ()

    terminal.Out.WriteLine(
        match answer.Text with
        | null -> String.Join(",", answer.Ids)
        | _ -> ""
    )

    answer

/// What its latent steps stand for, a line each.
let private explain (terminal: Terminal) (answer: GeneratedAnswer) =
    for one in answer.Explanations do
        let said =
            match one.Text with
            | null -> String.Join(",", one.Ids)
            | text -> text.Trim()

        let remark =
            match one.Remark with
            | null -> ""
            | words -> $" ({words})"

        terminal.Out.WriteLine $"  {one.Latents}: {(Terminal.forTerminal terminal said).Replace('\n', ' ')}{remark}"

/// Asks for an answer, and the teacher's where there is one, and writes them; gives back the model's own.
let answer
    (terminal: Terminal)
    asJson
    (answering: Answering)
    (question: string option)
    (ask: AnsweringModel -> Action<string> | null -> GeneratedAnswer)
    =
    let told (model: AnsweringModel) (answer: GeneratedAnswer) =
        tellOf terminal model answer
        answer

    if asJson then
        let quiet model = told model (ask model null)
        let own = quiet answering.Model
        Terminal.writeJson terminal (json question own (Option.map quiet answering.Teacher))
        own
    else
        let own = told answering.Model (stream terminal "" (ask answering.Model))

        explain terminal own

        let explicit =
            answering.Teacher
            |> Option.map (fun teacher ->
                terminal.Out.Write "  explicit chain: "
                told teacher (stream terminal "  " (ask teacher)))

        if question.IsSome || explicit.IsSome then
            terminal.Out.WriteLine $"  {measures own explicit}"

        own
