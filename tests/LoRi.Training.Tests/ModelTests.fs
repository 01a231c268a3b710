/// The decoder against the reference implementation's numbers for a tiny checkpoint: passes, padding on both sides, the
/// cache, embeddings as input, greedy continuation, gradients and optimizer steps.
module LoRi.Training.Tests.ModelTests

open System
open System.Text.Json
open Expecto
open LoRi.Training
open LoRi.Training.Checkpoints
open LoRi.Training.Generation
open LoRi.Training.Methods
open LoRi.Training.ModelFiles
open LoRi.Training.Models
open LoRi.Training.Sequences
open LoRi.Training.Training
open TorchSharp

let private folder = "fixtures/models/llama-tied"

/// Type of weights and arithmetic, the golden arrays' prefix, and the largest absolute difference allowed.
let private precisions =
    [
        "float64", Precision.Exact, "f64.", 1e-9
        "float32", Precision.Full, "f32.", 1e-4
    ]

let private ints (value: JsonElement) =
    [| for item in value.EnumerateArray() -> item.GetInt32() |]

let private expected = lazy (SharedFiles.json (folder + "/expected.json"))
let private inputs = lazy (expected.Value.GetProperty "inputs")

let private golden =
    lazy (SafetensorsFile.Open(SharedFiles.path (folder + "/expected.safetensors")))

let private load precision =
    let struct (model, _) =
        ModelLoader.Load(SharedFiles.path folder, LoadSettings.OnCpu precision)

    model

let private doubles (tensor: torch.Tensor) =
    tensor.detach().``to``(torch.ScalarType.Float64).contiguous().data<double>().ToArray()

let private close tolerance (name: string) (actual: float[]) (wanted: float[]) =
    Expect.equal actual.Length wanted.Length $"{name}: number of values"

    let worst =
        Array.fold2 (fun largest (a: float) b -> max largest (abs (a - b))) 0.0 actual wanted

    Expect.isLessThanOrEqual worst tolerance $"{name}: largest difference"

let private pass (model: ReasoningModel) (rows: PaddedRows) =
    let weights = model.Weights()
    let embedded = model.Decoder.Embed(weights, rows.Ids)
    weights, model.Decoder.Forward(weights, embedded, rows.Positions(), null, true)

let private singlePass precision (prefix: string) tolerance =
    use model = load precision
    use _ = torch.NewDisposeScope()
    let ids = ints (inputs.Value.GetProperty "single_ids")
    let weights, result = pass model (PaddedRows.Right([| ids |], torch.CPU))

    close
        tolerance
        "logits"
        (doubles (Decoder.Logits(weights, result.Final)))
        (golden.Value.ReadDoubles(prefix + "single.logits"))

    let hidden = result.Levels |> nonNull |> Array.map (fun level -> level.squeeze 0L)
    close tolerance "hidden" (doubles (torch.stack hidden)) (golden.Value.ReadDoubles(prefix + "single.hidden"))

let private paddedBatch left precision (prefix: string) tolerance =
    use model = load precision
    use _ = torch.NewDisposeScope()
    let batch = inputs.Value.GetProperty "batch"
    let rows = [| for row in batch.GetProperty("rows").EnumerateArray() -> ints row |]

    let padded =
        if left then
            PaddedRows.Left(rows, torch.CPU)
        else
            PaddedRows.Right(rows, torch.CPU)

    let weights, result = pass model padded
    let logits = Decoder.Logits(weights, result.Final)
    let side = if left then "left" else "right"
    let wanted = golden.Value.ReadDoubles(prefix + $"batch.{side}.logits")
    let vocabulary = int logits.shape[2]

    for row in 0 .. rows.Length - 1 do
        for token in 0 .. rows[row].Length - 1 do
            let column = padded.Column(row, token)
            let start = (row * padded.Width + column) * vocabulary

            close
                tolerance
                $"row {row} token {token}"
                (doubles (logits[int64 row, int64 column]))
                wanted[start .. start + vocabulary - 1]

let private cached precision (prefix: string) tolerance =
    use model = load precision
    use _ = torch.NewDisposeScope()
    let ids = ints (inputs.Value.GetProperty "single_ids")
    let rows = PaddedRows.Right([| ids[..9] |], torch.CPU)
    let weights, first = pass model rows
    let mutable cache, progress = first.Cache, rows.Advance null

    let steps =
        [|
            for id in ids[10..15] do
                let struct (positions, after) = progress.OneToken torch.CPU
                let input = model.Decoder.Embed(weights, torch.tensor([| int64 id |]).view(1L, 1L))
                let next = model.Decoder.Forward(weights, input, positions, cache, false)
                cache <- next.Cache
                progress <- after
                Decoder.Logits(weights, next.Final).view(-1L)
        |]

    close
        tolerance
        "prefill"
        (doubles (Decoder.Logits(weights, first.Final)))
        (golden.Value.ReadDoubles(prefix + "cache.prefill_logits"))

    close tolerance "steps" (doubles (torch.stack steps)) (golden.Value.ReadDoubles(prefix + "cache.step_logits"))

/// After a prefill of eight ids, four input embeddings: given ones, or the final state before each.
let private embeddingsAsInput feedback precision (prefix: string) tolerance =
    use model = load precision
    use _ = torch.NewDisposeScope()
    let ids = ints (inputs.Value.GetProperty "single_ids")
    let rows = PaddedRows.Right([| ids[..7] |], torch.CPU)
    let weights, first = pass model rows

    let given =
        golden.Value.ReadTensor("latent.inputs_embeds", Nullable precision.Compute)

    let mutable cache, progress = first.Cache, rows.Advance null
    let mutable state = first.Final.narrow (1L, 7L, 1L)

    let levels, logits =
        [|
            for step in 0..3 do
                let struct (positions, after) = progress.OneToken torch.CPU

                let input =
                    if feedback then
                        state
                    else
                        given.reshape(4L, 1L, 1L, -1L).select(0L, int64 step)

                let next = model.Decoder.Forward(weights, input, positions, cache, true)
                cache <- next.Cache
                progress <- after
                state <- next.Final

                torch.stack (next.Levels |> nonNull |> Array.map (fun level -> level.view (-1L))),
                Decoder.Logits(weights, next.Final).view(-1L)
        |]
        |> Array.unzip

    let kind = if feedback then "feedback" else "latent"
    close tolerance "hidden" (doubles (torch.stack levels)) (golden.Value.ReadDoubles(prefix + kind + ".hidden"))
    close tolerance "logits" (doubles (torch.stack logits)) (golden.Value.ReadDoubles(prefix + kind + ".logits"))

let private greedy precision _ _ =
    use model = load precision

    let prompts =
        [|
            for row in (inputs.Value.GetProperty "prompts").EnumerateArray() -> ints row
        |]

    let plan = GenerationPlan(AnswerMode.Explicit, 0, [||], 12, [||])
    let written = AnswerGenerator.Generate(model, prompts, plan)
    let wanted = (expected.Value.GetProperty "greedy").GetProperty "continuations"

    for row, continuation in Seq.indexed (wanted.EnumerateArray()) do
        Expect.equal written[row] (ints continuation) $"continuation {row}"

/// Four updates as the reference made them: decay on every parameter, global clipping at 1.
let private training precision (prefix: string) tolerance =
    use model = load precision
    let wanted = (expected.Value.GetProperty "train").GetProperty(prefix.TrimEnd '.')
    let ids = ints (inputs.Value.GetProperty "single_ids")
    let row = GradedRow(ids, 8, 8)

    let settings =
        OptimizerSettings(LearningRate = 1e-3, Schedule = Schedule.Constant, Beta2 = 0.95, WeightDecay = 0.0)

    use optimizer = new AdamW(model.Parameters, settings)

    let lossAndGradients () =
        use _ = torch.NewDisposeScope()
        model.Parameters.Gradients.zero_ () |> ignore
        let result = GradedPass.Run(model, model.Weights(), [| row |], false)
        let loss = result.CrossEntropySum / (float row.Graded).ToScalar()
        loss.backward ()
        loss.``to``(torch.ScalarType.Float64).item<double>()

    let first = lossAndGradients ()
    close tolerance "loss" [| first |] [| wanted.GetProperty("loss").GetDouble() |]

    for norm in wanted.GetProperty("grad_norms").EnumerateObject() do
        use _ = torch.NewDisposeScope()
        let gradient = model.Parameters.PartGradient norm.Name

        let relative =
            (gradient.norm().``to``(torch.ScalarType.Float64).item<double>()) / norm.Value.GetDouble()
            - 1.0

        Expect.isLessThan (abs relative) (10.0 * tolerance) $"gradient norm of {norm.Name}"

    for after in wanted.GetProperty("losses_after_steps").EnumerateArray() do
        using (torch.no_grad ()) (fun _ -> model.Parameters.Values.mul_ ((1.0 - 1e-3 * 0.1).ToScalar()) |> ignore)
        optimizer.Step 1e-3 |> ignore
        close (tolerance * 2.0) "loss after a step" [| lossAndGradients () |] [| after.GetDouble() |]

[<Tests>]
let tests =
    let checks =
        [
            "one row", singlePass
            "left padding", paddedBatch true
            "right padding", paddedBatch false
            "cache", cached
            "embeddings as input", embeddingsAsInput false
            "states fed back", embeddingsAsInput true
            "greedy", greedy
            "loss, gradients, updates", training
        ]

    testList
        "Decoder"
        [
            for name, check in checks do
                for precisionName, precision, prefix, tolerance in precisions do
                    testCase $"{name}, {precisionName}" (fun () ->
                        if SharedFiles.root.IsNone then
                            skiptest "the reference models are not there"

                        NativeRuntime.Load()
                        check precision prefix tolerance)
        ]
