/// Drawing tokens: what is drawn how often, from which tokens, and that a seed repeats it.
module LoRi.Training.Tests.SamplerTests

open System
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open TorchSharp

let private draws = 20_000

let private loaded name check =
    testCase name (fun () ->
        NativeRuntime.Load()
        check ())

let private settings temperature topP (topK: int option) seed =
    SamplingSettings(temperature, topP, Option.toNullable topK, seed)

let private logits (values: float list) =
    torch.tensor(Array.ofList values, torch.ScalarType.Float64).unsqueeze 0L

/// How often each of some logits' tokens is drawn.
let private shares settings (values: float list) =
    use row = logits values
    let sampler = TokenSampler(settings, "test")
    let counts = Array.zeroCreate<int> values.Length

    for _ in 1..draws do
        let id = sampler.Draw row |> Array.head |> int
        counts[id] <- counts[id] + 1

    counts |> Array.map (fun count -> float count / float draws)

let private softmax temperature (values: float list) =
    let weights = values |> List.map (fun value -> exp (value / temperature))
    weights |> List.map (fun weight -> weight / List.sum weights)

/// Five standard deviations of a share.
let private near expected found =
    for id, (wanted, share) in List.indexed (List.zip expected (List.ofArray found)) do
        let deviation = sqrt (wanted * (1.0 - wanted) / float draws)
        Expect.isLessThanOrEqual (abs (share - wanted)) (5.0 * deviation) $"token {id}: {share} for {wanted}"

let private row = [ 1.0; -0.5; 2.0; 0.25; 2.0; -3.0 ]

/// The probabilities of some tokens alone.
let private only (kept: int list) probabilities =
    let sum = kept |> List.sumBy (fun id -> List.item id probabilities)

    probabilities
    |> List.mapi (fun id share -> if List.contains id kept then share / sum else 0.0)

let private distributions =
    [
        for temperature in [ 0.3; 1.0; 2.5 ] do
            loaded $"softmax at temperature {temperature}"
            <| fun () -> near (softmax temperature row) (shares (settings temperature 1.0 None 1L) row)
        // Shares at temperature 1, by descent: 0.380 (2), 0.380 (4), 0.140 (0), 0.066 (3), 0.031 (1), 0.003 (5).
        for topP, kept in
            [
                0.1, [ 2 ]
                0.5, [ 2; 4 ]
                0.8, [ 2; 4; 0 ]
                0.95, [ 2; 4; 0; 3 ]
                1.0, [ 0..5 ]
            ] do
            loaded $"the smallest set that reaches {topP}"
            <| fun () -> near (only kept (softmax 1.0 row)) (shares (settings 1.0 topP None 2L) row)
        for topK, kept in [ 1, [ 2 ]; 2, [ 2; 4 ]; 3, [ 2; 4; 0 ]; 99, [ 0..5 ] ] do
            loaded $"the likeliest {topK}"
            <| fun () -> near (only kept (softmax 1.0 row)) (shares (settings 1.0 1.0 (Some topK) 3L) row)
        loaded "a share of the likeliest few, counted among them"
        <| fun () ->
            // Of ids 2, 4, 0 the first two have 0.84 of the probability.
            near (only [ 2; 4 ] (softmax 1.0 row)) (shares (settings 1.0 0.8 (Some 3) 4L) row)
        loaded "a set that is reached exactly is not exceeded"
        <| fun () -> near [ 0.5; 0.5; 0.0; 0.0 ] (shares (settings 1.0 0.5 None 5L) [ 0.0; 0.0; 0.0; 0.0 ])
        loaded "huge and missing logits"
        <| fun () ->
            let minus = Double.NegativeInfinity
            near [ 0.5; 0.0; 0.5 ] (shares (settings 1.0 1.0 None 6L) [ 5000.0; minus; 5000.0 ])
            near [ 0.5; 0.0; 0.5 ] (shares (settings 1e-3 0.99 None 6L) [ 5000.0; minus; 5000.0 ])
    ]

let private drawn seed purpose rows =
    let sampler = TokenSampler(settings 1.0 0.95 None seed, purpose)

    use batch =
        torch.stack [| for _ in 1..rows -> torch.tensor (Array.ofList (List.map float32 row)) |]

    [ for _ in 1..50 -> sampler.Draw batch |> List.ofArray ]

let private repeats =
    [
        loaded "a seed repeats, others and other purposes differ"
        <| fun () ->
            Expect.equal (drawn 1L "a" 1) (drawn 1L "a" 1) "the same"
            Expect.notEqual (drawn 1L "a" 1) (drawn 2L "a" 1) "another seed"
            Expect.notEqual (drawn 1L "a" 1) (drawn 1L "b" 1) "another purpose"
        loaded "a row draws the same alone and in a batch"
        <| fun () ->
            let first rows = drawn 1L "a" rows |> List.map List.head
            Expect.equal (first 3) (first 1) "row 0"
            let rows = drawn 1L "a" 2
            Expect.notEqual (List.map List.head rows) (List.map List.last rows) "rows differ"
    ]

let private generate (model: ReasoningModel) reasoning (sampler: TokenSampler | null) =
    let plan = GenerationPlan(reasoning, [| 2; 3 |], 12, [| 1 |], Sampler = sampler)

    AnswerGenerator.Generate(model, [| [| 4; 5; 6 |] |], plan)
    |> Seq.exactlyOne
    |> List.ofArray

let private models =
    [
        loaded "a tiny model's first tokens follow its softmax"
        <| fun () ->
            use model = TinyTraining.model Precision.Exact 3L
            use guard = torch.no_grad ()
            use scope = torch.NewDisposeScope()
            let weights = model.Weights()

            let rows = LoRi.Models.Decoders.PaddedRows.Right([| [| 4; 5; 6 |] |], model.Device)

            let pass =
                model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions())

            let logits =
                Decoder.Logits(weights, pass.Final).select(1L, 2L).squeeze(0L).data<float>().ToArray()

            let expected = softmax 0.7 (List.ofArray logits)
            let counts = Array.zeroCreate<int> logits.Length
            let draws = 3000

            for purpose in 1..draws do
                let plan =
                    GenerationPlan(
                        PlainReasoning.Explicit,
                        [||],
                        1,
                        [||],
                        Sampler = TokenSampler(settings 0.7 1.0 None 1L, string purpose)
                    )

                let id =
                    AnswerGenerator.Generate(model, [| [| 4; 5; 6 |] |], plan) |> Seq.exactlyOne |> Array.head

                counts[id] <- counts[id] + 1

            for id, wanted in List.indexed expected do
                let deviation = sqrt (wanted * (1.0 - wanted) / float draws)

                Expect.isLessThanOrEqual
                    (abs (float counts[id] / float draws - wanted))
                    (5.0 * deviation + 1e-3)
                    $"token {id}"
        for reasoning in TinyTraining.everyReasoning do
            loaded $"{reasoning.Mode}: one candidate is greedy, a seed repeats"
            <| fun () ->
                use model = TinyTraining.model Precision.Full 3L

                let sample topK seed =
                    generate model reasoning (TokenSampler(settings 1.5 1.0 topK seed, "x"))

                Expect.equal (sample (Some 1) 1L) (generate model reasoning null) "greedy"
                Expect.equal (sample None 1L) (sample None 1L) "the same seed"

                Expect.isGreaterThan
                    ([ for seed in 1L .. 8L -> sample None seed ] |> List.distinct |> List.length)
                    1
                    "seeds differ"
    ]

[<Tests>]
let tests =
    testList
        "sampling"
        [
            testList "distributions" distributions
            testList "repeats" repeats
            testList "models" models
        ]
