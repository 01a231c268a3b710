/// Answers that are letters or truth values, and the hand-written cases, against the published evaluators.
module LoRi.Training.Tests.LetterScoringTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Runs.Scoring

let private lines name =
    [
        for line in File.ReadAllLines(SharedFiles.path $"fixtures/scoring/{name}") ->
            JsonDocument.Parse(line).RootElement
    ]

/// A value as Python's `str` writes it.
let private shown (value: JsonElement) =
    let field = Seq.exactlyOne (value.EnumerateObject())

    match field.Name with
    | "bool" -> if field.Value.GetBoolean() then "True" else "False"
    | _ -> SharedFiles.asText field.Value

let private agrees (rule: ScoringRule) (name: string) (case: JsonElement) =
    let expected = case.GetProperty name

    let found =
        AnswerScorer.Score(
            rule,
            SharedFiles.text "text" case,
            SharedFiles.text "gold" case,
            SharedFiles.text "data_name" case
        )

    match expected.TryGetProperty "error" with
    | true, error ->
        Expect.equal (Option.ofObj found.Error) (Some(SharedFiles.asText error)) $"the exception, {case}"
        Expect.isFalse found.Correct $"wrong where the program stops, {case}"
        Expect.equal found.Value "" $"no value, {case}"
    | _ ->
        Expect.isNull found.Error $"no exception, {case}"
        Expect.equal found.Value (shown (expected.GetProperty "value")) $"value, {case}"
        Expect.equal found.Gold (shown (expected.GetProperty "gold")) $"gold, {case}"
        Expect.equal found.Correct (expected.GetProperty("correct").GetBoolean()) $"verdict, {case}"

let private golden =
    [
        for name, rule in [ "codi", ScoringRule.Codi; "simcot", ScoringRule.Simcot ] do
            test $"{name} agrees on every letter and truth value" {
                let cases = lines "letters.jsonl"
                Expect.isNonEmpty cases "cases"
                List.iter (agrees rule name) cases
            }
        test "SIM-CoT's rule agrees with CODI's where there is a number or the data has numbers" {
            for case in lines "cases.jsonl" do
                let score rule =
                    AnswerScorer.Score(rule, SharedFiles.text "text" case, SharedFiles.text "gold" case)

                Expect.equal (score ScoringRule.Simcot) (score ScoringRule.Codi) $"{case}"
        }
        test "every hand-written pair is among the cases that are compared" {
            let literals = SharedFiles.json "fixtures/scoring/literals.json"

            let compared =
                set
                    [
                        for case in lines "cases.jsonl" -> SharedFiles.text "text" case, SharedFiles.text "gold" case
                    ]

            let pairs =
                [
                    for pair in SharedFiles.items "pairs" literals ->
                        SharedFiles.asText pair[0], SharedFiles.asText pair[1]
                ]

            Expect.isNonEmpty pairs "pairs"
            Expect.isEmpty (set pairs - compared) "pairs that no case has"
        }
    ]

let private ours =
    [
        test "the data set's name decides what is looked for where there is no number" {
            for name, text, gold, value, correct in
                [
                    "commonsense", "The answer is: B", "B", "B", true
                    "commonsense-qa", "A bird", "A", "A", true
                    "my-commonsense", "none of these", "C", "C", true
                    "strategyqa", "So it is False", "False", "False", true
                    "PRONTOQA", "So it is True, not False", "False", "True", false
                    "gsm8k", "The answer is: B", "B", "inf", false
                    "Commonsense", "The answer is: B", "B", "inf", false
                ] do
                let found = AnswerScorer.Score(ScoringRule.Codi, text, gold, name)
                Expect.equal (found.Value, found.Correct) (value, correct) $"{name}: {text}"
        }
    ]

[<Tests>]
let tests = testList "Letters" (golden @ ours)
