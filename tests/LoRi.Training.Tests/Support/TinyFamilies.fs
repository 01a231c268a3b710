/// Tiny random models of every kind of decoder: rotary with and without head norms, learned positions.
module LoRi.Training.Tests.TinyFamilies

open LoRi.Models
open LoRi.Models.Decoders
open TorchSharp

let private vocabulary = 20

let private rotary family layers =
    DecoderConfig(
        Family = family,
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = layers,
        QueryHeads = 4,
        KeyValueHeads = 2,
        HeadSize = 4,
        VocabularySize = vocabulary,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = true,
        MaxPositions = 64
    )

let private learned layers =
    DecoderConfig(
        Family = DecoderFamily.Gpt2,
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = layers,
        QueryHeads = 4,
        KeyValueHeads = 4,
        HeadSize = 4,
        VocabularySize = vocabulary,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = true,
        MaxPositions = 64
    )

/// Their shapes, by what is special about them, with some blocks.
let shapesOf layers =
    [
        "rotary positions", rotary DecoderFamily.Llama layers
        "rotary positions and head norms", rotary DecoderFamily.Qwen3 layers
        "learned positions", learned layers
    ]

/// The same with three blocks.
let shapes = shapesOf 3

/// A model in float64 with rows for three markers, a projection, and modules beside them.
let modelWith (config: DecoderConfig) (modules: ModelModule list) (seed: int64) =
    let special =
        SpecialIds(vocabulary, vocabulary + 1, 1, Latent = System.Nullable(vocabulary + 2))

    let projection = FeedbackProjection(ProjectionKind.Mlp, 12)

    let model =
        new ReasoningModel(config, 3, special, projection, Precision.Exact, torch.CPU, null, null, List.toArray modules)

    Initialisation.Fresh(model, 0.3, seed)
    Initialisation.SpecialRows(model, seed)
    projection.Initialise(model.Parameters, 1.0, SeededRandom(seed, "projection"))
    model

/// The same without modules.
let model config seed = modelWith config [] seed

/// Questions of different length.
let questions = [| [| 4; 5; 6; 7 |]; [| 8 |]; [| 9; 10; 11 |] |]
