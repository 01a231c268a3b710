/// Expressions of tokenizer files: what the tokenizers library makes of them (Files/Tokenizers/Patterns/make_patterns.cs wrote that), what is refused, and how long they may take.
module LoRi.Training.Tests.PatternTests

open System
open System.IO
open System.Reflection
open System.Text.Json
open Expecto
open LoRi.Files
open LoRi.Files.Tokenizers
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TokenizerTexts

/// A word-level tokenizer that cuts with an expression.
let private tokenizer (pattern: string) (behavior: string) (words: string seq) =
    load
        $"""{{"pre_tokenizer": {{"type": "Split", "pattern": {{"Regex": {JsonSerializer.Serialize pattern}}}, "behavior": "{behavior}"}},
"model": {{"type": "WordLevel", "vocab": {JsonSerializer.Serialize(dict (Seq.mapi (fun id word -> word, id) words))}}}}}"""

let private pieces pattern behavior (text: string) words =
    let tokenizer = tokenizer pattern behavior (Seq.distinct words)
    [ for id in tokenizer.Encode text -> nonNull (tokenizer.IdToToken id) ]

let private golden =
    lazy
        (use stream =
            nonNull (Assembly.GetExecutingAssembly().GetManifestResourceStream "patterns.jsonl")

         use reader = new StreamReader(stream)

         [
             for line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries) do
                 let row = JsonDocument.Parse(line).RootElement

                 let list (element: JsonElement) =
                     [ for piece in element.EnumerateArray() -> nonNull (piece.GetString()) ]

                 nonNull (row[0].GetString()), nonNull (row[1].GetString()), list row[2], list row[3]
         ])

let private agreement =
    testCase "every expression that is taken cuts as the tokenizers library does"
    <| fun () ->
        let mutable taken = 0

        for pattern, text, all, between in golden.Value do
            try
                Expect.equal (pieces pattern "Isolated" text all) all $"{pattern} on {text}"
                Expect.equal (pieces pattern "Removed" text all) between $"{pattern} on {text}, without matches"
                taken <- taken + 1
            with :? InputException as e ->
                Expect.stringContains e.Message "which is not supported" pattern

        Expect.isGreaterThan taken (golden.Value.Length * 8 / 10) "most are taken"

let private refusals =
    [
        for pattern, named in
            [
                @"\X", "\\X"
                @"a\Kb", "\\K"
                @"\Ga", "\\G"
                @"\y", "\\y"
                @"\g<1>", "\\g"
                @"\cA", "\\c"
                @"\M-a", "\\M"
                @"\xE9", "\\x"
                @"[\x00-\xff]", "\\x"
                @"\uD83D", "\\u"
                @"\Qa\E", "\\Q"
                @"(?~ab)", "absent operator"
                @"(?(1)a|b)", "condition"
                @"(?{f})", "group"
                @"(*FAIL)", "callout"
                @"(?s).", "group"
                @"(?P<n>a)", "group"
                @"(?W)\w", "group"
                @"\p{Han}", "\"Han\""
                @"\p{Alpha}", "\"Alpha\""
                @"\p{IsGreek}", "\"IsGreek\""
                @"[[:alpha:]]", "[:alpha:]"
                @"[[:lower:]]", "[:lower:]"
                @"(?i)ss", "case is ignored"
                @"(?i)é", "case is ignored"
                @"(?i)\p{Lu}", "case is ignored"
                @"(?i)[\H]", "case is ignored"
                @"a+*", "quantifier"
                @"*a", "quantifier"
                @"^*a", "position"
                @"a{5,2}", "repetition"
                @"(a)\2", "group 2"
                @"(?<n>a)\1", "group 1"
                @"(?<a>x)(?<a>y)", "two groups"
                @"[z-a]", "reverse order"
                @"[a-\d]", "range"
                @"[", "class"
                @"(a", "parenthesis"
                @"a)", "parenthesis"
                @"a\", "backslash"
                String.replicate 5000 "(" + "a" + String.replicate 5000 ")", "deep"
                String.replicate 5000 "[" + "a" + String.replicate 5000 "]", "deep"
            ] do
            testCase $"refused by name: {pattern[.. int (min 20 (pattern.Length - 1))]}"
            <| fun () ->
                let message = refusalOf (fun () -> tokenizer pattern "Isolated" [ "a" ] |> ignore)
                Expect.stringContains message named "what"
                Expect.stringContains message "pattern" "where"
    ]

let private times =
    [
        testCase "all matches of a text share one deadline"
        <| fun () ->
            let step = RegexStep("file", ".", SplitBehavior.Isolated)

            let cutter =
                PreTokenizer([ step ], false, false, Longest = TimeSpan.FromSeconds -1.0)

            let message = refusalOf (fun () -> cutter.Cut "abc" |> ignore)
            Expect.stringContains message "takes too long on a text of 3 characters" "what"
        testCase "what needs no backtracking takes no longer than the text is"
        <| fun () ->
            let step = RegexStep("file", "(a+)+b|.", SplitBehavior.Isolated)
            let cutter = PreTokenizer([ step ], false, false)
            Expect.hasLength (cutter.Cut(String.replicate 2000 "a")) 2000 "pieces"
        testCase "many branches"
        <| fun () ->
            let pattern =
                String.Join('|', [ for number in 0..40_000 -> string number ]) + "|a(?!b)"

            let message =
                try
                    (tokenizer pattern "Isolated" [ "a" ]).Encode "a" |> ignore
                    ""
                with :? InputException as e ->
                    e.Message

            Expect.isLessThan message.Length 1000 "a short message"
    ]

[<Tests>]
let tests = testList "patterns" (agreement :: refusals @ times)
