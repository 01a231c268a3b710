/// Passes whose way back is written out, on heads of whole vectors and of parts, in both types, against autograd through the same decoder.
module LoRi.Training.Tests.TapedPassTests

open Expecto
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.Codi
open LoRi.Training.Methods.LatentCrossEntropy
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private vocabulary = 40

/// Query heads, key heads, their size, and inner components.
let private shapes = [ 2, 1, 64, 96; 3, 3, 16, 40; 4, 2, 20, 33; 6, 2, 32, 128 ]

let private model (queries, keys, size, inner) bias (precision: Precision) =
    let config =
        DecoderConfig(
            HiddenSize = 48,
            IntermediateSize = inner,
            Layers = 2,
            QueryHeads = queries,
            KeyValueHeads = keys,
            HeadSize = size,
            QueryKeyValueBias = bias,
            VocabularySize = vocabulary,
            NormEpsilon = 1e-5,
            RotaryBase = 10_000.0,
            TiedHead = false,
            MaxPositions = 128
        )

    let special = SpecialIds(vocabulary, vocabulary + 1, 1)
    let projection = FeedbackProjection(ProjectionKind.Linear, 0)

    let model = new ReasoningModel(config, 2, special, projection, precision, torch.CPU)

    Initialisation.Fresh(model, 0.2, 3L)
    Initialisation.SpecialRows(model, 3L)
    projection.Initialise(model.Parameters, 1.0, SeededRandom(3L, "projection"))
    model

/// Questions of different length, with one key and with more than two whole vectors of keys.
let private rows =
    let random = SeededRandom(4L, "rows")

    let words count =
        Array.init count (fun _ -> 2 + random.Below(vocabulary - 2))

    [|
        for index, length in List.indexed [ 1; 40; 17; 5 ] ->
            EncodedExample(index, words length, words (3 + index), [| 2; 3 |], Array.append (words 3) [| 1 |])
    |]

let private objectives: (string * IObjective) list =
    [
        "latent steps", LatentObjective(4, Grading.Answer)
        "two passes and their levels", CodiObjective(3, 1.0, 1.0, Grading.Answer)
    ]

let private agrees shape bias (precision: Precision) tolerance =
    for name, objective in objectives do
        for rows in [ rows; rows[1..1] ] do
            use _ = torch.NewDisposeScope()
            use model = model shape bias precision
            let wanted = total (lossesOf objective model rows)
            differentiate model wanted
            let slopes = doubles model.Parameters.Gradients
            model.Parameters.Gradients.zero_ () |> ignore
            use gradients = new DeferredGradients(model)
            let found = total (lossesOf objective model rows)
            Expect.isFalse (nonNull gradients.Tape).IsEmpty "passes are on the tape"
            gradients.Differentiate found
            near tolerance (number wanted) (number found) $"loss of {name}"
            nearArrays tolerance slopes (doubles model.Parameters.Gradients) $"gradient of {name}"

/// Passes that record no gradient have loops of their own; libtorch's operations, which record one, are their oracle.
let private unrecorded =
    test "a pass without gradients gives the states and losses of one with them" {
        NativeRuntime.Load()

        for shape in shapes do
            use _ = torch.NewDisposeScope()
            use model = model shape false Precision.Full
            let weights = model.Weights()
            let places = PassPositions(torch.arange((12L).ToScalar()).expand(3L, 12L), 12, null)
            let inputs = torch.zeros ([| 3L; 12L; 48L |], dtype = torch.ScalarType.Float32)
            SeededRandom(5L, "inputs").FillNormal(inputs, 1.0)

            let levels () =
                (nonNull (model.Decoder.Forward(weights, inputs, places, levels = true).Levels))
                |> Array.map doubles

            let losses () =
                [
                    for _, objective in objectives -> number (total (lossesOf objective model rows))
                ]

            let wanted, lossesWanted = levels (), losses ()
            use _ = torch.no_grad ()

            for level, (wanted, found) in Seq.indexed (Seq.zip wanted (levels ())) do
                nearArrays 2e-5 wanted found $"level {level} of {shape}"

            for wanted, found in Seq.zip lossesWanted (losses ()) do
                near 2e-5 wanted found $"loss of {shape}"
    }

/// A run may be resumed with or without checkpointing.
let private sameBits =
    test "a training that computes blocks again has the bits of one that keeps them" {
        NativeRuntime.Load()

        let losses checkpointing =
            use model = model shapes[1] true Precision.Full

            let plan =
                TrainingPlan(
                    Steps = 3,
                    BatchSize = rows.Length,
                    Checkpointing = checkpointing,
                    Optimizer = OptimizerSettings(LearningRate = 1e-3)
                )

            use trainer =
                new Trainer(model, CodiObjective(3, 1.0, 1.0, Grading.Answer), rows, plan)

            [ for _ in 1..3 -> trainer.Step().Loss ]

        Expect.equal (losses true) (losses false) "losses"
    }

[<Tests>]
let tests =
    testList
        "Taped passes"
        [
            for queries, keys, size, inner as shape in shapes do
                for bias in [ false; true ] do
                    let named = if bias then ", with biases" else ""

                    testCase $"{queries} heads of {size} for {keys}, {inner} inner components{named}" (fun () ->
                        NativeRuntime.Load()

                        if VectorWork.VectorBits = 0 then
                            skiptest "autograd goes back in place of the tape"

                        agrees shape bias Precision.Exact 1e-12
                        agrees shape bias Precision.Full 2e-4)
            unrecorded
            sameBits
        ]
