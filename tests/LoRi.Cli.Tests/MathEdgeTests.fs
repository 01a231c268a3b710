/// Numbers at the edges: states that overflow, states that are all zero, sides that agree.
module LoRi.Cli.Tests.MathEdgeTests

open System
open System.Collections.Generic
open System.IO
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.MathRunning
open LoRi.Math
open LoRi.Files.Safetensors
open LoRi.Training.Trajectories

/// Two levels of four components.
let private state (value: int -> float) name tokens =
    SafetensorsContent.FromDoubles(name, [ 2L; tokens; 4L ], Array.init (8 * int tokens) value)

let private write folder name contents =
    let path = Path.Combine(folder, name)
    SafetensorsWriter.Write(path, contents, Dictionary(dict [ "format", "lori-trajectories" ]))
    path

let private waves shift size i = size * sin (float (i * i) + shift)

let private unweighted = [ "--weighting"; "none" ]
let private bare = unweighted @ [ "--anchor"; "off" ]

let private edges =
    [
        test "losses beyond float64 are an error that names the file and the example" {
            inFolder (fun folder ->
                let good =
                    write folder "good" [ for i in 0..2 -> state (waves (float i) 1.0) $"trajectory.{i}" 5L ]

                let large =
                    write
                        folder
                        "large"
                        [
                            for i in 0..2 ->
                                state (waves (float i) (if i = 1 then 1e160 else 1.0)) $"trajectory.{i}" 5L
                        ]

                let subspace, _ =
                    fit folder good (unweighted @ [ "--layer-rank"; "1"; "--hidden-rank"; "2" ])

                for options in [ bare; "--json" :: bare ] do
                    for teacher, student, flag in [ good, large, "--student"; large, good, "--teacher" ] do
                        expectError
                            Failed
                            $"{flag} {large}: example 1 holds numbers as large as 1E+160, whose losses are beyond float64"
                            (objectiveArguments subspace teacher student @ options))
        }
        test "a corpus of zeros has no energy to keep, and says so" {
            inFolder (fun folder ->
                let zeros = write folder "zeros" [ state (fun _ -> 0.0) "trajectory.0" 3L ]
                let subspace, fitted = fit folder zeros unweighted
                Expect.equal (number "energy" fitted) 0.0 "energy"
                Expect.equal (number "energy_kept" fitted) 0.0 "kept"
                let report = lori [ "subspace"; "report"; "--subspace"; subspace ]

                let plain =
                    lori
                        [
                            "subspace"
                            "fit"
                            "--trajectories"
                            zeros
                            "--output"
                            Path.Combine(folder, "again")
                        ]

                for outcome in [ report; plain ] do
                    Expect.equal outcome.Code 0 outcome.Error
                    Expect.stringContains outcome.Out "0 of 0" "energy"
                    Expect.isFalse (outcome.Out.Contains "NaN") outcome.Out)
        }
        test "a subspace whose kept energy was not measured is shown, and refused as JSON" {
            inFolder (fun folder ->
                let subspace, _ = fit folder (fst (files 0)) unweighted
                let cached = Path.Combine(folder, "cached")

                let bases =
                    { SubspaceFile.Read subspace with
                        EnergyKept = None
                    }

                SubspaceFile.Write(cached, bases, 0L, "")
                let shown = lori [ "subspace"; "report"; "--subspace"; cached ]
                Expect.stringContains shown.Out "not measured" shown.Error

                expectError
                    Failed
                    $"{cached}: what the bases keep was not measured"
                    [ "subspace"; "report"; "--subspace"; cached; "--json" ])
        }
        test "sides that nearly agree have no loss below zero, and the digits that there are" {
            inFolder (fun folder ->
                let side name size =
                    write
                        folder
                        name
                        [
                            for i in 0..2 ->
                                state (fun j -> waves (float i) 1.0 j + size * cos (float j)) $"trajectory.{i}" 5L
                        ]

                let teacher = side "teacher" 0.0
                let subspace, _ = fit folder teacher (unweighted @ [ "--kind"; "identity" ])

                let loss size =
                    objective subspace teacher (side "student" size) (bare @ [ "--covariance"; "full" ])
                    |> number "covariance_loss"

                // The term grows with the square of the difference.
                let unit = loss 1e-4 / 1e-8

                for size in [ 1e-6; 1e-8 ] do
                    Expect.isLessThan (abs (loss size / (size * size) / unit - 1.0)) 1e-3 $"{size}"

                Expect.isGreaterThanOrEqual (loss 0.0) 0.0 "the same")
        }
        test "a missing anchor deviation and a full covariance above the limit say what to do" {
            inFolder (fun folder ->
                let none = write folder "none" [ state (waves 0.0 1.0) "trajectory.0" 5L ]
                let subspace, _ = fit folder none []

                let anchored =
                    write
                        folder
                        "anchored"
                        [
                            state (waves 0.0 1.0) "trajectory.0" 5L
                            SafetensorsContent.FromDoubles("anchor.0", [ 2L; 4L ], Array.init 8 float)
                        ]

                expectError
                    Failed
                    "fit it again on trajectories with anchors, or leave the anchor term off (`--anchor off`"
                    (objectiveArguments subspace anchored anchored)

                let wide =
                    write
                        folder
                        "wide"
                        [
                            SafetensorsContent.FromDoubles(
                                "trajectory.0",
                                [ 2L; 3L; 260L ],
                                Array.init (2 * 3 * 260) (waves 0.0 1.0)
                            )
                        ]

                let subspace, _ = fit folder wide [ "--kind"; "identity" ]

                expectError
                    Failed
                    "p = r_L r_d is 520 and a fit for every covariance stores it up to p = 512"
                    (objectiveArguments subspace wide wide @ [ "--covariance"; "full"; "--anchor"; "off" ]))
        }
    ]

[<Tests>]
let tests = testList "Math from the command line, edges" edges
