module LoRi.Training.Tests.ScoringTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Training.Evaluation

let private rules =
    [
        "codi", ScoringRule.Codi
        "coconut", ScoringRule.Coconut
        "icot", ScoringRule.Icot
        "pccot", ScoringRule.Pccot
        "pccot_cot", ScoringRule.PccotCot
    ]

let private text (element: JsonElement) = nonNull (element.GetString())

/// A value as the golden file writes it: a number, a string or a truth value.
let private golden (value: JsonElement) =
    let field = Seq.head (value.EnumerateObject())

    match field.Name with
    | "bool" -> if field.Value.GetBoolean() then "True" else "False"
    | _ -> text field.Value

let private strict text gold =
    AnswerScorer.Score(ScoringRule.Strict, text, gold)

let private goldenTests =
    [
        for name, rule in rules ->
            test $"{name} agrees with the published code on every case" {
                let cases = File.ReadAllLines(SharedFiles.path "fixtures/scoring/cases.jsonl")

                for line in cases do
                    use case = JsonDocument.Parse line
                    let root = case.RootElement
                    let expected = root.GetProperty name

                    let got =
                        AnswerScorer.Score(rule, text (root.GetProperty "text"), text (root.GetProperty "gold"))

                    let where = $"""case {root.GetProperty "id"} {line}"""
                    Expect.equal got.Value (golden (expected.GetProperty "value")) $"value, {where}"
                    Expect.equal got.Gold (golden (expected.GetProperty "gold")) $"gold, {where}"
                    Expect.equal got.Correct (expected.GetProperty("correct").GetBoolean()) $"verdict, {where}"

                Expect.isGreaterThan cases.Length 200 "cases"
            }
    ]

let private strictTests =
    [
        test "strict takes the number directly after the last prefix" {
            for text, gold in
                [
                    "The answer is: 18", "18"
                    "so 5. The answer is: 1,234.", "1234"
                    "The answer is: 3 The answer is:18.50", "18.5"
                    "The answer is: \n42", "42"
                    "The answer is: 1,234,567.5", "1234567.5"
                    "The answer is: 18, as said", "18"
                    "The answer is: 18 (dollars)", "18"
                    "The answer is: +7", "7"
                    "The answer is: 50% of all", "50"
                    "The answer is: -7 degrees", "-7"
                    "The answer is: 18", "prose 3 #### 18"
                    "The answer is: 9867630", "9867630.0"
                    "The answer is: .5", "0.5"
                    "The answer is: 1250000", "1.25e6"
                    "The answer is: 905889564523320607017", "905889564523320607017"
                    "The answer is: 0", "-0.0"
                    "**The answer is: 18**", "18"
                    "**The answer is: 18** (dollars)", "18"
                    "**The answer is: 18**\n3 apples", "18"
                    "*The answer is: 18*", "18"
                    "The answer is: 18 **(dollars)**", "18"
                    "The answer is: 18 **3 apples each**", "18"
                    "The answer is: 18\n\n* Each apple costs 2", "18"
                    "The answer is: 18\n- 3 apples", "18"
                    "The answer is: 18\r\n+ 3 apples", "18"
                    "The answer is: 18\u2028* 3 apples", "18"
                    "The answer is: 18 = all of them", "18"
                    "The answer is: 18/day", "18"
                    "The answer is: 18 - that is all", "18"
                    "The answer is: 18 - (that is all)", "18"
                    "The answer is: 18*\n* 3 of them are red", "18"
                ] do
                Expect.isTrue (strict text gold).Correct $"{text} = {gold}"
        }
        test "strict refuses what the last-number rule lets through" {
            for text, gold in
                [
                    "The answer is: 5-3", "-3"
                    "The answer is: 1/2", "2"
                    "The answer is: 1e3", "3"
                    "", "?"
                    "The answer is: about 18", "18"
                    "18 apples and 3", "18"
                    "The answer is: 905889564523320607017", "905889564523320607018"
                    "", "18"
                    "The answer is: 18.0.1", "18"
                    "18", "18"
                    " 42", "42"
                    "the answer is: 18", "18"
                    "The answer is: ", "0"
                    "The answer is: $18", "18"
                    "The answer is: 1,2,3", "123"
                    "The answer is: 12,34", "1234"
                    "The answer is: 1,2345", "12345"
                    "The answer is: 1234,567", "1234567"
                    "The answer is: 5=5", "5"
                    "The answer is: 5 + 3 = 8", "5"
                    "The answer is: 18 - 3", "18"
                    "The answer is: 3 / 4", "3"
                    "The answer is: 5:30", "5"
                    "The answer is: 18kg", "18"
                    "The answer is: 18\u00b2", "18"
                    "The answer is: 1\u0662", "1"
                    "The answer is: 18 The answer is:", "18"
                    "The answer is: 18", "18.0000000000000001"
                    "The answer is: --7", "-7"
                    "The answer is: 1e3", "1000"
                    "The answer is: 5*3", "5"
                    "The answer is: 5 * (3 + 4)", "5"
                    "The answer is: 5 \u00d7 3", "5"
                    "The answer is: 5^2", "5"
                    "The answer is: 5 + -3", "5"
                    "The answer is: 5 + $3", "5"
                    "The answer is: 5 - (3)", "5"
                    "The answer is: 5 - .5", "5"
                    "The answer is: 5/.5", "5"
                    "The answer is: 2**3", "2"
                    "The answer is: 2 ** 3", "2"
                    "The answer is: 5\u00a0+\t3", "5"
                    "The answer is: **18**", "18"
                ] do
                Expect.isFalse (strict text gold).Correct $"{text} <> {gold}"
        }
        test "strict looks after the prefix that the run was trained with" {
            for prefix, text, gold, correct in
                [
                    "So", "So18", "18", true
                    "So", "The answer is: 18", "18", false
                    "The answer is: ", "The answer is:18", "18", true
                    "=>", "x => 3 => 4", "4", true
                    "=>", "x => 3 => 4", "3", false
                    "####", "#### 4", "4", true
                    "", "4 apples", "4", true
                ] do
                let found = AnswerScorer.Score(ScoringRule.Strict, text, gold, null, prefix)
                Expect.equal found.Correct correct $"{prefix}: {text} = {gold}"
        }
        test "strict compares answers that are not numbers as text" {
            Expect.isFalse (strict "True" "True").Correct "without the prefix"
            Expect.isTrue (strict "The answer is: True" "True").Correct ""
            Expect.isTrue (strict "The answer is: Sally is a rorpus." "Sally is a rorpus.").Correct ""
            Expect.isFalse (strict "The answer is: False" "True").Correct ""
        }
    ]

let private intervalTests =
    [
        test "Wilson's interval agrees with the golden numbers" {
            use expected =
                JsonDocument.Parse(File.ReadAllText(SharedFiles.path "fixtures/statistics/expected.json"))

            let mutable compared = 0

            for case in expected.RootElement.GetProperty("proportions").EnumerateArray() do
                let ends = case.GetProperty("0.95").GetProperty "wilson"

                let interval =
                    WilsonInterval.Of(case.GetProperty("correct").GetInt32(), case.GetProperty("total").GetInt32())

                Expect.floatClose Accuracy.veryHigh interval.Low (ends[0].GetDouble()) "low"
                Expect.floatClose Accuracy.veryHigh interval.High (ends[1].GetDouble()) "high"
                compared <- compared + 1

            Expect.isGreaterThan compared 0 "cases"
        }
        test "without examples the interval says nothing" {
            Expect.equal (WilsonInterval.Of(0, 0)) (WilsonInterval(0.0, 1.0)) ""
        }
    ]

[<Tests>]
let tests = testList "Scoring" (goldenTests @ strictTests @ intervalTests)
