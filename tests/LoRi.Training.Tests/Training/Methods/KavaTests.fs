/// KaVa on tiny random models of every family.
module LoRi.Training.Tests.KavaTests

open Expecto
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.Kava
open LoRi.Training.Tests.MethodProperties

let private subject keys byDeviation =
    let distance = CacheDistance(CacheNorm.SmoothL1, byDeviation)
    let anchors = AnchorDistance(1, AnchorNorm.L1, AnchorUnit.None)
    let matching = CacheMatching(1.0, 0.1, keys, distance)

    {
        Objective = KavaObjective(JacobiReasoning(3, 2), anchors, 1.0, matching, Grading.Answer)
        Moment = Moment(0, 0.0)
        Shared = (if byDeviation then set [ "keys"; "values" ] else Set.empty)
        Stopped = set [ "anchor"; "keys"; "values" ]
    }

[<Tests>]
let tests =
    testList
        "KaVa"
        [
            for keys, byDeviation in [ KeyForm.BeforeRope, false; KeyForm.AfterRope, true ] do
                properties (string keys) (subject keys byDeviation) (subject keys byDeviation)
        ]
