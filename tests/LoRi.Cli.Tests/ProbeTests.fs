/// `lori probe` on random students, whose own answers are the right ones: what replaces their latent inputs takes right answers away.
module LoRi.Cli.Tests.ProbeTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

let private path (folder: string) (name: string) = Path.Combine(folder, name)

let private succeed arguments = succeeded (lori arguments)

let private json (file: string) =
    JsonDocument.Parse(File.ReadAllText file).RootElement

let private asked folder =
    [
        "--model"
        path folder "student"
        "--data"
        path folder "own.jsonl"
        "--batch-size"
        "8"
        "--max-new-tokens"
        "6"
        "--threads"
        "1"
    ]

/// A random student that reasons in a way, and questions with its own answers, where they hold a number.
let private withStudent (way: string) (check: string -> unit) =
    withTiny (fun folder ->
        let chosen = RandomStudents.ways |> List.find (fst >> (=) way) |> snd
        RandomStudents.write (path folder "student") (snd RandomStudents.families.Head) chosen 5L

        succeed (
            [ "evaluate"; "--output"; path folder "first"; "--latency-questions"; "0" ]
            @ (asked folder
               |> List.map (fun word ->
                   if word = path folder "own.jsonl" then
                       path folder "data.jsonl"
                   else
                       word))
        )
        |> ignore

        File.WriteAllLines(
            path folder "own.jsonl",
            [
                for line in File.ReadAllLines(path folder "first/predictions.jsonl") do
                    let row = JsonDocument.Parse(line).RootElement
                    let value = text "prediction" row

                    if value |> Seq.exists System.Char.IsDigit then
                        JsonSerializer.Serialize
                            {|
                                question = text "question" row
                                answer = value
                            |}
            ]
        )

        check folder)

let private probe folder options =
    let output = path folder "student/probe.json"
    let outcome = succeed ([ "probe"; "--output"; output ] @ asked folder @ options)
    outcome, json output

let private correct (accuracy: JsonElement) =
    (accuracy.GetProperty "correct").GetInt32()

let private effects (found: JsonElement) =
    [
        for effect in (found.GetProperty "effects").EnumerateArray() -> text "intervention" effect, effect
    ]

let private same (effect: JsonElement) =
    (effect.GetProperty "same_answers").GetInt32()

let private loses =
    [
        for way in [ "sequential"; "jacobi"; "latent steps per step of the rationale" ] do
            test
                $"{way}: without its latent inputs a student loses its answers, with all their directions it keeps them" {
                withStudent way (fun folder ->
                    let evaluated =
                        succeed (
                            [ "evaluate"; "--output"; path folder "again"; "--latency-questions"; "0" ] @ asked folder
                        )

                    let examples = File.ReadAllLines(path folder "own.jsonl").Length
                    let evaluation = json (path folder "again/evaluation.json")
                    Expect.isGreaterThan examples 10 evaluated.Out

                    let outcome, found =
                        probe
                            folder
                            [
                                "--intervene"
                                "zero"
                                "shuffle"
                                "rank:16"
                                "rank:1"
                                "noise:4"
                                "--draws"
                                "2"
                            ]

                    Expect.equal (correct (found.GetProperty "untouched")) (correct evaluation) "as evaluated"
                    Expect.equal ((found.GetProperty "examples").GetInt32()) examples "questions"

                    let verdict = text "verdict" found
                    let found = effects found

                    let one name =
                        found |> List.find (fst >> (=) name) |> snd

                    Expect.equal (same (one "rank:16")) examples "all directions"
                    Expect.equal (same (one "random-rank:16")) examples "all directions, drawn at random"
                    Expect.isLessThan (same (one "zero")) examples "zeros"
                    Expect.isLessThan (correct (one("shuffle").GetProperty "accuracy")) examples "another question's"

                    Expect.equal
                        (found |> List.filter (fst >> (=) "random-rank:1") |> List.length)
                        2
                        "draws of a random floor beside rank:1"

                    for name, effect in found do
                        let number (name: string) = (effect.GetProperty name).GetInt32()

                        Expect.equal
                            (number "only_without" - number "only_with")
                            (correct evaluation - correct (effect.GetProperty "accuracy"))
                            $"{name}: pairs"

                    Expect.equal verdict "yes" "its answers are lost with another question's inputs"
                    Expect.stringContains outcome.Out $"{verdict}: " "the verdict is shown")
            }
    ]

let private steps =
    test "each step alone, and the same again" {
        withStudent "sequential" (fun folder ->
            let options =
                [
                    "--intervene"
                    "shuffle"
                    "noise:1"
                    "--each-step"
                    "--draws"
                    "2"
                    "--seed"
                    "3"
                ]

            let _, found = probe folder options

            let places =
                [
                    for effect in (found.GetProperty "effects").EnumerateArray() ->
                        text "intervention" effect,
                        [ for step in (effect.GetProperty "steps").EnumerateArray() -> step.GetInt32() ]
                ]

            let at steps = [ "shuffle", steps ]
            let drawn steps = List.replicate 2 ("noise:1", steps)

            Expect.equal
                places
                ([ [ 1; 2; 3 ]; [ 1 ]; [ 2 ]; [ 3 ] ]
                 |> List.collect at
                 |> fun shuffled -> shuffled @ ([ [ 1; 2; 3 ]; [ 1 ]; [ 2 ]; [ 3 ] ] |> List.collect drawn))
                "all steps, then each"

            let first = File.ReadAllText(path folder "student/probe.json")
            probe folder options |> ignore
            Expect.equal (File.ReadAllText(path folder "student/probe.json")) first "nothing is left to chance")
    }

let private strictly =
    test "answers of several words are right by the strict rule" {
        withStudent "sequential" (fun folder ->
            let rows =
                [
                    for line in File.ReadAllLines(path folder "first/predictions.jsonl") do
                        let row = JsonDocument.Parse(line).RootElement
                        let prefix = text "answer_prefix" row
                        let said = text "text" row
                        let start = said.LastIndexOf(prefix, System.StringComparison.Ordinal)
                        text "question" row, said.Substring(start + prefix.Length).Trim()
                ]

            File.WriteAllLines(
                path folder "own.jsonl",
                [
                    for question, said in rows do
                        if said.Split(' ').Length > 1 then
                            JsonSerializer.Serialize {| question = question; answer = said |}
                ]
            )

            let examples = File.ReadAllLines(path folder "own.jsonl").Length
            Expect.isGreaterThan examples 5 "questions"

            let right rule =
                let _, found = probe folder ([ "--intervene"; "shuffle" ] @ rule)
                text "rule" found, correct (found.GetProperty "untouched")

            Expect.equal (right [ "--rule"; "strict" ]) ("strict", examples) "word by word"
            let name, codi = right []
            Expect.equal name "codi" "the rule of evaluations where none is named"
            Expect.isLessThan codi examples "which looks for one number")
    }

let private refused =
    test "what cannot be probed is refused in one line" {
        withStudent "sequential" (fun folder ->
            let output = path folder "student/probe.json"

            let expect message options =
                expectError Failed message ([ "probe"; "--output"; output ] @ asked folder @ options)

            expect "--steps 4: the model takes 3 latent steps; name steps from 1 to 3" [ "--steps"; "4" ]

            expect
                "--intervene rank:17: the inputs have 16 components; name a rank of at most 16"
                [ "--intervene"; "rank:17" ]

            expect "has one question" [ "--limit"; "1" ]
            Expect.isFalse (File.Exists output) "nothing is written"

            expectError
                BadUsage
                "must be zero, mean, shuffle, noise:S with a number above 0, rank:K or random-rank:K"
                ([ "probe"; "--output"; output ] @ asked folder @ [ "--intervene"; "rank" ]))

        for way, message in
            [
                "substituted", "reasons in the way substituted, whose steps have no inputs that can be replaced"
                "direct", "takes no latent steps, so that there is nothing to replace"
            ] do
            withStudent way (fun folder ->
                expectError Failed message ([ "probe"; "--output"; path folder "probe.json" ] @ asked folder))
    }

let private shown =
    test "a run's report and card say what its probe found" {
        withTiny (fun folder ->
            succeed (teach folder 2 "teacher") |> ignore
            succeed (distill folder 2 "student") |> ignore

            let student = path folder "student"

            succeed (
                [ "probe"; "--output"; path folder "student/probe.json"; "--model"; student ]
                @ [
                    "--data"
                    path folder "data.jsonl"
                    "--max-new-tokens"
                    "4"
                    "--threads"
                    "1"
                    "--intervene"
                    "shuffle"
                ]
            )
            |> ignore

            let says = text "says" (json (path folder "student/probe.json"))

            succeed [ "report"; student; "--output"; path folder "page.html"; "--questions"; "0" ]
            |> ignore

            Expect.stringContains
                (File.ReadAllText(path folder "page.html"))
                "What answers owe to the latent steps"
                "page"

            succeed [ "export"; "--model"; student; "--output"; path folder "out" ] |> ignore
            Expect.stringContains (File.ReadAllText(path folder "out/README.md")) says "card"

            File.WriteAllText(path folder "student/probe.json", "{}")
            expectError Failed "probe again" [ "report"; student; "--output"; path folder "page.html" ])
    }

[<Tests>]
let tests = testList "Probe" (loses @ [ steps; strictly; refused; shown ])
