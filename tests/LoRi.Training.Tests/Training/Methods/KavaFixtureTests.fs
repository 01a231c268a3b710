/// KaVa's losses, choice of tokens, keys and values, gradients and answers against the reference numbers on tiny models.
module LoRi.Training.Tests.KavaFixtureTests

open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.Kava
open LoRi.Training.Tests.KavaFixture
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// What the reference has and is not compared, with the reason.
let private impossible =
    [
        "smallest_gap_between_kept_and_dropped_score",
        "says that no score ties; the chosen tokens themselves are compared"
    ]

let private withModel reference numbers (variant: Variant) =
    withStudent (student variant.HasProjection) reference numbers

let private terms =
    [
        "task", "student_ce"
        "teacher", "teacher_ce"
        "anchor", "codi"
        "keys", "kv_keys"
        "values", "kv_values"
    ]

let private lossesOf reference variant model rows =
    lossesOf (kava reference variant) model rows

/// What the two passes of a batch have inside: heads of the teacher and of the student's last sweep, levels at the anchors.
let private inside (variant: Variant) (model: ReasoningModel) (rows: EncodedExample[]) =
    let weights = model.Weights()
    let layers = model.Config.Layers
    let chain, steps = DecoderTrace layers, DecoderTrace layers

    let teacherRows =
        rows
        |> Array.map (fun row ->
            let row = GradedRow.Explicit row
            GradedRow(row.Ids, row.GradedFrom, row.Anchor, FeedsLast = true))

    let teacher = GradedPass.Run(model, weights, teacherRows, true, null, chain)
    let questions = rows |> Array.map _.Question

    let pass sweeps (trace: DecoderTrace | null) =
        JacobiPass.Run(model, weights, questions, variant.Reasoning.Steps, sweeps, false, trace)

    let latents = pass variant.Reasoning.Sweeps steps

    let after =
        rows
        |> Array.map (fun row ->
            LatentRow.Of(row, variant.Reasoning.Steps, Grading.PrefixAndAnswer).After model.Special.Eot)

    let answer = GradedPass.Run(model, weights, after, true, latents)

    let inputs =
        torch.stack (
            [|
                for sweep in 1 .. variant.Reasoning.Sweeps -> nonNull (pass sweep null).Latents
            |],
            0L
        )

    CacheHeads.Of(chain, layers, variant.Keys), CacheHeads.Of(steps, layers, variant.Keys), teacher, answer, inputs

let private span index (row: EncodedExample) =
    ChainSpan(index, row.Question.Length, row.Rationale.Length, row.ExplicitLength)

let private chains (variant: Variant) heads (rows: EncodedExample[]) =
    [
        for index, row in Array.indexed rows do
            if row.Rationale.Length > 0 then
                index, CompressedChain.Of(heads, span index row, variant.Reasoning.Steps, variant.Lambda)
    ]

let private compareKept (wanted: JsonElement) (chains: (int * CompressedChain) list) =
    let theirs = [ for row in wanted.EnumerateArray() -> row ]

    for index, chain in chains do
        let kept = chain.Kept.cpu().contiguous().data<int64>().ToArray()

        let wanted =
            [|
                for layer in theirs[index].EnumerateArray() do
                    for head in layer.EnumerateArray() do
                        for slot in head.EnumerateArray() -> slot.GetInt64()
            |]

        Expect.equal kept wanted $"tokens kept of row {index}"

let private compareDeviations numbers (wanted: JsonElement) (chains: (int * CompressedChain) list) =
    let compare (name: string) (choose: CompressedChain -> torch.Tensor) =
        match find name wanted with
        | Some theirs ->
            let kept: (torch.Tensor | null)[] =
                [| for _, chain in chains -> withNull (choose chain) |]

            let found = nonNull (CacheDistance.Deviations kept)
            nearArrays numbers.Loss [| for value in theirs.EnumerateArray() -> value.GetDouble() |] (doubles found) name
        | None -> ()

    compare "teacher_std_keys_per_layer" _.Keys
    compare "teacher_std_values_per_layer" _.Values

/// The other readings of the anchor term that the reference has numbers for.
let private readings =
    [
        "l1_levels_0_to_L", AnchorDistance(0, AnchorNorm.L1, AnchorUnit.None)
        "smooth_l1_levels_1_to_L", AnchorDistance(1, AnchorNorm.SmoothL1, AnchorUnit.None)
        "smooth_l1_over_std_levels_1_to_L_layerwise", AnchorDistance(1, AnchorNorm.SmoothL1, AnchorUnit.EachLevel)
        "smooth_l1_over_std_of_all_levels", AnchorDistance(1, AnchorNorm.SmoothL1, AnchorUnit.AllLevels)
    ]

let private losses reference numbers (variant: Variant) =
    withModel reference numbers variant "losses" (fun model ->
        let wanted = wantedOf reference numbers variant.Name
        let rows = rows reference variant.Batch
        let found = lossesOf reference variant model rows
        compareTerms numbers wanted terms found
        near numbers.Loss (wanted.GetProperty("total").GetDouble()) (number (total found)) "total"
        use _ = torch.no_grad ()
        let heads, _, teacher, answer, _ = inside variant model rows
        let chains = chains variant heads rows
        compareKept (wanted.GetProperty "kept") chains
        compareDeviations numbers wanted chains

        match find "other_readings_of_the_anchor_term" wanted with
        | Some theirs ->
            for name, reading in readings do
                let found =
                    reading.Of(answer.Anchors reading.FirstLevel, teacher.Anchors reading.FirstLevel)

                near numbers.Loss (theirs.GetProperty(name).GetDouble()) (number found) name
        | None -> ())

/// Each row alone: its own terms, unless a term is divided by something of the batch.
let private rowsAlone reference numbers (variant: Variant) =
    withModel reference numbers variant "losses of rows alone" (fun model ->
        let wanted = wantedOf reference numbers variant.Name

        let names =
            if variant.Distance.ByLayerDeviation then
                List.take 3 terms
            else
                terms

        for row, wanted in Seq.zip (rows reference variant.Batch) (items "per_example" wanted) do
            compareTerms numbers wanted names (lossesOf reference variant model [| row |]))

let private tensors reference numbers (variant: Variant) =
    withModel reference numbers variant "choice, keys, values and states" (fun model ->
        use _ = torch.no_grad ()
        use golden = openGolden reference numbers
        let rows = rows reference variant.Batch
        let teacherHeads, studentHeads, teacher, answer, inputs = inside variant model rows

        let found =
            [
                for index, chain in chains variant teacherHeads rows do
                    $"row.{index}/importance", chain.Importance
                    $"row.{index}/redundancy", chain.Redundancy
                    $"row.{index}/score", chain.Score
                    $"row.{index}/teacher_keys", chain.Keys
                    $"row.{index}/teacher_values", chain.Values
                "student_keys", studentHeads.Keys.transpose (0L, 1L)
                "student_values", studentHeads.Values.transpose (0L, 1L)
                "latent_inputs_per_sweep", inputs
                "student_anchor", answer.Anchors 1
                "teacher_anchor", teacher.Anchors 1
            ]

        compareStates numbers golden variant.Name found)

let private gradients reference numbers (variant: Variant) =
    withModel reference numbers variant "norms of gradients" (fun model ->
        use extra = openExtra reference
        let wanted = wantedOf reference numbers variant.Name
        differentiate model (total (lossesOf reference variant model (rows reference variant.Batch)))
        let found = projectionGradients model @ adapterGradients reference model extra
        compareNorms numbers wanted found
        use golden = openGolden reference numbers

        for name, gradient in found do
            if not (isNull (golden.Find $"{variant.Name}/grad/{name}")) then
                compareStates numbers golden $"{variant.Name}/grad" [ name, gradient ])

/// Losses before and after three updates of adapters and projection, norms of the gradients before them, and sizes after the last.
let private updates (reference: Reference) numbers =
    withStudent trained reference numbers "three updates" (fun model ->
        let settings = optimizerOf (reference.Expected.GetProperty "optimizer") false
        use optimizer = new AdamW(model.Parameters, settings)
        let variant = variants reference |> List.head
        let rows = rows reference variant.Batch

        for wanted in (wantedOf reference numbers "steps").EnumerateArray() do
            use _ = torch.NewDisposeScope()
            let found = lossesOf reference variant model rows
            compareTerms numbers wanted terms found
            near numbers.Loss (wanted.GetProperty("total").GetDouble()) (number (total found)) "total"

            match find "grad_norm_before_clip" wanted with
            | Some norm ->
                differentiate model (total found)
                near numbers.Value (norm.GetDouble()) (optimizer.Step settings.LearningRate) "norm of all gradients"
            | None -> ()

        for norm in (wantedOf reference numbers "norm_after_3_steps").EnumerateObject() do
            near numbers.Value (norm.Value.GetDouble()) (number ((trainedPart model norm.Name).norm())) norm.Name)

let private answers (reference: Reference) numbers =
    let generation = reference.Expected.GetProperty "generation"

    for variant in variants reference do
        match find variant.Name generation with
        | None -> ()
        | Some answers ->
            withModel reference numbers variant "answers" (fun model ->
                let most = generation.GetProperty("max_new_tokens").GetInt32()

                for question, answer in Seq.zip (items "questions" generation) (answers.EnumerateArray()) do
                    let plan =
                        GenerationPlan(variant.Reasoning, prefix reference, most, [| reference.Id "eos_id" |])

                    let found =
                        AnswerGenerator.Generate(model, [| ints (question.GetProperty "ids") |], plan)

                    Expect.equal found[0] (ints (answer.GetProperty "ids")) $"{variant.Name}: ids")

[<Tests>]
let tests =
    let hasTensors reference (numbers: Numbers) (variant: Variant) =
        use golden = openGolden reference numbers
        golden.Entries |> Seq.exists _.Name.StartsWith($"{variant.Name}/")

    let testsOf reference (numbers: Numbers) =
        testList
            numbers.Name
            [
                testCase "the reference's answers" (fun () -> answers reference numbers)
                testCase "three updates of adapters and projection" (fun () -> updates reference numbers)
                for variant in variants reference do
                    testList
                        variant.Name
                        [
                            testCase "losses and tokens kept" (fun () -> losses reference numbers variant)
                            testCase "losses of rows alone" (fun () -> rowsAlone reference numbers variant)
                            if (wantedOf reference numbers variant.Name |> find "grad_norm").IsSome then
                                testCase "gradients of projection and adapters" (fun () ->
                                    gradients reference numbers variant)
                            if hasTensors reference numbers variant then
                                testCase "choice, keys, values and states" (fun () -> tensors reference numbers variant)
                        ]
            ]

    fixtureTests "KaVa against the reference" (fun () ->
        [
            for reference in references () do
                testList reference.Name (List.map (testsOf reference) [ float64; float32 ])
            testList "impossible" [ for name, reason in impossible -> ptestCase $"{name}: {reason}" ignore ]
        ])
