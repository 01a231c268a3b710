/// A real model, SmolLM2-135M-Instruct as a quantised GGUF file, against the reference implementation's numbers for it.
module LoRi.Training.Tests.SmolLM2Tests

open System
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private folder = "models/smollm2-135m-instruct"
let private expected = lazy (json (folder + "/expected.json"))

let private golden () =
    SafetensorsFile.Open(path (folder + "/expected.safetensors"))

let private load precision =
    NativeRuntime.Load()
    let struct (model, _) = ModelLoader.Load(path folder, LoadSettings.OnCpu precision)
    model

let private ids (value: JsonElement) = ints (value.GetProperty "ids")

let private pass (model: ReasoningModel) (row: int[]) =
    let rows = PaddedRows.Right([| row |], torch.CPU)
    let weights = model.Weights()
    weights, model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions(), null, true)

/// Log-probability of every id but the first.
let private logProbabilities (model: ReasoningModel) (row: int[]) =
    use _ = torch.NewDisposeScope()
    use _ = torch.no_grad ()
    let weights, result = pass model row

    let logits = Decoder.Logits(weights, result.Final).squeeze(0L)

    doubles (
        TokenLikelihood.Logs(logits.narrow (0L, 0L, int64 row.Length - 1L), torch.tensor (row[1..] |> Array.map int64))
    )

let private texts () = items "log_probs" expected.Value

/// Log-probabilities of all texts.
let private allTexts model =
    texts () |> List.map (ids >> logProbabilities model)

/// Mean negative log-likelihood over all texts, and the largest error of a single text's.
let private meanLoss (single: string) (found: float[] list) =
    let worst =
        List.zip (texts ()) found
        |> List.map (fun (text, values) -> abs (-Array.average values - text.GetProperty(single).GetDouble()))
        |> List.max

    -(List.sumBy Array.sum found) / float (List.sumBy Array.length found), worst

let private mean (name: string) =
    (expected.Value.GetProperty "mean_nll").GetProperty(name).GetDouble()

let private float32Numbers =
    testCase "logits and log-probabilities in float32"
    <| fun () ->
        use model = load Precision.Full
        use golden = golden ()

        for case in items "logits" expected.Value do
            use _ = torch.NewDisposeScope()
            use _ = torch.no_grad ()
            let weights, result = pass model (ids case)
            let last = result.Final.select (1L, result.Final.shape[1] - 1L)
            let key = text "key" case

            Expect.isLessThan
                (FamilyChecks.distance (golden.ReadDoubles key) (doubles (Decoder.Logits(weights, last))))
                1e-3
                key

        let found = allTexts model

        for case, values in List.zip (texts ()) found do
            let key = text "key" case
            Expect.isLessThan (FamilyChecks.distance (golden.ReadDoubles key) values) 1e-3 key

        let all, worst = meanLoss "mean_nll" found
        Expect.isLessThan (abs (all - mean "float32")) 1e-5 "all texts"
        Expect.isLessThan worst 1e-5 "each text"

let private roundedWeights =
    testCase "weights rounded to bfloat16: arithmetic in float32, and in bfloat16"
    <| fun () ->
        use model = load Precision.Full
        let values = model.Parameters.Values

        using (torch.no_grad ()) (fun _ ->
            use _ = torch.NewDisposeScope()
            values.copy_ (values.``to`` (torch.ScalarType.BFloat16)) |> ignore)

        let all, worst = meanLoss "mean_nll_bfloat16_weights" (allTexts model)
        Expect.isLessThan (abs (all - mean "bfloat16_weights")) 1e-5 "all texts"
        Expect.isLessThan worst 1e-5 "each text"
        use narrow = load (Precision(torch.ScalarType.BFloat16, torch.ScalarType.BFloat16))
        let all, worst = meanLoss "mean_nll" (allTexts narrow)
        Expect.isLessThan (abs (all - mean "float32")) 0.01 "all texts in bfloat16"
        Expect.isLessThan worst 0.05 "each text in bfloat16"

/// Held as the file has them, weights take no more memory than the file, and every number stays as it was.
let private asStored =
    testCase "weights that stay as they are stored"
    <| fun () ->
        use widened = load Precision.Full

        let struct (stored, _) =
            ModelLoader.Load(path folder, LoadSettings(Precision.Full, torch.CPU, Storage = WeightStorage.AsStored))

        use stored = stored

        let file =
            IO.Directory.GetFiles(path folder, "*.gguf") |> Array.exactlyOne |> IO.FileInfo

        let held = stored.Parameters.StoredParts |> Seq.sumBy _.Bytes.numel()
        Expect.isGreaterThan held (file.Length * 9L / 10L) "most of the file is held"
        Expect.isLessThan (held + 4L * stored.Parameters.Values.numel ()) file.Length "and no more"

        for case, (wanted, found) in List.zip (texts ()) (List.zip (allTexts widened) (allTexts stored)) do
            Expect.equal found wanted (text "key" case)

        for case in items "greedy" expected.Value do
            let wanted = ints (case.GetProperty "new_ids")

            let plan =
                GenerationPlan(PlainReasoning.Explicit, [||], wanted.Length, stored.Config.EosIds)

            Expect.equal (AnswerGenerator.Generate(stored, [| ids case |], plan)[0]) wanted (text "text" case)

let private hiddenStates =
    testCase "hidden states, relative to each token's norm"
    <| fun () ->
        use model = load Precision.Full
        use golden = golden ()
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()

        let levels (case: JsonElement) =
            let _, result = pass model (ids case)

            torch
                .stack(result.Levels |> nonNull |> Array.map (fun level -> level.squeeze 0L))
                .``to``(torch.ScalarType.Float64)

        let wanted = golden.ReadTensor("hidden", Nullable torch.ScalarType.Float64)

        let size (states: torch.Tensor) = states.norm (-1)

        let error: torch.Tensor =
            size (levels (expected.Value.GetProperty "hidden") - wanted) / size wanted

        Expect.isLessThan (number (error.max ())) 1e-4 "states"
        let norms = golden.ReadTensor("hidden_norms", Nullable torch.ScalarType.Float64)
        let found = size (levels (expected.Value.GetProperty "hidden_norms"))
        let error: torch.Tensor = (found / norms - 1.0.ToScalar()).abs()
        Expect.isLessThan (number (error.max ())) 1e-4 "norms"

let private greedy =
    testCase "greedy continuations"
    <| fun () ->
        use model = load Precision.Full
        let cases = items "greedy" expected.Value
        // Those that are shorter ended by themselves.
        let most =
            cases |> List.map (fun case -> case.GetProperty("new_ids").GetArrayLength()) |> List.max

        for case in cases do
            let wanted = ints (case.GetProperty "new_ids")
            let plan = GenerationPlan(PlainReasoning.Explicit, [||], most, model.Config.EosIds)
            Expect.equal (AnswerGenerator.Generate(model, [| ids case |], plan)[0]) wanted (text "text" case)

let private gradients =
    testCase "norms of all gradients"
    <| fun () ->
        use model = load Precision.Full
        use _ = torch.NewDisposeScope()
        let row = GradedRow(ids (List.head (texts ())), 1, 1)
        model.Parameters.Gradients.zero_ () |> ignore
        let result = GradedPass.Run(model, model.Weights(), [| row |], false)
        let loss = result.CrossEntropySum / (float row.Graded).ToScalar()
        loss.backward ()
        near 1e-5 ((expected.Value.GetProperty "gradient").GetProperty("loss").GetDouble()) (number loss) "loss"

        for entry in items "gradient_l2" expected.Value do
            let name = text "name" entry

            near
                1e-3
                (entry.GetProperty("l2").GetDouble())
                (LongNorm.Of(model.Parameters.PartGradient(name).reshape -1L))
                name

[<Tests>]
let tests =
    fixtureTests "SmolLM2" (fun () ->
        // One after the other: each takes all cores, and a model's worth of memory.
        [
            testSequenced (
                testList "numbers" [ float32Numbers; roundedWeights; asStored; hiddenStates; greedy; gradients ]
            )
        ])
