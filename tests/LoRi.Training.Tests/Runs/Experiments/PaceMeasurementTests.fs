module LoRi.Training.Tests.PaceMeasurementTests

open System.Collections.Generic
open Expecto
open LoRi.Runs.Experiments

/// The pace that counts of runs whose steps take these milliseconds, and how many of them were made.
let private settled (milliseconds: float list) =
    let left = Queue milliseconds

    let pace =
        PaceMeasurement.Settled(fun () -> StepPace(left.Dequeue() / 1000.0, 0.0, 0.0))

    System.Math.Round(pace.SecondsPerStep * 1000.0, 6), milliseconds.Length - left.Count

let private cases =
    [
        "a process that has compiled its loops is measured twice", [ 25.0; 26.0; 1.0 ], (25.0, 2)
        "the faster of the two counts", [ 26.0; 25.0; 1.0 ], (25.0, 2)
        "a process that compiles is measured until its steps get no faster", [ 80.0; 41.0; 27.0; 26.0; 1.0 ], (26.0, 4)
        "a run that was disturbed ends it, and does not count", [ 80.0; 40.0; 55.0; 1.0 ], (40.0, 3)
        "eight runs are enough", [ for run in 0..9 -> 100.0 * 0.5 ** float run ], (100.0 * 0.5 ** 7.0, 8)
    ]

[<Tests>]
let tests =
    testList
        "Pace of a method"
        [
            for name, milliseconds, (pace, runs) in cases ->
                test name {
                    let found, made = settled milliseconds
                    Expect.floatClose Accuracy.high found pace "milliseconds a step"
                    Expect.equal made runs "runs"
                }
        ]
