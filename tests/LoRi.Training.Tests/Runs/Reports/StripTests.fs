/// Latent steps under a chain, and what a page says it found.
module LoRi.Training.Tests.StripTests

open System.Collections.Generic
open Expecto
open LoRi.Models.Reasoning
open LoRi.Runs.Evaluate
open LoRi.Runs.Reports

let private listed (tokens: LatentToken list) = List.toArray tokens :> IReadOnlyList<_>

/// Steps of two levels, of which the last reads as some tokens.
let private strip (chain: string list) (after: string | null) (steps: string list) =
    LatentStrip(
        "chain",
        List.toArray chain,
        after,
        [|
            for token in steps ->
                [|
                    listed [ LatentToken("below", 1.0) ]
                    listed [ LatentToken(token, 0.9); LatentToken("2", 0.1) ]
                |]
                :> IReadOnlyList<_>
        |]
    )

let private places (strip: LatentStrip) =
    [ for step in 0 .. strip.Steps.Count - 1 -> strip.PlaceOf step ]

let private strips =
    [
        testProperty
            "every token of the chain but the first stands above exactly one step, in order"
            (fun (count: FsCheck.PositiveInt) ->
                let chain = [ for i in 1 .. count.Get -> string i ]

                for steps in 1 .. count.Get + 3 do
                    let strip = strip chain "end" (List.replicate steps "x")

                    Expect.equal
                        [
                            for step in 0 .. steps - 1 do
                                yield! strip.Above step
                        ]
                        (chain.Tail @ [ "end" ])
                        $"{steps} steps"

                    if steps < count.Get then
                        let sizes = [ for step in 0 .. steps - 1 -> strip.Above(step).Count ]
                        Expect.isLessThanOrEqual (List.max sizes - List.min sizes) 1 "even parts")
        test "a step is at its own place, elsewhere in the chain, or not in it; spaces do not count, blanks are nowhere" {
            let strip = strip [ "1"; "2"; " +"; " 3"; "\n" ] null [ " 2"; "3"; "7"; "\n" ]

            Expect.equal
                (places strip)
                [ TokenPlace.Own; TokenPlace.Elsewhere; TokenPlace.Nowhere; TokenPlace.Nowhere ]
                "places"

            Expect.stringContains (strip.Summary()) "2 of 4 latent steps read as a token of the chain, 1 at" "words"
        }
        test "marks count only where they are all that the chain has next" {
            let alone = strip [ "2"; "="; "4" ] "=" [ "="; "="; "=" ]
            Expect.equal (places alone) [ TokenPlace.Own; TokenPlace.Nowhere; TokenPlace.Own ] "one token a step"
            let parts = strip [ "2"; "="; "4"; "="; "5" ] null [ "="; "4" ]
            Expect.equal (places parts) [ TokenPlace.Nowhere; TokenPlace.Elsewhere ] "several tokens a step"
        }
        test "a step over several tokens is at its own place where it is one of them" {
            let strip = strip [ "x"; "a"; "b"; "c" ] "d" [ "b"; "a" ]
            Expect.equal (places strip) [ TokenPlace.Own; TokenPlace.Elsewhere ] "places"
        }
    ]

let private evaluation (method: string) (dataset: string) correct =
    EvaluationRecord(
        "folder",
        dataset,
        1000,
        correct,
        float correct / 1000.0,
        System.Nullable(),
        0.0,
        1.0,
        System.Nullable 2000.0,
        System.Nullable 1.0,
        Method = method
    )

let private found (all: (string * string * string * int) list) =
    EvaluationTables(
        [|
            for name, method, dataset, correct in all -> EvaluatedRun(name, method, evaluation method dataset correct)
        |]
    )

let private headlines =
    [
        test "a page says in words how its student answers beside the written chain" {
            for all, wanted in
                [
                    [], "-"
                    [ "teacher", "cot", "gsm8k", 1000 ], "teacher (cot) answers 100\u00a0% with 2 tokens"
                    [
                        "teacher", "cot", "gsm8k", 1000
                        "b", "codi", "gsm8k", 500
                        "a", "lori", "gsm8k", 999
                    ],
                    "a (lori) answers 99.9\u00a0% with 2 tokens; the written chain (teacher) 100\u00a0% with 2"
                    [
                        "teacher", "cot", "gsm8k", 1000
                        "no-cot", "no-cot", "gsm8k", 1
                        "b", "codi", "gsm8k", 500
                    ],
                    "b (codi) answers 50\u00a0% with 2 tokens; the written chain (teacher) 100\u00a0% with 2"
                    // Other questions are no comparison.
                    [ "teacher", "cot", "svamp", 1000; "lori", "lori", "gsm8k", 250 ],
                    "lori answers 25\u00a0% with 2 tokens"
                    [ "model", "none", "gsm8k", 12 ], "model (none) answers 1.2\u00a0% with 2 tokens"
                ] do
                let words = (found all).Headline() |> Option.ofObj |> Option.defaultValue "-"
                Expect.equal words wanted "words"
        }
        test "an evaluation that lies elsewhere is named after its run, where it is the only one on its data" {
            let run = RunRecord("student", "/runs/student", [||], [||], null, null, [||])

            let elsewhere folder (model: string) =
                EvaluationRecord(
                    folder,
                    "gsm8k",
                    10,
                    1,
                    0.1,
                    System.Nullable(),
                    0.0,
                    1.0,
                    System.Nullable(),
                    System.Nullable(),
                    Model = model
                )

            let names evaluations =
                [ for one in EvaluatedRun.All([| run |], evaluations) -> one.Name ]

            Expect.equal (names [| elsewhere "a" "/runs/../runs/student" |]) [ "student" ] "the run's"
            Expect.equal (names [| elsewhere "a" "/runs/other" |]) [ "a" ] "another's"

            Expect.equal
                (names [| elsewhere "a" "/runs/student"; elsewhere "b" "/runs/student" |])
                [ "a"; "b" ]
                "two of one run"
        }
        test "the row that a page is about is marked where there are others" {
            Expect.isEmpty (found [ "a", "lori", "x", 1 ]).Marked "alone"

            let two = found [ "teacher", "cot", "x", 1; "a", "lori", "x", 1 ]
            Expect.equal (Seq.exactlyOne two.Marked) 1 "row"
            Expect.equal [ for bar in two.Bars() -> bar.IsHero ] [ false; true ] "bars"
        }
        test "every method, and every row of a demonstration, is explained in one line" {
            for method in LoRi.Training.KnownMethods.All do
                let about = method.About
                Expect.notEqual about.Explanation about.Title $"{about.Name}: more than its title"
                Expect.isLessThan about.Explanation.Length 130 about.Name

            for name in Seq.append [ "cot" ] LoRi.Runs.Demo.DemoStudents.Names do
                Expect.isNotNull (LoRi.Runs.Demo.DemoStudents.Explain name) name
        }
    ]

[<Tests>]
let tests = testList "Latent strip" (strips @ headlines)
