/// Random models of every family and every way of reasoning, as training would leave them.
module LoRi.Cli.Tests.RandomStudents

open System
open System.IO
open LoRi.Files.Tokenizers
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Cli.Tests.TinyRun
open TorchSharp

let private shape family tied (scaling: RotaryScaling | null) (window: int option) =
    let isGpt2 = family = DecoderFamily.Gpt2

    DecoderConfig(
        Family = family,
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = 3,
        QueryHeads = 4,
        KeyValueHeads = (if isGpt2 then 4 else 2),
        HeadSize = 4,
        VocabularySize = words.Length,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = tied,
        MaxPositions = 64,
        Scaling = scaling,
        SlidingWindow = Option.toNullable window,
        QueryKeyValueBias = (isGpt2 || family = DecoderFamily.Qwen2),
        OutputBias = isGpt2,
        FeedForwardBias = isGpt2,
        EosIds = [| eos |]
    )

let private bands =
    RotaryScaling(
        RotaryScalingKind.Llama3,
        8.0,
        OriginalPositions = 16,
        LowFrequencyFactor = 1.0,
        HighFrequencyFactor = 4.0
    )

/// Shapes by what is special about them.
let families =
    [
        "llama", shape DecoderFamily.Llama true null None
        "llama with a head of its own and scaled angles", shape DecoderFamily.Llama false bands None
        "mistral with a window", shape DecoderFamily.Mistral false null (Some 5)
        "qwen2", shape DecoderFamily.Qwen2 true null None
        "qwen3", shape DecoderFamily.Qwen3 true null None
        "gpt2", shape DecoderFamily.Gpt2 true null None
    ]

let private closing =
    SequenceForm(Name = "closing", BeforeQuestion = "So ", AfterQuestion = " =", EndAfterQuestion = true)

/// A way of reasoning with what else stands on its card.
type Way =
    {
        Reasoning: IReasoning
        Projection: ProjectionKind
        Form: SequenceForm
        Ends: int list
        StopAfter: int
        Prefix: int list
    }

let private way (reasoning: IReasoning) projection =
    {
        Reasoning = reasoning
        Projection = projection
        Form = SequenceForm.Plain
        Ends = [ eos ]
        StopAfter = 1
        Prefix = [ 2; 4 ]
    }

/// Ways of reasoning by name.
let ways =
    [
        "sequential", way (SequentialReasoning 3) ProjectionKind.Mlp
        "one latent step", way (SequentialReasoning 1) ProjectionKind.Linear
        "latent steps per step of the rationale",
        { way (SequentialReasoning(4, 2)) ProjectionKind.Identity with
            Form = closing
            Prefix = []
        }
        "jacobi", way (JacobiReasoning(4, 2)) ProjectionKind.Mlp
        "jacobi with one step", way (JacobiReasoning(1, 1)) ProjectionKind.Identity
        "substituted",
        { way (SubstitutedReasoning(3, 0.5, words.Length)) ProjectionKind.Identity with
            Form = closing
            Prefix = []
        }
        "substituted, of one component",
        { way (SubstitutedReasoning(1, 0.5, words.Length)) ProjectionKind.Identity with
            Prefix = []
        }
        "direct", way PlainReasoning.Direct ProjectionKind.Identity
        "explicit", way PlainReasoning.Explicit ProjectionKind.Identity
        "explicit, ended by the second of two ends",
        { way PlainReasoning.Explicit ProjectionKind.Identity with
            Form = closing
            Ends = [ eos; 7; 9; 11; 13 ]
            StopAfter = 2
        }
    ]

let private card (way: Way) (special: SpecialIds) (config: DecoderConfig) =
    ReasoningCard(
        Method = "random",
        Form = way.Form,
        Reasoning = way.Reasoning,
        AnswerPrefix = (if way.Prefix.IsEmpty then "" else "So ="),
        PrefixIds = List.toArray way.Prefix,
        Special = special,
        EndIds = List.toArray way.Ends,
        StopAfterEnds = way.StopAfter,
        Projection = way.Projection,
        ProjectionWidth = 12,
        Parts = [| for part in way.Reasoning.Modules config -> part.Name |]
    )

let private fillBiases (model: ReasoningModel) (seed: int64) =
    use _ = torch.no_grad ()

    for name in model.Parameters.PartNames do
        if name.EndsWith ".bias" then
            SeededRandom(seed, name).FillUniform(model.Parameters.Part name, 0.3)

/// Writes a random model of a shape that nobody trained, with its tokenizer.
let writeBase (folder: string) (config: DecoderConfig) (seed: int64) =
    NativeRuntime.Load()
    Directory.CreateDirectory folder |> ignore
    writeTokenizer folder
    let projection = FeedbackProjection(ProjectionKind.Identity, 0)

    use model =
        new ReasoningModel(config, 0, SpecialIds(eos, eos, eos), projection, Precision.Full, torch.CPU)

    Initialisation.Fresh(model, 0.4, seed)
    fillBiases model seed
    ModelWriter.Write(folder, model, null, TokenizerFile.Load folder)

/// Writes a random student of a shape that reasons in a way, with its tokenizer; all weights but the norms' are random.
let write (folder: string) (config: DecoderConfig) (way: Way) (seed: int64) =
    NativeRuntime.Load()
    Directory.CreateDirectory folder |> ignore
    writeTokenizer folder

    let special =
        SpecialIds(words.Length, words.Length + 1, eos, Latent = Nullable(words.Length + 2))

    use model =
        new ReasoningModel(
            config,
            3,
            special,
            FeedbackProjection(way.Projection, 12),
            Precision.Full,
            torch.CPU,
            modules = way.Reasoning.Modules config
        )

    Initialisation.Fresh(model, 0.4, seed)
    model.Projection.Initialise(model.Parameters, 1.0, SeededRandom(seed, "projection"))

    for part in model.Modules do
        part.Initialise |> Option.ofObj |> Option.iter (fun fill -> fill.Invoke(model, seed))

    fillBiases model seed
    ModelWriter.Write(folder, model, card way special config, TokenizerFile.Load folder)
