module LoRi.Cli.Commands.Score

open System.Globalization
open LoRi.Cli
open LoRi.Training.Evaluation

let private asJson (accuracy: float) (interval: WilsonInterval) (scores: ScoredAnswer[]) =
    let row (score: ScoredAnswer) : Json.Value =
        Json.object [ "value", Json.text score.Value; "correct", Json.flag score.Correct ]

    Json.object
        [
            "examples", Json.whole scores.Length
            "correct", Json.whole (scores |> Seq.filter _.Correct |> Seq.length)
            "accuracy", Json.number accuracy
            "ci95", Json.numbers [ interval.Low; interval.High ]
            "rows", Json.list (Seq.map row scores)
        ]

let private percent (share: float) =
    (100.0 * share).ToString("0.0", CultureInfo.InvariantCulture) + " %"

/// Scores anyone's outputs again by one of the published rules.
let run (terminal: Terminal) _ arguments =
    let options = CommandLine.parse<ScoreArgs> "score" arguments
    let rule = CommandLine.choice<ScoringRule> "rule" (options.GetResult Rule)
    let predictions = PredictionFile.Read(options.GetResult Predictions)
    let scores = [| for p in predictions -> AnswerScorer.Score(rule, p.Text, p.Gold) |]
    let correct = scores |> Seq.filter _.Correct |> Seq.length

    let accuracy =
        if scores.Length = 0 then
            0.0
        else
            float correct / float scores.Length

    let interval = WilsonInterval.Of(correct, scores.Length)

    if options.Contains ScoreArgs.Json then
        Terminal.writeJson terminal (asJson accuracy interval scores)
    else
        Terminal.writeTable
            terminal
            [ "rule"; "examples"; "correct"; "accuracy"; "95 % interval" ]
            [
                [
                    options.GetResult Rule
                    string scores.Length
                    string correct
                    percent accuracy
                    $"{percent interval.Low} to {percent interval.High}"
                ]
            ]
