/// PCCoT's losses, gradients, states and answers against the reference numbers on tiny models, where no padding takes part in
/// them: rows alone, the batch composed of them, and rows of equal length.
module LoRi.Training.Tests.PccotFixtureTests

open System
open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests.PccotFixture
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// What the reference has and the product cannot give, with the reason.
let private impossible =
    [
        "padded.*", "its sweeps see padding; here masks are complete, so that rows are what they are alone"
        "*.pad_rows_zero", "emulates what one kernel makes of rows that see nothing; here there are none"
        "padded.iterations_2.other_std_mode", "on the padded batch, see there; each mode is held on the other model"
        "steps.iterations_2", "three updates on the padded batch, see there"
        "generation.*.batch", "answers that depend on the padding of their batch"
    ]

let private withModel reference = withStudent student reference

let private sweepsOf (variant: string) =
    int (variant.Substring(variant.LastIndexOf '_' + 1))

let private terms =
    [ "task", "student_ce"; "teacher", "teacher_ce"; "anchor", "distill" ]

/// Variants on batches without padding in front of the question.
let private equalVariants (reference: Reference) =
    [
        for batch in reference.Batches |> List.filter (unpadded reference) do
            for variant in (reference.Expected.GetProperty float64.Name).EnumerateObject() do
                if
                    variant.Name.StartsWith $"{batch}.iterations_"
                    && not (variant.Name.Substring(batch.Length + 1).Contains '.')
                then
                    batch, variant.Name
    ]

/// The variant that runs every row of a padded batch alone, and that batch.
let private aloneVariant (reference: Reference) =
    let variant =
        (reference.Expected.GetProperty float64.Name).EnumerateObject()
        |> Seq.map _.Name
        |> Seq.find (fun name -> name.StartsWith "rows_alone.")

    let count =
        (reference.Expected.GetProperty float64.Name).GetProperty(variant).GetArrayLength()

    let batch =
        reference.Batches
        |> List.filter (fun name -> (rows reference name).Length = count)
        |> List.minBy (unpadded reference)

    variant, batch

let private lossesOf reference sweeps model rows =
    lossesOf (pccot reference sweeps) model rows

/// The inputs of every sweep, which are those that as many sweeps end with, and the anchors at all levels.
let private states reference sweeps (model: ReasoningModel) (rows: EncodedExample[]) =
    use _ = torch.no_grad ()
    let weights = model.Weights()
    let questions = rows |> Array.map _.Question

    let pass sweeps =
        JacobiPass.Run(model, weights, questions, latentSteps reference, sweeps, false)

    let inputs =
        torch.stack ([| for sweep in 1..sweeps -> nonNull (pass sweep).Latents |], 0L)

    let after =
        rows
        |> Array.map (fun row ->
            LatentRow.Of(row, latentSteps reference, Grading.PrefixAndAnswer).After model.Special.Eot)

    let student = GradedPass.Run(model, weights, after, true, pass sweeps)

    let teacher =
        GradedPass.Run(model, weights, Array.map GradedRow.Explicit rows, true)

    [
        "latent_inputs_per_sweep", inputs
        "student_anchor", student.Anchors 0
        "teacher_anchor", teacher.Anchors 0
    ]

let private deviations numbers (wanted: JsonElement) (states: (string * torch.Tensor) list) =
    let anchors = states |> List.find (fst >> (=) "teacher_anchor") |> snd
    let teacher = anchors.narrow (1L, 1L, anchors.shape[1] - 1L)

    let all =
        AnchorDistance(1, AnchorNorm.SmoothL1, AnchorUnit.AllLevels).Deviations teacher

    near numbers.Loss (wanted.GetProperty("teacher_std_all_levels").GetDouble()) (number all) "deviation of all levels"

let private equalBatch reference numbers (batch, variant) =
    withModel reference numbers "losses" (fun model ->
        let wanted = wantedOf reference numbers variant
        let rows = rows reference batch
        let found = lossesOf reference (sweepsOf variant) model rows
        compareTerms numbers wanted terms found
        near numbers.Loss (wanted.GetProperty("total").GetDouble()) (number (total found)) "total"
        deviations numbers wanted (states reference 1 model rows))

let private equalStates reference numbers (batch, variant) =
    withModel reference numbers "states" (fun model ->
        use golden = openGolden reference numbers

        states reference (sweepsOf variant) model (rows reference batch)
        |> compareStates numbers golden variant)

/// The gradients of everything that the reference trains: adapters, projection, and some rows of the table.
let private gradients reference numbers (batch, variant) =
    withModel reference numbers "norms of gradients" (fun model ->
        use extra = openExtra reference
        differentiate model (total (lossesOf reference (sweepsOf variant) model (rows reference batch)))

        let ids = torch.tensor (Array.map int64 (trainedRows reference))

        let trained =
            model.Parameters.PartGradient(DecoderLayout.Embedding model.Config).index_select(0L, ids)

        compareNorms
            numbers
            (wantedOf reference numbers variant)
            (("trained_rows", trained) :: projectionGradients model
             @ adapterGradients reference model extra))

let private tokens (row: JsonElement) (name: string) =
    float (row.GetProperty($"{name}_tokens").GetInt32())

/// Each row by itself, and all of them in one batch: its cross-entropies are theirs, weighed by tokens.
let private rowsAlone reference numbers =
    withModel reference numbers "losses of rows alone" (fun model ->
        let variant, batch = aloneVariant reference
        let sweeps, rows = sweepsOf variant, rows reference batch

        let wanted =
            [ for row in (wantedOf reference numbers variant).EnumerateArray() -> row ]

        for row, wanted in Seq.zip rows wanted do
            let totals = (prepared (pccot reference sweeps) [| row |]).Totals
            Expect.equal (float totals["task"]) (tokens wanted "student") "student's graded tokens"
            Expect.equal (float totals["teacher"]) (tokens wanted "teacher") "teacher's graded tokens"
            compareTerms numbers wanted (List.take 2 terms) (lossesOf reference sweeps model [| row |])

        let together = lossesOf reference sweeps model rows

        for name, side in [ "task", "student"; "teacher", "teacher" ] do
            let sum =
                wanted
                |> List.sumBy (fun row -> tokens row side * row.GetProperty($"{side}_ce").GetDouble())

            let count = wanted |> List.sumBy (fun row -> tokens row side)
            let term = together |> Seq.find (fun term -> term.Name = name)
            near numbers.Loss (sum / count) (number term.Value) $"{name} of the batch")

/// The states of every row, alone and as a row of the padded batch.
let private rowStates reference numbers =
    withModel reference numbers "states" (fun model ->
        use golden = openGolden reference numbers
        let variant, batch = aloneVariant reference
        let sweeps, rows = sweepsOf variant, rows reference batch
        let together = states reference sweeps model rows

        for index in 0 .. rows.Length - 1 do
            let name = $"rows_alone.{index}"
            compareStates numbers golden name (states reference sweeps model [| rows[index] |])

            let oneOf (name: string, tensor: torch.Tensor) =
                let dimension = if name = "latent_inputs_per_sweep" then 1L else 0L
                name, tensor.narrow (dimension, int64 index, 1L)

            compareStates numbers golden name (List.map oneOf together))

/// As many sweeps as latent steps give what one latent after the other gives.
let private sequential reference numbers =
    withModel reference numbers "sweeps against steps one by one" (fun model ->
        use _ = torch.no_grad ()
        let steps = latentSteps reference
        let questions = rows reference (List.head reference.Batches) |> Array.map _.Question
        let weights = model.Weights()

        let one = nonNull (LatentPass.Run(model, weights, questions, steps, false)).Latents

        let limit = if numbers = float64 then 1e-12 else numbers.Value

        for sweeps in [ steps; steps + 2 ] do
            let all =
                nonNull (JacobiPass.Run(model, weights, questions, steps, sweeps, false)).Latents

            nearArrays limit (doubles one) (doubles all) $"inputs after {sweeps} sweeps")

/// Losses before and after three updates, norms of the gradients before them, and sizes of what was trained after the last. What is
/// decayed is what the product decays of itself: matrices, and the rows that are trained.
let private updates (updates: Reference) numbers (batch, case: string) =
    withStudent trained updates numbers "three updates" (fun model ->
        let settings = optimizerOf (updates.Expected.GetProperty "optimizer") false
        use optimizer = new AdamW(model.Parameters, settings)
        let wanted = wantedOf updates numbers case
        let rows = rows updates batch
        let norms = [ for norm in items "grad_norm_global" wanted -> norm.GetDouble() ]
        let after = if numbers = float64 then numbers.Loss else 1e-3

        for index, wanted in List.indexed (items "losses" wanted) do
            use _ = torch.NewDisposeScope()
            let limit = if index = 0 then numbers.Loss else after
            let found = lossesOf updates (sweepsOf case) model rows
            compareTerms { numbers with Loss = limit } wanted terms found

            if index < norms.Length then
                differentiate model (total found)

                let limit =
                    if index = 0 then
                        numbers.Value
                    else
                        max numbers.Value (5.0 * after)

                near limit norms[index] (optimizer.Step settings.LearningRate) "norm of all gradients"

        let trained (name: string) =
            if name = "trained_rows" then
                model.Parameters[(Seq.exactlyOne (nonNull model.Adapters).Rows).Name]
            else
                trainedPart model name

        for norm in (wanted.GetProperty "norm_after_3_steps").EnumerateObject() do
            near numbers.Value (norm.Value.GetDouble()) (number ((trained norm.Name).norm())) norm.Name)

/// Cases of updates, where the reference has any.
let private followed (reference: Reference) =
    match updatesOf reference with
    | Some updates ->
        [
            for case in updateCases updates do
                updates, case
        ]
    | None -> []

/// The reference's answers to single questions: it stops at the end of sequence, unless that comes first.
let private answers (reference: Reference) numbers =
    withModel reference numbers "answers" (fun model ->
        let generation = reference.Expected.GetProperty "generation"

        let questions =
            [
                for ids, mask in Seq.zip (items "input_ids" generation) (items "attention_mask" generation) ->
                    let seen = Array.zip (ints ids) (ints mask) |> Array.filter (snd >> (=) 1)
                    seen |> Array.map fst |> Array.takeWhile ((<>) (reference.Id "bot_id"))
            ]

        let prefix =
            ints ((reference.Batch.GetProperty "ids").GetProperty "answer_prompt_ids")

        for variant in generation.EnumerateObject() |> Seq.filter (fun one -> one.Name.EndsWith ".single") do
            let sweeps = sweepsOf (variant.Name.Substring(0, variant.Name.IndexOf '.'))
            let reasoning = JacobiReasoning(latentSteps reference, sweeps)

            for question, wanted in Seq.zip questions (variant.Value.EnumerateArray()) do
                let ids = ints (wanted.GetProperty "new_ids")
                let eos = reference.Id "eos_id"

                let ended =
                    match Array.IndexOf(ids, eos) with
                    | -1 -> ids
                    | at -> ids[..at]

                let plan = GenerationPlan(reasoning, prefix, ids.Length, [| eos |])
                let found = AnswerGenerator.Generate(model, [| question |], plan)
                Expect.equal found[0] ended $"{variant.Name}: ids")

[<Tests>]
let tests =
    let equal reference numbers =
        [
            for batch, variant in equalVariants reference do
                testList
                    variant
                    [
                        testCase "losses" (fun () -> equalBatch reference numbers (batch, variant))
                        testCase "inputs of every sweep and anchors" (fun () ->
                            equalStates reference numbers (batch, variant))
                        testCase "gradients of rows, projection and adapters" (fun () ->
                            gradients reference numbers (batch, variant))
                    ]
        ]

    let testsOf reference (numbers: Numbers) =
        testList
            numbers.Name
            [
                testCase "each row has the reference's cross-entropies, alone and in a padded batch" (fun () ->
                    rowsAlone reference numbers)
                testCase "inputs and anchors are those of the row alone" (fun () -> rowStates reference numbers)
                testCase "as many sweeps as latents are one latent after the other" (fun () ->
                    sequential reference numbers)
                testCase "the reference's answers" (fun () -> answers reference numbers)
                testList "rows of equal length" (equal reference numbers)
                testList
                    "three updates"
                    [
                        for cases, (batch, case) in followed reference do
                            testCase case (fun () -> updates cases numbers (batch, case))
                    ]
            ]

    fixtureTests "PCCoT against the reference" (fun () ->
        [
            for reference in references () do
                testList reference.Name (List.map (testsOf reference) [ float64; float32 ])
            testList "impossible" [ for name, reason in impossible -> ptestCase $"{name}: {reason}" ignore ]
        ])
