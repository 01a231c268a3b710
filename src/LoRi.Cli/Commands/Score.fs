module LoRi.Cli.Commands.Score

open System
open System.Globalization
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Runs.Scoring
open LoRi.Runs.Settings

/// The rule that another one is compared with: the strict rule, and for the strict rule CODI's.
let private otherRule (rule: ScoringRule) =
    if rule = ScoringRule.Strict then
        ScoringRule.Codi, "codi"
    else
        ScoringRule.Strict, "strict"

/// Answers that are right only because neither they nor the data set's answers can be read as numbers.
let private unreadable (scores: ScoredAnswer seq) =
    scores |> Seq.filter _.BothUnreadable |> Seq.length

/// What makes a score misleading, a line each.
let private warnings (rule: ScoringRule) (ruleName: string) (predictions: Prediction[]) (scores: ScoredAnswer[]) =
    let isAbsent (p: Prediction) =
        match AnswerScorer.Marker(rule, p.AnswerPrefix) with
        | null -> false
        | marker -> not (p.Text.Contains marker)

    [
        match unreadable scores with
        | 0 -> ()
        | count -> EvaluationTable.unreadable count scores.Length
        if Array.forall isAbsent predictions then
            let marker = AnswerScorer.Marker(rule, predictions[0].AnswerPrefix)
            $"rule {ruleName} looks after {marker}, which stands in none of these {predictions.Length} texts; choose the rule of the form in which they are written"
    ]

let private asJson (disagreements: int) (otherName: string) (interval: WilsonInterval) (scores: ScoredAnswer[]) =
    let row (score: ScoredAnswer) : Json.Value =
        Json.object
            [
                "value", Json.text score.Value
                "correct", Json.flag score.Correct
                match score.Error with
                | null -> ()
                | error -> "error", Json.text error
            ]

    let correct = scores |> Seq.filter _.Correct |> Seq.length

    Json.object
        [
            "examples", Json.whole scores.Length
            "correct", Json.whole correct
            "accuracy", Json.number (float correct / float scores.Length)
            "ci95", Json.numbers [ interval.Low; interval.High ]
            "rows", Json.list (Seq.map row scores)
            "disagreements", Json.whole disagreements
            "compared_with", Json.text otherName
            "both_unreadable", Json.whole (unreadable scores)
        ]

let private percent (share: float) =
    (100.0 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %"

let private predictions =
    Setting<string>(
        "predictions",
        "file",
        Forms.Place,
        "",
        "JSON lines with text and gold",
        Required = "name a file of JSON lines with text and gold"
    )

let private ruleSetting =
    Setting<Nullable<ScoringRule>>(
        "rule",
        "name",
        Forms.Choice<ScoringRule>().Optional(),
        Nullable(),
        "{choices}",
        Required = "name the rule to score by"
    )

let private dataName =
    Setting<string | null>(
        "data_name",
        "name",
        Forms.Text.OrNone(),
        null,
        "the evaluator's name of the data where a line has no data_name: commonsense asks for letters, strategy and ProntoQA for truth values"
    )

let private answerPrefix =
    Setting<string | null>(
        "answer_prefix",
        "text",
        Forms.Words.OrNone(),
        null,
        "what the strict rule looks for where a line has no answer_prefix",
        DefaultText = "The answer is:"
    )

/// Its options.
let settings =
    CommandSettings("score", [| predictions; ruleSetting; dataName; answerPrefix; StageSettings.Json |])

/// The predictions with what the command line says of those that do not say it themselves.
let private read (options: SettingValues) =
    let completed (own: string | null) (given: Setting<string | null>) : string | null =
        match own with
        | null -> options.Get given
        | own -> own

    [|
        for p in PredictionFile.Read(options.Get predictions) ->
            Prediction(p.Text, p.Gold, completed p.DataName dataName, completed p.AnswerPrefix answerPrefix)
    |]

/// Scores anyone's outputs again by one of the published rules.
let run (terminal: Terminal) _ arguments =
    let options = SettingOptions.read settings arguments
    let rule = (options.Get ruleSetting).Value
    let name = Forms.Name rule
    let predictions = read options
    let scores = [| for p in predictions -> p.Score rule |]
    let other, otherName = otherRule rule

    let disagreements =
        Seq.zip scores predictions
        |> Seq.filter (fun (score, p) -> score.Correct <> (p.Score other).Correct)
        |> Seq.length

    let correct = scores |> Seq.filter _.Correct |> Seq.length
    let interval = WilsonInterval.Of(correct, scores.Length)

    for warning in warnings rule name predictions scores do
        terminal.Error.WriteLine $"warning: {warning}"

    if options.Get StageSettings.Json then
        Terminal.writeJson terminal (asJson disagreements otherName interval scores)
    else
        Terminal.writeTable
            terminal
            [
                "rule"
                "examples"
                "correct"
                "accuracy"
                "95 % interval"
                $"{otherName} disagrees"
            ]
            [
                [
                    name
                    string scores.Length
                    string correct
                    percent (float correct / float scores.Length)
                    $"{percent interval.Low} to {percent interval.High}"
                    string disagreements
                ]
            ]

        match scores |> Seq.filter (fun score -> not (isNull score.Error)) |> Seq.length with
        | 0 -> ()
        | stopped ->
            terminal.Out.WriteLine $"At {stopped} of these the published program would stop; they count as wrong here."
