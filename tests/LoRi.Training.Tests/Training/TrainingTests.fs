/// The training loop with every method on a tiny random model: memory, repeatability, progress, weight decay.
module LoRi.Training.Tests.TrainingTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private perMethod (what: string) (check: string -> unit) =
    testList
        what
        [
            for name in methodNames do
                testCase name (fun () ->
                    NativeRuntime.Load()
                    check name)
        ]

/// Tensors that this thread has made and not disposed of; a finalizer, on its own thread, does not hide a leak.
let private liveTensors () =
    DisposeScopeManager.Statistics.ThreadTotalLiveCount

/// How many tensors more there are after step 200 than after step 20.
let private growth (method: IObjective) (rows: EncodedExample[]) =
    use model = model Precision.Full 1L
    use trainer = new Trainer(model, method, rows, plan 200 2 2 1L)

    let counts =
        [|
            while not trainer.Finished do
                trainer.Step() |> ignore
                liveTensors ()
        |]

    counts[199] - counts[19]

let private leak name =
    let rows = data 12
    let grown = withMethod name Precision.Full rows (fun method -> growth method rows)
    Expect.equal grown 0L "tensors that stayed"

/// An objective that loses one tensor in every pass.
type private Leaking(inner: IObjective) =
    interface IObjective with
        member _.Prepare(rows, now, draw) =
            let step = inner.Prepare(rows, now, draw)

            { new IPreparedStep with
                member _.Lengths = step.Lengths
                member _.Totals = step.Totals
                member _.Task(model, first, count) = step.Task(model, first, count)

                member _.Losses(model, first, count) =
                    torch.zeros(1L).DetachFromDisposeScope() |> ignore
                    step.Losses(model, first, count)
            }

let private leakSeen =
    testCase "a lost tensor would be seen"
    <| fun () ->
        NativeRuntime.Load()
        let rows = data 12
        // 180 steps of one pass.
        let grown =
            withMethod "no-cot" Precision.Full rows (fun method -> growth (Leaking method) rows)

        Expect.equal grown 180L "tensors that stayed"

/// Loss and gradient norm of every step, and the weights afterwards.
let private run name steps seed =
    let rows = data 12
    use model = model Precision.Full 1L

    withMethod name Precision.Full rows (fun method ->
        use trainer = new Trainer(model, method, rows, plan steps 4 2 seed)

        let steps =
            [
                for _ in 1..steps do
                    let step = trainer.Step()
                    step.Loss, step.GradientNorm
            ]

        steps, doubles model.Parameters.Values)

let private repeatable name =
    let losses, weights = run name 8 5L
    let again, weightsAgain = run name 8 5L
    Expect.equal again losses "the same seed: every loss and gradient norm, bit for bit"
    Expect.equal weightsAgain weights "the same seed: every weight, bit for bit"
    let other, _ = run name 8 6L
    Expect.notEqual other losses "another seed: another order"

let private order =
    testCase "another seed is another order of the same rows"
    <| fun () ->
        let epoch seed =
            let order = BatchOrder(12, 4, seed)

            [
                for step in 0..2 do
                    yield! order.RowsOf step
            ]

        Expect.equal (epoch 5L) (epoch 5L) "the same seed"
        Expect.notEqual (epoch 5L) (epoch 6L) "another seed"
        Expect.equal (List.sort (epoch 6L)) [ 0..11 ] "every row once"

/// Eight problems are learnt by heart: the task's loss is halved, and the total falls.
let private progress name =
    let rows = data 8
    use model = model Precision.Full 1L

    withMethod name Precision.Full rows (fun method ->
        use trainer = new Trainer(model, method, rows, plan 60 8 8 1L)
        let steps = [ for _ in 1..60 -> trainer.Step() ]
        let first, last = List.head steps, List.last steps
        // Asked this way round, NaN fails.
        Expect.isTrue (last.Terms["task"] < 0.5 * first.Terms["task"]) "the task's loss"
        Expect.isTrue (last.Loss < first.Loss) "the total")

/// One update with a gradient of zero changes nothing but what decays.
let private decay tied =
    NativeRuntime.Load()
    use _ = torch.NewDisposeScope()
    use model = modelOf tied Precision.Exact 1L
    let rate, strength = 0.1, 0.5
    let settings = OptimizerSettings(LearningRate = rate, WeightDecay = strength)
    use optimizer = new AdamW(model.Parameters, settings)

    let before =
        Map.ofSeq
            [
                for slot in model.Parameters.Slots -> slot.Name, doubles model.Parameters[slot.Name]
            ]

    model.Parameters.Gradients.zero_ () |> ignore
    optimizer.Step rate |> ignore

    for slot in model.Parameters.Slots do
        // The table and the head hold the rows of special tokens.
        let vocabulary = [ "model.embed_tokens.weight"; "lm_head.weight" ]
        let decays = slot.Shape.Length = 2 && not (List.contains slot.Name vocabulary)
        let factor = if decays then 1.0 - rate * strength else 1.0
        let wanted = before[slot.Name] |> Array.map (fun value -> value * factor)
        Expect.equal (doubles model.Parameters[slot.Name]) wanted slot.Name

/// The update in one reading is libtorch's operations one after the other, whatever the number of values.
let private fused (count: int64) decay clip =
    NativeRuntime.Load()
    use _ = torch.NewDisposeScope()
    let settings = OptimizerSettings(LearningRate = 1e-3)

    let drawn (scale: float) seed =
        let values = torch.zeros (count)
        LoRi.Models.SeededRandom(seed, "values").FillNormal(values, scale)
        values

    let updated (update: MomentUpdate -> torch.Tensor -> torch.Tensor -> torch.Tensor -> torch.Tensor -> unit) =
        let values, first, second = drawn 1.0 1L, drawn 0.1 2L, (drawn 0.1 3L).square()

        for number in 1..3 do
            let one = MomentUpdate(settings, 1e-3, clip, number, Decay = decay)
            update one values (drawn 1.0 (int64 number + 3L)) first second

        [ values; first; second ] |> List.map doubles

    let plain =
        updated (fun one values gradient first second -> one.Plain(values, gradient, first, second))

    let found =
        updated (fun one values gradient first second -> one.Fused(values, gradient, first, second))

    for name, wanted, found in List.zip3 [ "values"; "first moment"; "second moment" ] plain found do
        nearArrays 3e-7 wanted found name

    let untouched = doubles (drawn 1.0 1L)

    let moved =
        Array.zip untouched found.Head |> Array.filter (fun (before, after) -> before <> after)

    Expect.isGreaterThan (100 * moved.Length) (99 * untouched.Length) "values that moved by more than their rounding"

[<Tests>]
let tests =
    testList
        "Training"
        [
            for count in [ 1L; 17L; 16_384L; 40_003L ] do
                testCase $"an update of {count} values in one reading is libtorch's" (fun () ->
                    fused count 0.01 0.25
                    fused count 0.0 1.0)
            perMethod "no tensor stays behind in 200 steps" leak
            leakSeen
            perMethod "the same seed gives the same run, another seed another" repeatable
            order
            perMethod "the loss falls on eight problems" progress
            testCase "weight decay touches matrices only, tied" (fun () -> decay true)
            testCase "weight decay touches matrices only, and not an output matrix of its own" (fun () -> decay false)
        ]
