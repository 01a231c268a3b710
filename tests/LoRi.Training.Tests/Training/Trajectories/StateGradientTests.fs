/// The gradient of an answer's loss with respect to a teacher's states, against finite differences, and the subspace fitted to it.
module LoRi.Training.Tests.StateGradientTests

open Expecto
open LoRi.Math
open LoRi.Models.Decoders
open LoRi.Models.Sequences
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyCaches
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private rows = data 6

/// The answer's loss of a row whose state before a block is moved at one column along a direction.
let private moved (teacher: ReasoningModel) (row: EncodedExample) block column (along: torch.Tensor) (by: float) =
    use _ = torch.NewDisposeScope()
    use _ = torch.no_grad ()

    let intervention =
        Intervention([| column |], fun at states -> if at = block then states + along * by.ToScalar() else null)

    let pass =
        GradedPass.Run(teacher, teacher.Weights(), [| GradedRow.Answer row |], false, intervention = intervention)

    number pass.CrossEntropySum

let private derivative () =
    use teacher = model Precision.Exact 2L

    let source =
        ModelTrajectories(teacher, rows, TracedLevels.All layers, 4, gradients = true)

    use _ = torch.NewDisposeScope()
    let random = LoRi.Models.SeededRandom(1L, "directions")

    for batch in 0 .. source.Batches.Count - 1 do
        let found = source.Read batch

        for index in 0 .. found.Rows.Length - 1 do
            let row = rows |> Array.find (fun row -> row.Index = found.Rows[index])

            for token in 0 .. found.Lengths[index] - 1 do
                // What leaves a block enters the next.
                for level in 1 .. layers - 1 do
                    let along = torch.zeros ([| 1L; 16L |], dtype = torch.ScalarType.Float64)
                    random.FillNormal(along, 1.0)
                    let step = 1e-5
                    let at = moved teacher row level (row.Question.Length + token) along
                    let numeric = (at step - at -step) / (2.0 * step)
                    let gradient = found.Trajectories[int64 index, int64 (level - 1), int64 token]
                    let exact = number (gradient.dot (along[0L]))

                    Expect.isLessThan
                        (abs (numeric - exact))
                        (1e-6 * max 1.0 (abs numeric))
                        $"row {row.Index}, token {token}, level {level}"

/// The last level meets the answer through keys and values of no later block: after the final norm a rationale's state is read by nothing.
let private last () =
    use teacher = model Precision.Exact 2L

    let source =
        ModelTrajectories(teacher, rows, TracedLevels.All layers, 6, gradients = true)

    use _ = torch.NewDisposeScope()
    let found = source.Read 0

    Expect.equal
        (number (found.Trajectories.select(1L, int64 (layers - 1)).abs().max()))
        0.0
        "the last level's gradients"

    Expect.isGreaterThan (number (found.Trajectories.select(1L, 0L).abs().max())) 0.0 "the first level's"

let private fitted () =
    let settings =
        withSubspace (fun subspace ->
            { subspace with
                Kind = SubspaceKind.Gradient
                HiddenRank = RankChoice.Exactly 3
            })

    inFolder (fun folder ->
        let wanted =
            { wanted folder with
                Settings = settings
            }

        let first = opened (cached wanted)
        let again = cached wanted
        Expect.isEmpty again.Computed "the teacher does not run again"
        sameLosses rounding first (opened again) "the same subspace")

[<Tests>]
let tests =
    testList
        "State gradients"
        [
            testCase "finite differences of the answer's loss" derivative
            testCase "nothing flows to the last level" last
            testCase "a subspace of gradients is fitted, kept and found again" fitted
        ]
