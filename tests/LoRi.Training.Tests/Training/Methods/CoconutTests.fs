/// Coconut on tiny random models of every family, and its course.
module LoRi.Training.Tests.CoconutTests

open Expecto
open LoRi.Training.Methods
open LoRi.Training.Methods.Coconut
open LoRi.Training.Tests.MethodProperties

let private stages pads =
    LatentStages(PerStep = 2, Last = 2, EpochsPerStage = 2.0, PadsLatents = pads)

let private subject uniform pads epoch =
    {
        Objective = CoconutObjective(stages pads, uniform)
        Moment = Moment(int (epoch * 4.0), epoch)
        Shared = Set.empty
        Stopped = Set.empty
    }

let private course =
    test "stages follow the passes over the data, and the optimizer begins anew as asked" {
        let moments = [ for step in 0..31 -> Moment(step, float step / 4.0) ]

        let course reset =
            LatentStages(PerStep = 2, Last = 2, EpochsPerStage = 2.0, Reset = reset)

        let points = moments |> List.map (course OptimizerReset.Never).PointAt
        Expect.equal (points |> List.countBy id) [ 0, 8; 1, 8; 2, 8; 3, 8 ] "points"

        let resets reset =
            moments.Tail
            |> List.filter (fun now -> (course reset).ResetsOptimizer(now, (fun () -> failtest "not asked")))
            |> List.map _.Step

        Expect.isEmpty (resets OptimizerReset.Never) "never"
        Expect.equal (resets OptimizerReset.Stage) [ 8; 16; 24 ] "at stages"
        Expect.equal (resets OptimizerReset.Epoch) [ 4..4..28 ] "at passes over the data"
    }

[<Tests>]
let tests =
    testList
        "Coconut"
        [
            course
            properties "a stage with latents" (subject 0.0 true 2.0) (subject 0.0 true 0.0)
            properties "rows of different stages" (subject 0.5 false 7.0) (subject 0.5 false 0.0)
        ]
