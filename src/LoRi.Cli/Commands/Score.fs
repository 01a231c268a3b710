module LoRi.Cli.Commands.Score

open System.Globalization
open LoRi.Cli
open LoRi.Runs.Scoring

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

/// The predictions with what the command line says of those that do not say it themselves.
let private read (options: Argu.ParseResults<ScoreArgs>) =
    let completed (own: string | null) (given: string option) =
        match own with
        | null -> Option.toObj given
        | own -> own

    [|
        for p in PredictionFile.Read(options.GetResult Predictions) ->
            Prediction(
                p.Text,
                p.Gold,
                completed p.DataName (options.TryGetResult ScoreArgs.Data_Name),
                completed p.AnswerPrefix (options.TryGetResult ScoreArgs.Answer_Prefix)
            )
    |]

/// Scores anyone's outputs again by one of the published rules.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<ScoreArgs> "score" arguments
    let rule = CommandLine.choice<ScoringRule> "rule" (options.GetResult Rule)
    let predictions = read options
    let scores = [| for p in predictions -> p.Score rule |]
    let other, otherName = otherRule rule

    let disagreements =
        Seq.zip scores predictions
        |> Seq.filter (fun (score, p) -> score.Correct <> (p.Score other).Correct)
        |> Seq.length

    let correct = scores |> Seq.filter _.Correct |> Seq.length
    let interval = WilsonInterval.Of(correct, scores.Length)

    for warning in warnings rule (options.GetResult Rule) predictions scores do
        terminal.Error.WriteLine $"warning: {warning}"

    if options.Contains ScoreArgs.Json then
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
                    options.GetResult Rule
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
