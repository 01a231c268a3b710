/// A model of a real one's shape with random weights, and work of it: what a product takes does not depend on the weights.
module LoRi.Bench.ShapedModel

open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Trajectories
open TorchSharp

/// SmolLM2-135M's shape.
let smol =
    DecoderConfig(
        HiddenSize = 576,
        IntermediateSize = 1536,
        Layers = 30,
        QueryHeads = 9,
        KeyValueHeads = 3,
        HeadSize = 64,
        VocabularySize = 49_152,
        NormEpsilon = 1e-5,
        RotaryBase = 100_000.0,
        TiedHead = true,
        MaxPositions = 2048
    )

/// A student; with adapters of rank 128 and this dropout where there are to be some.
let fresh (config: DecoderConfig) (lora: float option) =
    let bot = config.VocabularySize
    let markers = [| bot; bot + 1 |]

    let adapters: AdapterPlan | null =
        match lora with
        | Some dropout ->
            AdapterPlan.ToTrain(LoraSettings(Rank = 128, Alpha = 32.0, Dropout = dropout), config, markers)
        | None -> null

    let projection = FeedbackProjection(ProjectionKind.Mlp, 2048)

    let model =
        new ReasoningModel(config, 2, SpecialIds(bot, bot + 1, 0), projection, Precision.Full, torch.CPU, adapters)

    use _ = torch.no_grad ()
    model.Parameters.Values.normal_ (0.0, 0.02) |> ignore
    model.Parameters.Frozen.normal_ (0.0, 0.02) |> ignore
    model

/// Ids of words, drawn at random.
let ids (random: SeededRandom) (config: DecoderConfig) count =
    Array.init count (fun _ -> 5 + random.Below(config.VocabularySize - 5))

/// So many rows of a question and a rationale, with 4 ids of the answer prefix and 8 of the answer.
let rows config count question rationale =
    let random = SeededRandom(1L, "rows")

    [|
        for index in 0 .. count - 1 ->
            EncodedExample(
                index,
                ids random config question,
                ids random config rationale,
                ids random config 4,
                ids random config 8
            )
    |]

/// A trainer whose step is forward, backward, clipping and AdamW over all rows at once.
let trainer model objective (rows: EncodedExample[]) =
    new Trainer(
        model,
        objective,
        rows,
        TrainingPlan(Steps = 1_000_000, BatchSize = rows.Length, Optimizer = OptimizerSettings(LearningRate = 1e-6))
    )

/// Its step, for as long as the program runs.
let step model objective rows =
    let trainer = trainer model objective rows
    fun () -> trainer.Step() |> ignore

/// Trajectories drawn at random, of 8 rationales that share the tokens.
let corpus levels tokens (components: int) =
    let states =
        torch.randn [| 8L; int64 levels; int64 (tokens / 8); int64 components |]

    let batch =
        TrajectoryBatch(
            [| 0..7 |],
            states,
            Array.create 8 (tokens / 8),
            torch.zeros (8L, int64 levels, int64 components)
        )

    { new ITrajectorySource with
        member _.ForEach take = take.Invoke batch
    }
