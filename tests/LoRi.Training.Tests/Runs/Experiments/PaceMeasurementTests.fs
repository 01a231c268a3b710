module LoRi.Training.Tests.PaceMeasurementTests

open System.Collections.Generic
open Expecto
open LoRi.Runs.Experiments

/// The pace that counts of runs whose steps take these milliseconds and whose collection these seconds, and how many were made.
let private settled (runs: (float * float) list) =
    let left = Queue runs

    let once () =
        let milliseconds, collection = left.Dequeue()
        StepPace(milliseconds / 1000.0, collection, collection / 10.0)

    let pace = PaceMeasurement.Settled(System.Func<_> once)

    (System.Math.Round(pace.SecondsPerStep * 1000.0, 6), pace.CollectionSeconds, pace.OverheadSeconds),
    runs.Length - left.Count

let private even (milliseconds: float list) = [ for one in milliseconds -> one, 1.0 ]

let private cases =
    [
        "a process that has compiled its loops is measured three times",
        even [ 25.0; 26.0; 25.5; 1.0 ],
        (25.0, 1.0, 0.1),
        3
        "the fastest counts, were it faster by little", even [ 26.0; 25.0; 25.5; 1.0 ], (25.0, 1.0, 0.1), 3
        "a process that compiles is measured until it gets no faster",
        even [ 80.0; 41.0; 27.0; 26.0; 26.5; 1.0 ],
        (26.0, 1.0, 0.1),
        5
        "a run that was disturbed does not end it", even [ 80.0; 85.0; 27.0; 26.0; 26.5; 1.0 ], (26.0, 1.0, 0.1), 5
        "nor does one that is as slow as the one before",
        even [ 80.0; 40.0; 40.0; 26.0; 26.0; 26.0; 1.0 ],
        (26.0, 1.0, 0.1),
        6
        "the first run's collection does not count where another's is shorter",
        [ 25.0, 9.0; 26.0, 8.0; 27.0, 7.5; 1.0, 1.0 ],
        (25.0, 7.5, 0.75),
        3
        "eight runs are enough", even [ for run in 0..9 -> 128.0 * 0.5 ** float run ], (1.0, 1.0, 0.1), 8
    ]

[<Tests>]
let tests =
    testList
        "Pace of a method"
        [
            for name, runs, pace, made in cases ->
                test name { Expect.equal (settled runs) (pace, made) "milliseconds, seconds, runs" }
        ]
