module LoRi.Cli.Commands.Objective

open LoRi.Cli
open LoRi.Runs.Settings
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
    let options = CommandLine.parse<ObjectiveArgs> "objective" arguments

    let chosen =
        LoRiOptions(
            Covariance =
                CommandLine.choiceOr
                    "covariance"
                    (options.TryGetResult ObjectiveArgs.Covariance)
                    CovarianceOption.Modewise,
            Weighting =
                CommandLine.choiceOr
                    "weighting"
                    (options.TryGetResult ObjectiveArgs.Weighting)
                    WeightingOption.Statistic,
            Order = CommandLine.choiceOr "order" (options.TryGetResult ObjectiveArgs.Order) OrderOption.None,
            Anchor = CommandLine.choiceOr "anchor" (options.TryGetResult ObjectiveArgs.Anchor) AnchorOption.Full
        )

    let objective = (chosen.ToSettings 0L).Objective
    Subspace.load native (options.TryGetResult ObjectiveArgs.Threads)
    let path = options.GetResult ObjectiveArgs.Subspace
    let subspace = SubspaceFile.Read path
    use teacher = TrajectoryFiles.Open(options.GetResult ObjectiveArgs.Teacher)
    use student = TrajectoryFiles.Open(options.GetResult ObjectiveArgs.Student)

    let losses =
        CommandLine.about path (fun () -> TrajectoryObjective.Compute(subspace, objective, teacher, student))

    if options.Contains ObjectiveArgs.Json then
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
