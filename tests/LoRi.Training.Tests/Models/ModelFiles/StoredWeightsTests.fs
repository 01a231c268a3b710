/// Models whose matrices stay in memory as their files have them, or are rounded when they are read.
module LoRi.Training.Tests.StoredWeightsTests

open System
open System.IO
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private vocabulary = 200

/// Large enough that float32 matrices too are multiplied by the program's own loops.
let private config family tied =
    let isGpt2 = family = DecoderFamily.Gpt2

    DecoderConfig(
        Family = family,
        HiddenSize = 192,
        IntermediateSize = 256,
        Layers = 2,
        QueryHeads = 6,
        KeyValueHeads = (if isGpt2 then 6 else 2),
        HeadSize = 32,
        VocabularySize = vocabulary,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = tied,
        MaxPositions = 256,
        QueryKeyValueBias = (isGpt2 || family = DecoderFamily.Qwen2),
        OutputBias = isGpt2,
        FeedForwardBias = isGpt2,
        EosIds = [| 1 |]
    )

let private families =
    [
        "llama", config DecoderFamily.Llama true
        "llama with a head of its own", config DecoderFamily.Llama false
        "qwen2", config DecoderFamily.Qwen2 true
        "qwen3", config DecoderFamily.Qwen3 true
        "gpt2", config DecoderFamily.Gpt2 true
    ]

/// A random model in a folder, every tensor in the type that is chosen for its name.
let private withModel (config: DecoderConfig) (typeOf: string -> torch.ScalarType) (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-stored-").FullName

    try
        NativeRuntime.Load()
        use _ = torch.NewDisposeScope()
        let special = SpecialIds(0, 0, 1)
        let projection = FeedbackProjection(ProjectionKind.Identity, 0)

        use model =
            new ReasoningModel(config, 0, special, projection, Precision.Full, torch.CPU)

        Initialisation.Fresh(model, 0.1, 5L)

        let card =
            ReasoningCard(
                Method = "cot",
                Reasoning = PlainReasoning.Explicit,
                AnswerPrefix = "",
                PrefixIds = [||],
                Special = special,
                Projection = ProjectionKind.Identity,
                ProjectionWidth = 0
            )

        ModelWriter.Write(folder, model, card, null)
        let file = Path.Combine(folder, "model.safetensors")

        let tensors =
            using (SafetensorsFile.Open file) (fun opened ->
                [
                    for entry in opened.Entries ->
                        TensorContent.FromTensor(
                            entry.Name,
                            opened.ReadTensor(entry.Name, Nullable(typeOf entry.Name))
                        )
                ])

        SafetensorsWriter.Write(file, tensors, null)
        run folder
    finally
        Directory.Delete(folder, true)

/// Writes the weights of a folder anew, each after a change.
let private rewrite (folder: string) (change: string -> torch.Tensor -> unit) =
    let file = Path.Combine(folder, "model.safetensors")

    let tensors =
        using (SafetensorsFile.Open file) (fun opened ->
            [
                for entry in opened.Entries do
                    let tensor = opened.ReadTensor entry.Name
                    change entry.Name tensor
                    TensorContent.FromTensor(entry.Name, tensor)
            ])

    SafetensorsWriter.Write(file, tensors, null)

let private load storage (folder: string) =
    let struct (model, _) =
        ModelLoader.Load(folder, LoadSettings(Precision.Full, torch.CPU, Storage = storage))

    model

let private logits (model: ReasoningModel) length =
    use _ = torch.NewDisposeScope()
    use _ = torch.no_grad ()
    let row = Array.init length (fun at -> (at * 37 + 11) % vocabulary)
    let rows = PaddedRows.Right([| row; Array.rev row |], torch.CPU)
    let weights = model.Weights()

    let pass =
        model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions())

    doubles (Decoder.Logits(weights, pass.Final))

let private written (model: ReasoningModel) =
    let plan = GenerationPlan(PlainReasoning.Explicit, [||], 40, [||])

    AnswerGenerator.Generate(model, [| [| 4; 5; 6 |]; [| 9 |]; [| 7; 8 |] |], plan)
    |> Seq.toList

let private forms (model: ReasoningModel) =
    model.Parameters.StoredParts
    |> Seq.map _.Form.Name
    |> Seq.distinct
    |> Seq.sort
    |> Seq.toList

/// Logits of short and long rows, and what is written; a GPT-2 has its matrices the other way round, and its sums in another order.
let private expectSame (config: DecoderConfig) (found: ReasoningModel) (wanted: ReasoningModel) =
    for length in [ 1; 5; 100 ] do
        let distance = FamilyChecks.distance (logits wanted length) (logits found length)

        if config.Family = DecoderFamily.Gpt2 then
            Expect.isLessThan distance 1e-5 $"logits of {length} tokens"
        else
            Expect.equal distance 0.0 $"logits of {length} tokens"

    Expect.equal (written found) (written wanted) "ids"

let private asStored =
    [
        for name, config in families do
            for kind, dtype in [ "BF16", torch.ScalarType.BFloat16; "F16", torch.ScalarType.Float16 ] ->
                testCase $"{name}: {kind} stays {kind}, and says the same"
                <| fun () ->
                    withModel config (fun _ -> dtype) (fun folder ->
                        use stored = load WeightStorage.AsStored folder
                        use widened = load WeightStorage.Widened folder
                        Expect.equal (forms stored) [ kind ] "forms"
                        Expect.isEmpty (forms widened) "widened"

                        let count =
                            Seq.sumBy (fun (slot: ParameterSlot) -> slot.Count) widened.Parameters.Slots

                        let held = stored.Parameters.StoredParts |> Seq.sumBy _.Bytes.numel()
                        let values = stored.Parameters.Values.numel () + stored.Parameters.Frozen.numel ()
                        Expect.equal (held / 2L + values) count "every weight once, those of matrices in two bytes"
                        expectSame config stored widened)
    ]

let private mixed =
    testCase "types that differ from part to part are kept each"
    <| fun () ->
        let typeOf (name: string) =
            if name.Contains "q_proj" || name.Contains "embed" then
                torch.ScalarType.BFloat16
            elif name.Contains "v_proj" || name.Contains "down" then
                torch.ScalarType.Float16
            else
                torch.ScalarType.Float32

        let config = snd families.Head

        withModel config typeOf (fun folder ->
            use stored = load WeightStorage.AsStored folder
            use widened = load WeightStorage.Widened folder
            Expect.equal (forms stored) [ "BF16"; "F16"; "F32" ] "forms"
            expectSame config stored widened)

let private brain =
    testCase "rounded to bfloat16 when it is read, a model is what its rounded file is"
    <| fun () ->
        for name, config in families do
            let isMatrix (shape: int64 seq) = Seq.length shape = 2

            withModel config (fun _ -> torch.ScalarType.Float32) (fun folder ->
                use rounded = load WeightStorage.Brain folder
                Expect.equal (forms rounded) [ "BF16" ] name
                let wanted, said = logits rounded 5, written rounded
                let file = Path.Combine(folder, "model.safetensors")

                let tensors =
                    using (SafetensorsFile.Open file) (fun opened ->
                        [
                            for entry in opened.Entries do
                                let keeps = isMatrix entry.Shape && not (entry.Name.Contains "wpe")

                                let dtype =
                                    if keeps then
                                        torch.ScalarType.BFloat16
                                    else
                                        torch.ScalarType.Float32

                                TensorContent.FromTensor(entry.Name, opened.ReadTensor(entry.Name, Nullable dtype))
                        ])

                SafetensorsWriter.Write(file, tensors, null)
                use stored = load WeightStorage.AsStored folder
                Expect.equal (FamilyChecks.distance wanted (logits stored 5)) 0.0 $"{name}: logits"
                Expect.equal said (written stored) $"{name}: ids")

let private halves =
    testCase "a file's own type of two bytes is not rounded to another one of two"
    <| fun () ->
        let config = snd families.Head

        withModel config (fun _ -> torch.ScalarType.Float16) (fun folder ->
            use rounded = load WeightStorage.Brain folder
            use stored = load WeightStorage.AsStored folder
            Expect.equal (forms rounded) [ "F16" ] "forms"
            Expect.equal (logits rounded 5) (logits stored 5) "logits")

let private tooLarge =
    testCase "a number that the form cannot hold is no damage of the file"
    <| fun () ->
        withModel (snd families.Head) (fun _ -> torch.ScalarType.Float32) (fun folder ->
            rewrite folder (fun name tensor ->
                if name.Contains "layers.1.mlp.up" then
                    tensor[3L, 4L].fill_((float Single.MaxValue).ToScalar()) |> ignore)

            let message = refusalOf (fun () -> (load WeightStorage.Brain folder).Dispose())

            Expect.stringContains
                message
                "model.layers.1.mlp.up_proj.weight holds a number that is too large for BF16"
                "which"

            Expect.stringContains message "--dtype float32" "what to do")

let private eightBit =
    testCase "eight bits: matrices of all families, near what they were"
    <| fun () ->
        for name, config in families do
            withModel config (fun _ -> torch.ScalarType.Float32) (fun folder ->
                use rounded = load WeightStorage.EightBit folder
                use widened = load WeightStorage.Widened folder
                Expect.equal (forms rounded) [ "Q8_0" ] name
                let wanted = logits widened 12
                let size = sqrt (Array.averageBy (fun value -> value * value) wanted)
                let off = Array.map2 (-) wanted (logits rounded 12)
                let error = sqrt (Array.averageBy (fun value -> value * value) off)
                Expect.isGreaterThan error 0.0 $"{name}: rounded"
                Expect.isLessThan error (0.03 * size) $"{name}: root mean square of the error")

let private refused =
    testCase "no model is trained on stored weights; NaN in them is refused"
    <| fun () ->
        let config = snd families.Head

        withModel config (fun _ -> torch.ScalarType.BFloat16) (fun folder ->
            let settings =
                LoadSettings(Precision.Full, torch.CPU, Storage = WeightStorage.EightBit)

            Expect.throwsT<ArgumentException>
                (fun () -> ModelLoader.LoadToTrain(folder, settings, null) |> ignore)
                "training"

            rewrite folder (fun name tensor ->
                if name.Contains "layers.1.mlp.up" then
                    tensor[3L, 4L].fill_(Double.NaN.ToScalar()) |> ignore)

            for storage in [ WeightStorage.AsStored; WeightStorage.EightBit ] do
                let message = refusalOf (fun () -> (load storage folder).Dispose())
                Expect.stringContains message "model.layers.1.mlp.up_proj.weight holds NaN or infinity" "which")

let private widenedAnyhow =
    testCase "in other arithmetic than float32 weights are in its type"
    <| fun () ->
        withModel (snd families.Head) (fun _ -> torch.ScalarType.BFloat16) (fun folder ->
            for precision in [ Precision.Exact; Precision.Mixed ] do
                let struct (model, _) =
                    ModelLoader.Load(folder, LoadSettings(precision, torch.CPU, Storage = WeightStorage.AsStored))

                use model = model
                Expect.isEmpty (forms model) $"{precision}")

let private brainArithmetic =
    testCase "bfloat16 is multiplied by processors that have instructions for it"
    <| fun () ->
        for capabilities, has in
            [
                [||], false
                [| "avx2" |], false
                [| "avx2"; "avx512f" |], false
                [| "avx2"; "avx512f"; "avx512_bf16" |], true
                [| "amx_bf16" |], true
            ] do
            Expect.equal (CpuCapabilities.HasBrainArithmetic capabilities) has $"%A{capabilities}"

[<Tests>]
let tests =
    testList
        "Stored weights"
        (asStored
         @ [
             mixed
             brain
             halves
             tooLarge
             eightBit
             refused
             widenedAnyhow
             brainArithmetic
         ])
