/// What the ranks of a corpus and of its nulls say together.
module LoRi.Training.Tests.NullRanksTests

open Expecto
open LoRi.Runs.LowRank

/// A corpus with this rank for 95 % of the hidden mode's energy, and others elsewhere.
let private ranks corpus at95 =
    CorpusRanks(
        corpus,
        [|
            RankRow("full", "layer", 4, 1.0, 1.0, 1, 1, 1)
            RankRow("full", "hidden", 64, 1.0, 1.0, 1, at95, 64)
            RankRow("none", "hidden", 64, 1.0, 1.0, 1, 1, 64)
        |]
    )

let private judged own nulls =
    NullRanks.Judged
        [|
            yield ranks "rationale" own

            for name, rank in nulls do
                yield ranks name rank
        |]

[<Tests>]
let tests =
    testList
        "Null ranks"
        [
            test "low-rank is what lies below half of every null" {
                for verdict, own, nulls in
                    [
                        "yes", 9, [ "question", 20; "untrained", 19 ]
                        "undecided", 10, [ "question", 20; "untrained", 30 ]
                        "undecided", 19, [ "question", 20; "untrained", 60 ]
                        "no", 20, [ "question", 20; "untrained", 60 ]
                        "no", 5, [ "question", 60; "untrained", 4 ]
                    ] do
                    Expect.equal (judged own nulls).Verdict verdict $"{own} against {nulls}"
            }
            test "it says which numbers" {
                Expect.stringContains
                    (judged 9 [ "question", 20 ]).Says
                    "95 % of the hidden mode's energy lie in 9 directions, against 20 (question)"
                    "in words"
            }
        ]
