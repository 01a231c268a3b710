/// PCCoT on tiny random models of every family.
module LoRi.Training.Tests.PccotTests

open Expecto
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.Pccot
open LoRi.Training.Tests.MethodProperties

let private subject unit =
    {
        Objective = PccotObjective(JacobiReasoning(3, 2), unit, 1.0, 1.0, Grading.Answer)
        Moment = Moment(0, 0.0)
        Shared = set [ "anchor" ]
        Stopped = set [ "anchor" ]
    }

[<Tests>]
let tests =
    testList
        "PCCoT"
        [
            for unit in [ AnchorUnit.EachLevel; AnchorUnit.AllLevels ] do
                properties (string unit) (subject unit) (subject unit)
        ]
