module LoRi.Cli.Commands.Objective

open LoRi.Cli
open LoRi.Models.Native
open LoRi.Runs.Settings
open LoRi.Training.Methods.LoRi
open LoRi.Training.Trajectories

let private average (values: float seq) =
    if Seq.isEmpty values then 0.0 else Seq.average values

let private asJson (losses: AlignmentLosses seq) =
    Json.object
        [
            "mean_loss", Json.number (average (losses |> Seq.map _.Mean))
            "covariance_loss", Json.number (average (losses |> Seq.map _.Covariance))
            "order_loss", Json.number (average (losses |> Seq.map _.Order))
            "anchor_loss", Json.number (average (losses |> Seq.map _.Anchor))
            "per_example",
            Json.list
                [
                    for loss in losses -> Json.numbers [ loss.Mean; loss.Covariance; loss.Anchor ]
                ]
        ]

/// The alignment losses between a teacher's and a student's trajectories.
let run (terminal: Terminal) native arguments =
    let settings = SettingOptions.read Commands.Objective arguments
    let objective = LoRiOptions(settings).Objective
    NativeRuntime.Load((native: NativeRuntimeOptions).WithThreads(settings.Get StageSettings.Threads))
    let path = settings.Get FitSettings.Subspace
    let subspace = SubspaceFile.Read path
    use teacher = TrajectoryFiles.Open(settings.Get FitSettings.Teacher)
    use student = TrajectoryFiles.Open(settings.Get FitSettings.Student)

    let losses =
        CommandLine.about path (fun () -> TrajectoryObjective.Compute(subspace, objective, teacher, student))

    if settings.Get StageSettings.Json then
        Terminal.writeJson terminal (asJson losses)
    else
        let show (part: AlignmentLosses -> float) =
            (average (Seq.map part losses)).ToString "G6"

        Terminal.writeFields
            terminal
            [
                "examples", string losses.Count
                "mean loss", show _.Mean
                "covariance loss", show _.Covariance
                "order loss", show _.Order
                "anchor loss", show _.Anchor
            ]
