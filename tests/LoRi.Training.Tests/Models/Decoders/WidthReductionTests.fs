/// A model that is cut to all directions, turned by any rotation, says what it said; one that is cut to those that its states lie in as
/// well.
module LoRi.Training.Tests.WidthReductionTests

open System
open Expecto
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Training.Tests.FamilyFixture
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// Another order of the same sums, in float64.
let private rounding = 1e-10

let private width, vocabulary = 16, 20

let private shape family tied biases =
    DecoderConfig(
        Family = family,
        HiddenSize = width,
        IntermediateSize = 24,
        Layers = 3,
        QueryHeads = 4,
        KeyValueHeads = 2,
        HeadSize = 6,
        VocabularySize = vocabulary,
        NormEpsilon = 0.01,
        RotaryBase = 10_000.0,
        TiedHead = tied,
        MaxPositions = 64,
        QueryKeyValueBias = (biases || family = DecoderFamily.Qwen2),
        OutputBias = biases,
        FeedForwardBias = biases,
        SlidingWindow =
            (if family = DecoderFamily.Mistral then
                 Nullable 4
             else
                 Nullable())
    )

let private families =
    [
        "llama", shape DecoderFamily.Llama true false
        "llama with every bias and a head of its own", shape DecoderFamily.Llama false true
        "mistral with a window", shape DecoderFamily.Mistral false false
        "qwen2 with its biases", shape DecoderFamily.Qwen2 true false
        "qwen3 with its head norms", shape DecoderFamily.Qwen3 true false
        "qwen3 with head norms and biases", shape DecoderFamily.Qwen3 false true
    ]

/// A random model in float64; weights of norms differ from one and biases from zero, so that nothing is right by chance.
let private random (config: DecoderConfig) =
    let model =
        new ReasoningModel(
            config,
            0,
            SpecialIds(-1, -1, 1),
            FeedbackProjection(ProjectionKind.Identity, 0),
            Precision.Exact,
            torch.CPU
        )

    Initialisation.Fresh(model, 0.3, 7L)

    for slot in DecoderLayout.Slots(config, 0) do
        if slot.Shape.Length = 1 then
            SeededRandom(8L, slot.Name).FillNormal(model.Parameters[slot.Name].detach(), 0.5)

    model

/// The columns of a random rotation, as many as are asked for.
let private directions (components: int64) rank =
    let values =
        torch.zeros ([| components; components |], dtype = torch.ScalarType.Float64)

    SeededRandom(9L, "rotation").FillNormal(values, 1.0)
    let struct (rotation, _) = torch.linalg.qr (values)
    rotation.narrow (1L, 0L, int64 rank)

let private logits (model: ReasoningModel) (ids: int[]) =
    let weights = model.Weights()
    let rows = PaddedRows.Right([| ids |], model.Device)

    let pass =
        model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions())

    Decoder.Logits(weights, pass.Final).squeeze 0L

/// Ids that a model goes on with by its most likely tokens.
let private greedy model (start: int[]) =
    let next (ids: int[]) =
        int ((logits model ids).select(0L, -1L).argmax().item<int64>())

    Seq.fold (fun ids _ -> Array.append ids [| next ids |]) start [ 1..6 ]

let private sayTheSame (model: ReasoningModel) (reduced: ReasoningModel) ids =
    nearArrays rounding (doubles (logits model ids)) (doubles (logits reduced ids)) "logits"
    Expect.equal (greedy reduced ids) (greedy model ids) "greedy ids"

/// A rotation of all directions.
let private turned (model: ReasoningModel) ids =
    use _ = torch.NewDisposeScope()
    let d = model.Config.HiddenSize
    use reduced = WidthReduction.Of(model, directions (int64 d) d)
    Expect.equal reduced.Config.HiddenSize d "width"
    Expect.isFalse reduced.Config.TiedHead "a head of its own"
    sayTheSame model reduced ids

/// Leaves what is written into the residual stream in the span of a basis.
let private confine (model: ReasoningModel) (basis: torch.Tensor) =
    use _ = torch.no_grad ()
    let project = basis.matmul (basis.t ())

    let change (slot: string) (values: torch.Tensor) =
        model.Parameters[slot].copy_(values) |> ignore

    let table = DecoderLayout.Embedding model.Config
    change table (model.Parameters[table].matmul project)

    for layer in 0 .. model.Config.Layers - 1 do
        let block = DecoderLayout.Block(model.Config, layer)

        for map in [ block.Output; block.Down ] do
            change map.Matrix (project.matmul model.Parameters[map.Matrix])

            if map.Bias then
                change map.BiasName (project.mv model.Parameters[map.BiasName])

let private prompt = [| 3; 4; 5; 6; 7; 8; 9 |]

let private each what (check: ReasoningModel -> unit) =
    testList
        what
        [
            for name, config in families ->
                test name {
                    NativeRuntime.Load()
                    use model = random config
                    check model
                }
        ]

let private rotated =
    each "cut to all directions, a model says what it said" (fun model -> turned model prompt)

let private confined =
    each "cut to the directions that all of its states lie in, too" (fun model ->
        use _ = torch.NewDisposeScope()
        let rank = 6
        let basis = directions (int64 width) rank
        confine model basis
        use reduced = WidthReduction.Of(model, basis)
        Expect.equal reduced.Config.HiddenSize rank "width"
        Expect.equal reduced.Config.HeadSize model.Config.HeadSize "heads"
        Expect.isGreaterThan reduced.Config.NormEpsilon model.Config.NormEpsilon "epsilon"
        sayTheSame model reduced prompt)

let private lost =
    test "what lies outside of the directions that are kept is lost" {
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        use model = random (snd families.Head)
        use reduced = WidthReduction.Of(model, directions (int64 width) (width - 1))

        let far = (logits model prompt - logits reduced prompt).abs().max().item<float>()

        Expect.isGreaterThan far 0.01 "logits"
    }

let private checkpoints =
    testList
        "checkpoints of every family, cut to all directions"
        [
            for name in names () ->
                test name {
                    NativeRuntime.Load()
                    let checkpoint = checkpoint name
                    use model = load checkpoint Precision.Exact
                    let start = ids "single_ids" checkpoint

                    if model.Config.CenteredNorms then
                        Expect.throwsT<ArgumentException> (fun () -> turned model start) "centred norms"
                    else
                        turned model start
                }
        ]

[<Tests>]
let tests = testList "Width reduction" [ rotated; confined; lost; checkpoints ]
