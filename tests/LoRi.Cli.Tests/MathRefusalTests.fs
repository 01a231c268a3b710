module LoRi.Cli.Tests.MathRefusalTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Math
open LoRi.Files.Safetensors
open LoRi.Cli.Tests.MathRunning

let private refused =
    [
        for name, contents, message in
            [
                "a gap",
                [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "trajectory.2" [ 2L; 3L; 4L ] ],
                "neither trajectory.1 nor anchor.1"
                "no number 0", [ tensor "anchor.1" [ 2L; 4L ] ], "neither trajectory.0"
                "another width",
                [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "trajectory.1" [ 2L; 3L; 5L ] ],
                "tensor trajectory.1 has 2 levels of 5"
                "another level count",
                [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "anchor.0" [ 3L; 4L ] ],
                "levels of 4 components"
                "no token", [ tensor "trajectory.0" [ 2L; 0L; 4L ] ], "tensor trajectory.0 has shape [2, 0, 4]"
                "two dimensions", [ tensor "trajectory.0" [ 2L; 4L ] ], "tensor trajectory.0 has shape [2, 4]"
                "NaN",
                [ doubles "trajectory.0" [ 1L; 1L; 2L ] [| 1.0; nan |] ],
                "tensor trajectory.0 holds NaN or infinity"
                "infinity",
                [
                    tensor "trajectory.0" [ 1L; 2L; 2L ]
                    doubles "anchor.0" [ 1L; 2L ] [| infinity; 1.0 |]
                ],
                "tensor anchor.0 holds NaN"
                "another name", [ tensor "states.0" [ 2L; 3L; 4L ] ], "states.0"
                "a leading zero", [ tensor "trajectory.00" [ 2L; 3L; 4L ] ], "trajectory.00"
                "whole numbers",
                [
                    SafetensorsContent(
                        "trajectory.0",
                        "I32",
                        [ 1L; 1L; 1L ],
                        fun s -> s.Write(ReadOnlySpan [| 0uy; 0uy; 0uy; 0uy |])
                    )
                ],
                "tensor trajectory.0 is I32"
                "nothing", [], "there is no example"
                "no rationale at all", [ tensor "anchor.0" [ 2L; 4L ] ], "the corpus has no rationale token"
            ] ->
            test $"trajectories with {name} are refused" {
                inFolder (fun folder ->
                    let path = trajectories folder "t.safetensors" contents

                    expectError
                        Failed
                        message
                        [
                            "subspace"
                            "fit"
                            "--trajectories"
                            path
                            "--output"
                            Path.Combine(folder, "s")
                        ]

                    Expect.isFalse (File.Exists(Path.Combine(folder, "s"))) "nothing is written")
            }
    ]

let private misfits =
    [
        test "files that do not belong together are refused" {
            inFolder (fun folder ->
                let teacher, student = files 0
                let otherTeacher, _ = files 1
                let _, levels, width = sizes otherTeacher
                let _, _, ownWidth = sizes teacher
                let subspace, _ = fit folder teacher [ "--weighting"; "none" ]

                let run subspace teacher student options =
                    objectiveArguments subspace teacher student @ options

                expectError
                    Failed
                    $"--teacher: the trajectories have {levels} levels of {width}"
                    (run subspace otherTeacher student [])

                expectError Failed "no variances of mean" (run subspace teacher student [])
                expectError Failed "expected lori-subspace" (run teacher teacher student [])
                expectError Failed "expected lori-trajectories" (run subspace subspace student [])

                expectError
                    BadUsage
                    "--covariance huge: must be one of"
                    (run subspace teacher student [ "--covariance"; "huge" ])

                expectError
                    Failed
                    $"rank {ownWidth + 1} of the hidden mode"
                    [
                        "subspace"
                        "fit"
                        "--trajectories"
                        teacher
                        "--hidden-rank"
                        string (ownWidth + 1)
                        "--output"
                        Path.Combine(folder, "x")
                    ]

                expectError
                    BadUsage
                    "--layer-rank 1 and --layer-energy 0.5 contradict"
                    [
                        "subspace"
                        "fit"
                        "--trajectories"
                        teacher
                        "--layer-rank"
                        "1"
                        "--layer-energy"
                        "0.5"
                        "--output"
                        Path.Combine(folder, "x")
                    ])
        }
        test "an example without rationale has no rationale losses; without anchors the anchor loss must be off" {
            inFolder (fun folder ->
                let both =
                    [
                        tensor "trajectory.0" [ 2L; 3L; 4L ]
                        tensor "anchor.0" [ 2L; 4L ]
                        tensor "anchor.1" [ 2L; 4L ]
                    ]

                let teacher = trajectories folder "t" both

                let student =
                    trajectories folder "s" [ yield! both; tensor "trajectory.1" [ 2L; 5L; 4L ] ]

                let bare =
                    trajectories
                        folder
                        "b"
                        [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "trajectory.1" [ 2L; 3L; 4L ] ]

                let subspace, fitted =
                    fit folder teacher [ "--weighting"; "none"; "--layer-rank"; "1"; "--hidden-rank"; "2" ]

                Expect.equal (fitted.GetProperty("examples").GetInt32()) 1 "examples with a rationale"

                let rows =
                    (objective subspace teacher student [ "--weighting"; "none" ]).GetProperty "per_example"

                Expect.equal (Array.truncate 2 (numbers rows[1])) [| 0.0; 0.0 |] "mean and covariance"

                expectError
                    Failed
                    "--student: there is no anchor.0"
                    (objectiveArguments subspace teacher bare @ [ "--weighting"; "none" ])

                let _, alone =
                    fit folder bare [ "--weighting"; "none"; "--layer-rank"; "1"; "--hidden-rank"; "2" ]

                Expect.equal (numbers (alone.GetProperty "anchor_std")) [||] "no anchors")
        }
        test "a level whose anchors are one number does not stop the fit, only the anchor term" {
            inFolder (fun folder ->
                let teacher =
                    trajectories
                        folder
                        "t"
                        [
                            tensor "trajectory.0" [ 2L; 3L; 4L ]
                            doubles "anchor.0" [ 2L; 4L ] [| 1.0; 2.0; 3.0; 4.0; 5.0; 5.0; 5.0; 5.0 |]
                        ]

                for kind in [ "multilinear-svd"; "identity" ] do
                    let subspace, fitted = fit folder teacher [ "--kind"; kind ]
                    Expect.equal (Array.last (numbers (fitted.GetProperty "anchor_std"))) 0.0 "the deviation as it is"

                    expectError
                        Failed
                        "the teacher's anchors at level 2 (of 2) are all the same number"
                        (objectiveArguments subspace teacher teacher)

                    let terms = objective subspace teacher teacher [ "--anchor"; "off" ]
                    Expect.equal (number "anchor_loss" terms) 0.0 "off")
        }
    ]

[<Tests>]
let tests = testList "Math from the command line, refusals" (refused @ misfits)
