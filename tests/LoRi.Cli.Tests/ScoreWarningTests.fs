/// What `lori score` says where a number misleads: golds that are no numbers, texts without the rule's marker, fed prefixes.
module LoRi.Cli.Tests.ScoreWarningTests

open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private scored (rows: string list) (rule: string) =
    let mutable found = lori []

    inFolder (fun folder ->
        let path = file folder "p.jsonl" (String.concat "\n" rows)
        found <- lori [ "score"; "--predictions"; path; "--rule"; rule; "--json" ])

    Expect.equal found.Code Success found.Error
    found, JsonDocument.Parse(found.Out).RootElement

let private number (name: string) (result: JsonElement) = result.GetProperty(name).GetInt32()

let private unreadable =
    [
        test "right answers where neither side is a number are counted and warned of" {
            let rows =
                [
                    """{"text": "a wumpus", "gold": "Alex is a wumpus"}"""
                    """{"text": "", "gold": "5; 15"}"""
                    """{"text": "4", "gold": "Alex"}"""
                    """{"text": "none", "gold": "inf"}"""
                    """{"text": "4", "gold": "4"}"""
                    """{"text": "no letter", "gold": "A"}"""
                ]

            for rule in [ "codi"; "simcot" ] do
                let outcome, result = scored rows rule
                Expect.equal (number "both_unreadable" result) 2 "a gold that says inf, or a letter, is readable"
                Expect.equal (number "correct" result) 4 "the rule itself stays"

                Expect.stringContains
                    outcome.Error
                    "warning: at 2 of 6 questions neither the data set's answer nor the prediction is a number"
                    "warning"

                Expect.stringContains outcome.Error "the strict accuracy is the one to read" "which one to read"
        }
        test "numbers give no warning" {
            let outcome, result =
                scored [ """{"text": "The answer is: 4", "gold": "4"}""" ] "codi"

            Expect.equal (number "both_unreadable" result) 0 "count"
            Expect.equal outcome.Error "" "no warning"
        }
    ]

let private fed text =
    $$"""{"text": {{JsonSerializer.Serialize<string> text}}, "gold": "7", "answer_prefix": "The answer is:"}"""

let private forms =
    [
        test "PCCoT's rules compare what follows a recorded prefix" {
            for rule in [ "pccot"; "pccot_cot" ] do
                let outcome, result =
                    scored [ fed "The answer is: 7"; fed "The answer is:7"; fed "The answer is: 8" ] rule

                Expect.equal (number "correct" result) 2 rule
                Expect.equal outcome.Error "" "no warning"
        }
        test "without a recorded prefix the whole text is compared, as in the published code" {
            let _, result =
                scored
                    [
                        """{"text": "The answer is: 7", "gold": "7"}"""
                        """{"text": "7", "gold": "7"}"""
                    ]
                    "pccot"

            Expect.equal (number "correct" result) 1 "only the plain one"
        }
        test "a marker that no text has is warned of, once" {
            for rule, marker in
                [
                    "coconut", "#"
                    "icot", "####"
                    "pccot_cot", "The answer is:"
                    "strict", "The answer is:"
                ] do
                let outcome, _ = scored [ fed "7"; fed "It is 8" ] rule

                Expect.stringStarts
                    outcome.Error
                    $"warning: rule {rule} looks after {marker}, which stands in none of these 2"
                    rule

                Expect.equal (outcome.Error.TrimEnd('\n').Split('\n').Length) 1 "one line"
                let other, _ = scored [ fed "7"; fed $"so {marker} 8" ] rule
                Expect.equal other.Error "" $"{rule}: one text has it"
        }
    ]

[<Tests>]
let tests = testList "Score warnings" (unreadable @ forms)
