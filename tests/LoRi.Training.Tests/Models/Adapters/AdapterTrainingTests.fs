/// Training adapters: what moves and what stays, dropout, micro-batches, and the merged model.
module LoRi.Training.Tests.AdapterTrainingTests

open System.IO
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models
open LoRi.Models.Adapters
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.LatentCrossEntropy
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private settings dropout =
    LoraSettings(Rank = 3, Alpha = 6.0, Dropout = dropout, Targets = [| "q_proj"; "v_proj"; "down_proj" |])

/// The tiny student of the training tests with adapters on some of its maps; its markers are trained beside them.
let private adapted tied precision lora =
    NativeRuntime.Load()
    use plain = modelOf tied precision 1L

    let plan =
        AdapterPlan.ToTrain(lora, plain.Config, [| plain.Special.Bot; plain.Special.Eot |])

    let model =
        new ReasoningModel(plain.Config, plain.ExtraRows, plain.Special, plain.Projection, precision, torch.CPU, plan)

    use _ = torch.no_grad ()

    for slot in plain.Parameters.Slots do
        model.Parameters[slot.Name].detach().copy_(plain.Parameters[slot.Name]) |> ignore

    Initialisation.Adapters(model, 4L)
    model

/// Gives every B values, so that the adapters do something.
let private stir (model: ReasoningModel) =
    for one in (nonNull model.Adapters).Modules do
        SeededRandom(5L, one.B).FillNormal(model.Parameters.Part one.B, 0.3)

let private values (model: ReasoningModel) (names: string seq) =
    [ for name in names -> name, doubles (model.Parameters.Part name) ]

let private logits (model: ReasoningModel) (ids: int[]) =
    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    let weights = model.Weights()
    let rows = PaddedRows.Right([| ids |], torch.CPU)

    let pass =
        model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions())

    doubles (Decoder.Logits(weights, pass.Final))

/// The markers are read in the middle, so that their rows matter as input and as output.
let private ids (model: ReasoningModel) =
    [| 5; 7; model.Special.Bot; 9; model.Special.Eot; 4 |]

let private train (model: ReasoningModel) name steps micro =
    let rows = data 8

    withMethod name model.Precision rows (fun method ->
        use trainer = new Trainer(model, method, rows, plan steps 4 micro 3L)
        [ for _ in 1..steps -> (trainer.Step()).Loss ])

let private frozen tied =
    let head = if tied then "tied" else "own"

    test $"the base stays, adapters, projection and markers move ({head} head)" {
        use model = adapted tied Precision.Exact (settings 0.0)
        let plan = nonNull model.Adapters
        let before = values model model.BaseNames

        let trained =
            [
                for one in plan.Modules do
                    yield one.A
                    yield one.B
                for rows in plan.Rows do
                    yield rows.Name
                yield "prj.fc1.weight"
            ]

        let start = values model trained
        let base' = logits model (ids model)
        train model "latent-ce" 3 4 |> ignore
        Expect.equal (values model model.BaseNames) before "the base, to the bit"

        for (name, was), (_, is) in List.zip start (values model trained) do
            Expect.notEqual is was $"{name} moved"

        Expect.equal (plan.Rows.Count) (if tied then 1 else 2) "tables with rows of their own"
        Expect.notEqual (logits model (ids model)) base' "logits"
    }

/// With B zero nothing is added, and the rows of the markers are those of the table: the model is the base.
let private beginsAsBase =
    test "before the first step a model with adapters is the base" {
        use model = adapted false Precision.Exact (settings 0.5)
        use plain = modelOf false Precision.Exact 1L
        nearArrays 1e-14 (logits plain (ids plain)) (logits model (ids model)) "logits"
    }

let private merged =
    test "merged and attached agree, markers included" {
        for tied in [ true; false ] do
            use model = adapted tied Precision.Exact (settings 0.0)
            train model "latent-ce" 3 4 |> ignore
            let attached = logits model (ids model)
            AdapterMerge.Fold model
            nearArrays 1e-12 attached (logits model (ids model)) "logits"
    }

/// Every part of a gradient by finite differences: the path through A, B and the rows, tied and not.
let private gradients =
    test "gradients of A, B and the markers' rows are those of finite differences" {
        for tied in [ true; false ] do
            use model = adapted tied Precision.Exact (settings 0.0)
            stir model
            let rows = data 3
            let step = prepared (LatentObjective(latentSteps, Grading.Answer)) rows
            let loss () = step.Task(model, 0, rows.Length)

            use _ = torch.NewDisposeScope()
            model.Parameters.Gradients.zero_ () |> ignore
            loss().backward()
            let plan = nonNull model.Adapters

            for name in
                [
                    yield plan.Modules[0].A
                    yield plan.Modules[0].B
                    for rows in plan.Rows do
                        yield rows.Name
                ] do
                let part = model.Parameters.Part name
                let gradient = doubles (model.Parameters.PartGradient name)

                for at in [ 0; gradient.Length / 2; gradient.Length - 1 ] do
                    let flat = part.view (-1L)
                    let was = number flat[int64 at]

                    let moved by =
                        use _ = torch.no_grad ()
                        flat[int64 at] <- torch.tensor (was + by)
                        number (loss ())

                    let slope = (moved 1e-5 - moved -1e-5) / 2e-5
                    flat[int64 at] <- torch.tensor was
                    Expect.isLessThan (abs (slope - gradient[at])) (1e-6 * (1.0 + abs slope)) $"{name} {at}"
    }

/// Adapters that were merged once for a step have the gradients that adapters added to every image have; in float32 up to its rounding.
let private mergedGradients =
    test "gradients of adapters that are merged for a step are autograd's" {
        for precision, tolerance in [ Precision.Exact, 1e-12; Precision.Full, 1e-4 ] do
            for tied in [ true; false ] do
                use model = adapted tied precision (settings 0.0)
                let rows = data 5
                let step = prepared (LatentObjective(latentSteps, Grading.Answer)) rows
                use merged = new MergedAdapters(model)

                for _ in 1..2 do
                    use _ = torch.NewDisposeScope()
                    stir model
                    let attached = step.Task(model, 0, rows.Length)
                    differentiate model attached
                    let wanted = doubles model.Parameters.Gradients
                    use _ = merged.OfStep()

                    for tapes in [ false; true ] do
                        use deferred = new DeferredGradients(model, 0L, tapes)
                        model.Parameters.Gradients.zero_ () |> ignore
                        let loss = step.Task(model, 0, rows.Length)
                        deferred.Differentiate loss
                        near tolerance (number attached) (number loss) "loss"
                        nearArrays tolerance wanted (doubles model.Parameters.Gradients) $"gradient (tapes {tapes})"
    }

/// A mask follows from its number, so that a block which is computed again drops what it dropped.
let private recomputed =
    test "with dropout the way back has the masks of the way there, and its gradients are autograd's" {
        for precision, tolerance in [ Precision.Exact, 1e-12; Precision.Full, 1e-4 ] do
            use model = adapted true precision (settings 0.4)
            stir model
            let rows = data 5
            let step = prepared (LatentObjective(latentSteps, Grading.Answer)) rows

            let gradient tapes recomputes =
                use _ = torch.NewDisposeScope()
                use _ = model.BeginDropout(3L, 1, 0)

                use gradients =
                    new DeferredGradients(model, (if tapes then 0L else 1000_000L), tapes, recomputes)

                model.Parameters.Gradients.zero_ () |> ignore
                gradients.Differentiate(step.Task(model, 0, rows.Length))
                doubles model.Parameters.Gradients

            let wanted = gradient false false
            nearArrays tolerance wanted (gradient true false) "gradient on the tape"
            nearArrays tolerance wanted (gradient true true) "gradient through blocks computed again"
    }

let private parts =
    test "micro-batches change nothing without dropout" {
        use whole = adapted true Precision.Exact (settings 0.0)
        use cut = adapted true Precision.Exact (settings 0.0)
        let one = train whole "latent-ce" 3 4
        let two = train cut "latent-ce" 3 1
        nearArrays 1e-10 (Array.ofList one) (Array.ofList two) "losses"
    }

let private dropout =
    test "dropout follows from seed and step, and is on in training alone" {
        use first = adapted true Precision.Exact (settings 0.4)
        use again = adapted true Precision.Exact (settings 0.4)
        use without = adapted true Precision.Exact (settings 0.0)
        let seen = ids first

        for model in [ first; again; without ] do
            stir model

        Expect.equal (logits first seen) (logits without seen) "outside of training nothing is dropped"

        let during (model: ReasoningModel) seed step =
            use _ = model.BeginDropout(seed, step, 0)
            logits model seen

        Expect.equal (during again 3L 5) (during first 3L 5) "the same masks"
        Expect.notEqual (during first 3L 6) (during first 3L 5) "another step"
        Expect.notEqual (during first 4L 5) (during first 3L 5) "another seed"
        Expect.notEqual (during first 3L 5) (logits first seen) "something is dropped"
        Expect.equal (logits first seen) (logits without seen) "afterwards nothing is dropped"
        Expect.equal (train again "codi" 3 4) (train first "codi" 3 4) "the same losses"

        Expect.equal
            (values again again.Parameters.PartNames)
            (values first first.Parameters.PartNames)
            "the same weights"
    }

/// In the mean over many masks, dropout changes nothing about what adapters add.
let private unbiased =
    test "dropout keeps the mean" {
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        use masks = new SeededDropout(0.3, 9L, 1, 0, torch.CPU)
        let x = torch.ones (200_000L, dtype = torch.ScalarType.Float64)
        let dropped = masks.Apply x

        let zero =
            number (dropped.eq(torch.tensor 0.0).``to``(torch.ScalarType.Float64).mean())

        Expect.isLessThan (abs (zero - 0.3)) 0.01 "share of zeros"
        Expect.isLessThan (abs (number (dropped.mean ()) - 1.0)) 0.01 "mean"
    }

/// A mask is drawn in whole vectors and in pieces; what is left over follows the same rule, and neighbours know nothing of each other.
let private maskBits =
    test "masks depend on key and place alone, in every type" {
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()

        let mask (count: int64) (dtype: torch.ScalarType) key =
            doubles (MaskValues.Fill(torch.empty (count, dtype = dtype), 0.75, key))

        let whole = mask 40_000L torch.ScalarType.Float64 7UL
        Expect.equal (mask 39_990L torch.ScalarType.Float64 7UL) whole[..39_989] "a shorter one begins alike"

        Expect.equal
            (mask 1000L torch.ScalarType.Float32 7UL |> Array.map ((=) 0.0))
            (whole[..999] |> Array.map ((=) 0.0))
            "float32 drops the same"

        let both distance =
            Array.zip whole[distance..] whole[.. whole.Length - 1 - distance]
            |> Array.averageBy (fun (a, b) -> if a > 0.0 && b > 0.0 then 1.0 else 0.0)

        for distance in [ 1; 2; 16; 576; 16_384 ] do
            Expect.isLessThan (abs (both distance - 0.5625)) 0.02 $"two that are {distance} apart both stay"
    }

let private state =
    test "a checkpoint holds what is trained, and nothing of the base" {
        let folder = Directory.CreateTempSubdirectory("lori-adapter").FullName

        try
            use model = adapted true Precision.Exact (settings 0.0)
            let rows = data 8

            withMethod "latent-ce" Precision.Exact rows (fun method ->
                use trainer = new Trainer(model, method, rows, plan 4 4 4 3L)
                trainer.Step() |> ignore
                trainer.Step() |> ignore
                TrainerState.Write(folder, model, trainer, System.Collections.Generic.Dictionary())
                let last = [ trainer.Step().Loss; trainer.Step().Loss ]
                use file = SafetensorsFile.Open(Path.Combine(folder, TrainerState.FileName))
                Expect.equal (file.Get("values").Count) (model.Parameters.Values.numel ()) "trained values"
                Expect.isLessThan (file.Get("values").Count) (model.Parameters.Frozen.numel ()) "less than the base"

                use other = adapted true Precision.Exact (settings 0.0)
                use resumed = new Trainer(other, method, rows, plan 4 4 4 3L)
                TrainerState.Restore(folder, other, resumed)
                Expect.equal [ resumed.Step().Loss; resumed.Step().Loss ] last "goes on to the same bits")
        finally
            Directory.Delete(folder, true)
    }

let private misspelt =
    test "a target that no map has is named before anything is trained" {
        NativeRuntime.Load()
        use plain = modelOf true Precision.Full 1L
        let lora = LoraSettings(Rank = 2, Alpha = 4.0, Targets = [| "q_proj"; "gate" |])

        let message =
            SharedFiles.refusal (fun () ->
                AdapterPlan.ToTrain(lora, plain.Config, [||]) |> ignore
                torch.zeros 1L)

        Expect.stringContains message "--lora-targets: target \"gate\" matches no linear map" "message"
        Expect.stringContains message "gate_proj" "what there is"
    }

let private described =
    test "the count of trained values is told" {
        use model = adapted true Precision.Full (settings 0.0)
        let lines = ResizeArray<string>()
        let plan = nonNull model.Adapters
        plan.Describe(model.Parameters, [||], (fun line -> lines.Add line))
        let trained = model.Parameters.Values.numel ()
        Expect.stringContains (String.concat "\n" lines) $"trainable: {trained:N0} of" "count"
        Expect.stringContains (String.concat "\n" lines) "q_proj in 2 blocks" "maps"
    }

[<Tests>]
let tests =
    testList
        "Adapter training"
        [
            frozen true
            frozen false
            beginsAsBase
            merged
            gradients
            mergedGradients
            recomputed
            parts
            dropout
            unbiased
            maskBits
            state
            misspelt
            described
        ]
