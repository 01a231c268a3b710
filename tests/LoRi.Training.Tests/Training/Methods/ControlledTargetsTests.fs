/// The controls of LoRi: targets that are not the row's own.
module LoRi.Training.Tests.ControlledTargetsTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Models.Decoders
open LoRi.Models.Sequences
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyCaches
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private rows = data 12

/// Runs something with the teacher's side of all rows under a control.
let private under targets seed (run: LoRiTeacher -> 'result) : 'result =
    use teacher = model Precision.Exact 2L

    withTeacher teacher rows (fun side ->
        use like = torch.zeros (1L, dtype = torch.ScalarType.Float64)
        ControlledTargets.Apply(side, targets, [| rows |], seed, like)
        run side)

/// One row's coordinates without padding, and its anchors.
let private row (side: LoRiTeacher) index =
    use _ = torch.NewDisposeScope()
    let batch = side.Batch([| index |], torch.CPU)

    doubles (batch.Coordinates.narrow (2L, 0L, int64 batch.Lengths[0])), doubles batch.Anchors

let private everyRow side =
    [ for example in rows -> row side example.Index ]

let private shuffled () =
    let own = under RationaleTargets.Own 1L everyRow
    let found = under RationaleTargets.Shuffled 1L everyRow
    Expect.equal (List.map snd found) (List.map snd own) "anchors stay"

    Expect.equal
        (List.sort (List.map fst found))
        (List.sort (List.map fst own))
        "every rationale is some row's target once"

    for example, (before, _), (after, _) in List.zip3 (List.ofArray rows) own found do
        if example.Rationale.Length = 0 then
            Expect.isEmpty after "a row without rationale has no target"
        else
            Expect.notEqual after before $"row {example.Index} has another row's"

    Expect.equal (under RationaleTargets.Shuffled 1L everyRow) found "the same ones again"
    Expect.notEqual (under RationaleTargets.Shuffled 2L everyRow) found "others under another seed"

/// A batch gives its rows what each has alone.
let private batched () =
    for targets in [ RationaleTargets.Shuffled; RationaleTargets.Permuted ] do
        under targets 1L (fun side ->
            let alone = everyRow side
            use _ = torch.NewDisposeScope()
            let batch = side.Batch([| for example in rows -> example.Index |], torch.CPU)

            for index in 0 .. rows.Length - 1 do
                let length = int64 batch.Lengths[index]
                let together = batch.Coordinates[int64 index].narrow(1L, 0L, length)
                Expect.equal (doubles together) (fst alone[index]) $"{targets}: row {index}"
                Expect.equal (doubles batch.Anchors[int64 index]) (snd alone[index]) $"{targets}: anchor {index}")

/// The order term alone sees that tokens have changed places.
let private permuted () =
    let terms targets =
        under targets 1L (losses Precision.Exact rows)

    for (name, own), (_, found) in List.zip (terms RationaleTargets.Own) (terms RationaleTargets.Permuted) do
        if name = "order" then
            Expect.isGreaterThan (abs (own - found)) (1e-6 * own) "steps in another order"
        else
            near 1e-10 own found name

let private alone () =
    use teacher = model Precision.Exact 2L

    withTeacher teacher rows (fun side ->
        use like = torch.zeros (1L, dtype = torch.ScalarType.Float64)

        Expect.throwsT<MathException>
            (fun () -> ControlledTargets.Apply(side, RationaleTargets.Shuffled, [| rows[0..1] |], 1L, like))
            "the second row has no rationale, so that the first has no other")

/// A row that stands several times in the data gets another one's rationale, never that of its copy.
let private copies () =
    use teacher = model Precision.Exact 2L

    let twice =
        Array.append rows rows
        |> Array.mapi (fun index row -> EncodedExample(index, row.Question, row.Rationale, row.Prefix, row.Answer))

    withTeacher teacher twice (fun side ->
        use like = torch.zeros (1L, dtype = torch.ScalarType.Float64)
        let own = [ for example in twice -> fst (row side example.Index) ]
        ControlledTargets.Apply(side, RationaleTargets.Shuffled, [| twice |], 1L, like)

        for example, before in List.zip (List.ofArray twice) own do
            if example.Rationale.Length > 0 then
                Expect.notEqual (fst (row side example.Index)) before $"row {example.Index}")

/// The rationale losses of every row alone.
let private lossesByRow targets =
    under targets 1L (fun side ->
        [
            for row in rows ->
                losses Precision.Exact [| row |] side
                |> List.filter (fun (name, _) -> List.contains name [ "mean"; "covariance"; "order" ])
        ])

let private mean () =
    for row, own, found in
        List.zip3 (List.ofArray rows) (lossesByRow RationaleTargets.Own) (lossesByRow RationaleTargets.CorpusMean) do
        for (name, before), (_, after) in List.zip own found do
            if row.Rationale.Length = 0 then
                Expect.equal after 0.0 $"{name} of a row without rationale"
            else
                Expect.isGreaterThan (abs (before - after)) 1e-9 $"{name} of row {row.Index}"

/// States at the question's tokens but the first, whatever rationale follows.
let private question () =
    use teacher = model Precision.Exact 2L
    let traced = ControlledTargets.Traced(rows, RationaleTargets.Question)
    let source = ModelTrajectories(teacher, traced, TracedLevels.All layers, 5)
    use _ = torch.NewDisposeScope()
    use _ = torch.no_grad ()

    for batch in 0 .. source.Batches.Count - 1 do
        let found = source.Read batch

        for index in 0 .. found.Rows.Length - 1 do
            let row = rows |> Array.find (fun row -> row.Index = found.Rows[index])
            let length = row.Question.Length - 1
            Expect.equal found.Lengths[index] length "tokens"

            let pass =
                GradedPass.Run(teacher, teacher.Weights(), [| GradedRow.Direct(row, Grading.Answer) |], true)

            nearArrays
                1e-10
                (doubles (pass.Slice(0, 1, length)))
                (doubles (found.Trajectories[int64 index].narrow(1L, 0L, int64 length)))
                $"row {row.Index}"

[<Tests>]
let tests =
    testList
        "Controls"
        [
            testCase "shuffled targets are another row's, and anchors the row's own" shuffled
            testCase "rows of a batch get what each gets alone" batched
            testCase "permuted targets change the order term alone" permuted
            testCase "the corpus's mean is not a row's own, and nothing to a row without rationale" mean
            testCase "a question's states do not depend on what follows it" question
            testCase "one row with a rationale cannot be shuffled" alone
            testCase "copies of a row are not its other rows" copies
        ]
