module LoRi.Training.Tests.ScoringTests

open System.Globalization
open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Text
open LoRi.Runs.Scoring

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
                let cases =
                    [
                        for line in File.ReadAllLines(SharedFiles.path "fixtures/scoring/cases.jsonl") ->
                            JsonDocument.Parse(line).RootElement
                    ]
                    |> List.filter (fun case -> (SharedFiles.find name case).IsSome)

                if cases.IsEmpty then
                    skiptest "the reference files have no case"

                for root in cases do
                    let expected = root.GetProperty name

                    let got =
                        AnswerScorer.Score(rule, text (root.GetProperty "text"), text (root.GetProperty "gold"))

                    let where = $"case {root}"
                    Expect.equal got.Value (golden (expected.GetProperty "value")) $"value, {where}"
                    Expect.equal got.Gold (golden (expected.GetProperty "gold")) $"gold, {where}"
                    Expect.equal got.Correct (expected.GetProperty("correct").GetBoolean()) $"verdict, {where}"
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
                    "The answer is: 18. 3 apples each.", "18"
                    "The answer is: 18 (3 each)", "18"
                    "The answer is: 18 apples, 3 each", "18"
                    "The answer is: 18 apples and 3 pears", "18"
                    "The answer is: 18 or more", "18"
                    "The answer is: 18 or so", "18"
                    "The answer is: 18, not 19", "18"
                    "The answer is: 18 and that is all", "18"
                    "The answer is: 18 to be exact", "18"
                    "The answer is: 18 dozen", "18"
                    "The answer is: 3 quarters", "3"
                    "The answer is: 18 \u2014 3 each", "18"
                    "The answer is: 18\n000", "18"
                    "The answer is: 18\nor 19", "18"
                    "The answer is: 18 \u20ac", "18"
                    "The answer is: 18!", "18"
                    "The answer is: 18 xylophones", "18"
                    "The answer is: 18\u00b0", "18"
                    "The answer is: 18</s>", "18"
                    "The answer is: 18 \\text{ dollars}", "18"
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
                    "The answer is: 2 1/2", "2"
                    "The answer is: 2\u00bd", "2"
                    "The answer is: 2 \u00bd", "2"
                    "The answer is: 2 (1/2)", "2"
                    "The answer is: 2 and a half", "2"
                    "The answer is: 2 and 1/2", "2"
                    "The answer is: 2 and three quarters", "2"
                    "The answer is: 2\u20443", "2"
                    "The answer is: 2 \\frac{1}{2}", "2"
                    "The answer is: 18'000", "18"
                    "The answer is: 18\u2019000", "18"
                    "The answer is: 18\u066c000", "18"
                    "The answer is: 18,5", "18"
                    "The answer is: 18\u00b75", "18"
                    "The answer is: 18{,}000", "18"
                    "The answer is: 18\\,000", "18"
                    "The answer is: 18~000", "18"
                    "The answer is: 18_000", "18"
                    "The answer is: 18 million", "18"
                    "The answer is: 18 thousand dollars", "18"
                    "The answer is: 18 or 19", "18"
                    "The answer is: 18 OR 19", "18"
                    "The answer is: 18, or 19", "18"
                    "The answer is: 18 or maybe 19", "18"
                    "The answer is: 18 (or 19)", "18"
                    "The answer is: 18 or nineteen", "18"
                    "The answer is: 18 apples or 19 apples", "18"
                    "The answer is: 18% or 19%", "18"
                    "The answer is: 18/19", "18"
                    "The answer is: 18 / 19", "18"
                    "The answer is: 18, 19", "18"
                    "The answer is: 18 , 19", "18"
                    "The answer is: 18; 19", "18"
                    "The answer is: 18 | 19", "18"
                    "The answer is: 18 & 19", "18"
                    "The answer is: 18 and 19", "18"
                    "The answer is: 18 to 19", "18"
                    "The answer is: 18-19", "18"
                    "The answer is: 18\u201319", "18"
                    "The answer is: 18\u201419", "18"
                    "The answer is: 18 ~ 19", "18"
                    "The answer is: 18...19", "18"
                    "The answer is: 18 \u2026 19", "18"
                    "The answer is: 18 \u00b1 1", "18"
                    "The answer is: 18 +/- 1", "18"
                    "The answer is: 18 -> 19", "18"
                    "The answer is: 18, no, 19", "18"
                    "The answer is: 18, actually 19", "18"
                    "The answer is: 18 : 19", "18"
                    "The answer is: between 18 and 19", "18"
                    "The answer is: either 18 or 19", "18"
                    "The answer is: 18 x 3", "18"
                    "The answer is: 18 \u22c5 3", "18"
                    "The answer is: 18 times 3", "18"
                    "The answer is: 18 divided by 3", "18"
                    "The answer is: 18\u03c0", "18"
                    "The answer is: 18\u221a3", "18"
                    "The answer is: 18 squared", "18"
                    "The answer is: 18 dollars and 50 cents", "18"
                    "The answer is: 2 hours 30 minutes", "2"
                    "The answer is: 5'3", "5"
                ] do
                Expect.isFalse (strict text gold).Correct $"{text} <> {gold}"
        }
        test "strict takes digits behind spaces of every kind, seen or not, for more of the number" {
            let isSpace code =
                match CharUnicodeInfo.GetUnicodeCategory(char code) with
                | UnicodeCategory.SpaceSeparator
                | UnicodeCategory.Format -> true
                | _ -> code = 9

            let spaces = [ 0..0xFFFF ] |> List.filter isSpace
            Expect.isGreaterThan spaces.Length 30 "spaces"

            for code in spaces do
                for text in [ $"18{char code}000"; $"2{char code}1/2"; $"18{char code}or{char code}19" ] do
                    Expect.isFalse
                        (strict $"The answer is: {text}" (text.Split(char code)[0])).Correct
                        $"U+%04X{code}: {text}"
        }
        test "strict reads long texts in time that grows with their length alone" {
            for piece in [ " "; " a"; "18 "; "18 a "; "18 and "; "*"; " ("; "\u200b" ] do
                let text = "The answer is: 18" + String.replicate 20000 piece
                Expect.equal (strict text "18").Gold "18" piece
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

/// What CPython 3.11 does, tried at every code point: `float` takes away white space of Unicode, but not the four separators that
/// `str.strip` takes away too, and has no other characters than these before or behind a number.
let private floatTests =
    [
        test "the compat rule reads golds as Python's float does, whatever stands before or behind the digits" {
            let spaces =
                set (
                    [ 0x9..0xd ]
                    @ [ 0x20; 0x85; 0xa0; 0x1680 ]
                    @ [ 0x2000..0x200a ]
                    @ [ 0x2028; 0x2029; 0x202f; 0x205f; 0x3000 ]
                )

            let read gold =
                AnswerScorer.Score(ScoringRule.Codi, "x", gold).Gold

            for code in 0..0xFFFF do
                let character = char code

                if not (System.Char.IsSurrogate character || System.Char.IsDigit character || character = ',') then
                    let isSpace = spaces.Contains code

                    let before =
                        isSpace || character = '+' || character = '-' || character = '.' || character = '#'

                    // The commas of thousands and what stands before "####" are gone before float sees the text.
                    if not before then
                        Expect.equal (read $"{character}2000") "inf" $"U+%04X{code} before"

                    if isSpace then
                        Expect.equal (read $"{character}2000") "2000.0" $"U+%04X{code} before"

                    let behind = isSpace || character = '.' || character = '#'
                    let found = read $"2000{character}"
                    Expect.equal found (if behind && character <> '#' then "2000.0" else "inf") $"U+%04X{code} behind"

                    if not ("._eE#".Contains character) then
                        Expect.equal (read $"1{character}2") "inf" $"U+%04X{code} within"
        }
        test "the compat rule knows float's other words and forms" {
            for gold, wanted in
                [
                    "\u001f2000", "inf"
                    "2000\u001c", "inf"
                    "\u00a0\u001f2000", "inf"
                    "\u001f2000\u00a0", "inf"
                    "\u20092000\t", "2000.0"
                    "2\u06620", "220.0"
                    "1_000", "1000.0"
                    "1_\u0660", "10.0"
                    "1__0", "inf"
                    "_1", "inf"
                    "1_", "inf"
                    "1_e5", "inf"
                    "1e5_0", "1e+50"
                    "1._5", "inf"
                    "1\u00005", "inf"
                    "1\u0000", "inf"
                    "NaN", "nan"
                    "\u00a0nan", "nan"
                    "-Infinity ", "-inf"
                    "infinit\u0131", "inf"
                    "-infinit\u0131", "inf"
                    "-\u0130nf", "inf"
                    "-\u0131nf", "inf"
                    "\uff0b5", "inf"
                    "\u22125", "inf"
                    "1.", "1.0"
                    ".", "inf"
                    ".e1", "inf"
                    "1\u00b2", "inf"
                ] do
                Expect.equal (AnswerScorer.Score(ScoringRule.Codi, "x", gold).Gold) wanted gold

            for word in [ "nan"; "inf"; "infinity" ] do
                for at in 0 .. word.Length - 1 do
                    for code in 128..0xFFFF do
                        if not (System.Char.IsSurrogate(char code)) then
                            let gold = $"-{word[.. at - 1]}{char code}{word[at + 1 ..]}"

                            if PythonNumber.TryParse(gold).HasValue then
                                failtest $"U+%04X{code} in {word}"
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
let tests =
    testList "Scoring" (goldenTests @ strictTests @ floatTests @ intervalTests)
