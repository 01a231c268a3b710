/// iCoT-SI on tiny random models of every family, and its schedule.
module LoRi.Training.Tests.IcotSiTests

open Expecto
open LoRi.Training.Methods
open LoRi.Training.Methods.IcotSi
open LoRi.Training.Tests.MethodProperties

let private schedule =
    RemovalSchedule(StepsPerEpoch = 4, PerEpoch = 2.0, AllFrom = 6)

let private subject side keeps step =
    {
        Objective =
            IcotSiObjective(
                schedule,
                (fun random -> RemovalOffsets(1.0).Draw random),
                side,
                keeps,
                OptimizerReset.Stage
            )
        Moment = Moment(step, float step / 4.0)
        Shared = Set.empty
        Stopped = Set.empty
    }

[<Tests>]
let tests =
    testList
        "iCoT-SI"
        [
            properties "from the left" (subject RemovalSide.Left false 5) (subject RemovalSide.Left false 0)
            properties
                "from the right, with a gap"
                (subject RemovalSide.Right true 5)
                (subject RemovalSide.Right true 0)
            test "the number of removed tokens never falls, and ends with all" {
                let counts = [ for step in 0..30 -> schedule.At step ]

                let asNumber (count: System.Nullable<int>) =
                    if count.HasValue then
                        count.Value
                    else
                        System.Int32.MaxValue

                let numbers = counts |> List.map asNumber
                Expect.isAscending numbers "tokens removed"
                Expect.equal (List.last numbers) System.Int32.MaxValue "all at the end"
                Expect.equal (List.distinct numbers) ([ 0..5 ] @ [ System.Int32.MaxValue ]) "one more each time"
            }
        ]
