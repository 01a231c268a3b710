/// SIM-CoT on CODI against the reference numbers on tiny models, where no padding takes part in them: rows alone, the batch composed
/// of them in any order, rows of equal length, and three updates.
module LoRi.Training.Tests.SimCotOnCodiFixtureTests

open System
open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.SimCot
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.SimCotFixture
open LoRi.Training.Tests.SimCotFixture.OnCodi
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// What the reference has and the product cannot give, with the reason.
let private impossible =
    [
        "padded.*, longest_first.* but for rows alone", "latent steps see padding; here masks are complete"
        "padded.*.explain_per_slot", "every slot is cut to the length of the first row's step; here nothing is cut"
        "steps.*, norm_after_3_steps.*", "three updates on the padded batch; those on rows without padding are held"
        "generation.batch_size_*", "answers that depend on the padding of their batch"
        "generation.unpadded as generated", "the reference cuts <eot> off the logits; here any id may be written"
    ]

let private withModel reference = withStudent student reference

let private losses reference model rows = lossesOf (simCot reference) model rows

let private terms =
    [
        "task", "student_ce"
        "teacher", "teacher_ce"
        "anchor", "distill"
        "explain", "explain"
    ]

/// Mean cross-entropy of every slot; none where no row has a step for it.
let private perSlot reference (model: ReasoningModel) (rows: EncodedExample[]) =
    use _ = torch.no_grad ()
    let method = simCot reference
    let weights = model.Weights()
    let reasoning = SequentialReasoning(CodiFixture.latentSteps reference)
    let steps = reasoning.Think(model, weights, (rows |> Array.map _.Question), false)
    let explaining = AuxiliaryDecoder.Weights(model, weights)
    let inputs = method.Slots.Inputs(model, steps)

    let targets: Collections.Generic.IReadOnlyList<int[]>[] =
        [|
            for row in rows -> row.Explained.InSlots(method.Slots.Slots, row.Answer[row.Answer.Length - 1])
        |]

    [
        for slot in 0 .. method.Slots.Slots - 1 ->
            let tokens = targets |> Array.sumBy (fun row -> row[slot].Length)

            match SlotLosses(method.Slots).Sum(model, explaining, inputs, targets, slot) with
            | Null -> None, tokens
            | NonNull sum -> Some(number sum / float tokens), tokens
    ]

let private slotsOf (wanted: JsonElement) =
    [
        for value in items "explain_per_slot" wanted ->
            if value.ValueKind = JsonValueKind.Null then
                None
            else
                Some(value.GetDouble())
    ]

let private compareSlots numbers wanted (found: (float option * int) list) =
    for slot, (wanted, (found, _)) in List.indexed (List.zip (slotsOf wanted) found) do
        match wanted, found with
        | Some wanted, Some found -> near numbers.Loss wanted found $"slot {slot + 1}"
        | _ -> Expect.equal found wanted $"slot {slot + 1}"

/// Text becomes the reference's ids, and its steps those that it finds before it cuts them.
let private ids (reference: Reference) () =
    NativeRuntime.Load()
    let pad = reference.Id "pad_id"

    for batch in reference.Batches do
        let wanted = (reference.Batch.GetProperty "batches").GetProperty batch

        let targets =
            match find "steps_before_truncation" wanted with
            | Some steps ->
                [
                    for row in steps.EnumerateArray() -> [ for ids in row.EnumerateArray() -> ints ids ]
                ]
            | None ->
                [
                    for slot in items "decoder_target_ids" wanted -> [ for ids in slot.EnumerateArray() -> ints ids ]
                ]
                |> List.transpose

        let read = rowsOfText reference batch

        for row, (own, files, wanted) in
            List.indexed (List.zip3 (List.ofArray read) (List.ofArray (CodiFixture.rows reference batch)) targets) do
            Expect.equal own.Question files.Question $"{batch}, row {row}: question"
            Expect.equal own.Rationale files.Rationale $"{batch}, row {row}: rationale"
            Expect.equal own.Answer files.Answer $"{batch}, row {row}: answer"

            let found =
                own.Explained.InSlots((simCot reference).Slots.Slots, own.Answer[own.Answer.Length - 1])

            let wanted = wanted |> List.map (Array.filter ((<>) pad))
            Expect.equal (List.ofArray found) wanted $"{batch}, row {row}: steps"

let private batches (reference: Reference) =
    reference.Batches |> List.filter (CodiFixture.unpadded reference)

/// The batch whose rows the reference also ran alone.
let private ofRows (reference: Reference) =
    let count = (items "rows" (wantedOf reference float64 "rows_alone")).Length

    reference.Batches
    |> List.find (fun name ->
        (CodiFixture.rows reference name).Length = count
        && not (CodiFixture.unpadded reference name))

/// The variants of batches whose questions are of one length.
let private variants (reference: Reference) =
    [
        for batch in batches reference do
            for variant in (reference.Expected.GetProperty float64.Name).EnumerateObject() do
                if variant.Name.StartsWith $"{batch}." then
                    batch, variant.Name
    ]

let private equalBatch reference numbers (batch, variant) =
    withModel reference numbers "losses" (fun model ->
        let wanted = wantedOf reference numbers variant
        let rows = rows reference batch
        let found = losses reference model rows
        compareTerms numbers wanted terms found
        near numbers.Loss (wanted.GetProperty("total").GetDouble()) (number (total found)) "total"
        compareSlots numbers wanted (perSlot reference model rows))

let private gradients reference numbers (batch, variant) =
    withModel reference numbers "norms of gradients" (fun model ->
        differentiate model (total (losses reference model (rows reference batch)))
        use extra = openExtra reference

        let found =
            projectionGradients model
            @ adapterGradients reference model extra
            @ decoderGradients model

        compareNorms numbers (wantedOf reference numbers variant) found)

let private rowsAlone reference numbers =
    withModel reference numbers "losses of each row alone" (fun model ->
        for row, wanted in
            Seq.zip (rows reference (ofRows reference)) (items "rows" (wantedOf reference numbers "rows_alone")) do
            compareTerms numbers wanted (List.take 2 terms) (losses reference model [| row |])
            compareSlots numbers wanted (perSlot reference model [| row |]))

/// Every order of some rows.
let rec private orders (rows: 'row list) =
    match rows with
    | [] -> [ [] ]
    | _ ->
        [
            for index, row in List.indexed rows do
                for rest in orders (List.removeAt index rows) -> row :: rest
        ]

/// A padded batch in any order has the losses of its rows alone: a slot's is theirs, weighed by tokens.
let private composed (reference: Reference) (numbers: Numbers) =
    withModel reference numbers "losses of a padded batch in any order" (fun model ->
        use _ = torch.no_grad ()
        let rows = rows reference (ofRows reference)

        let alone =
            items "rows" (wantedOf reference numbers "rows_alone") |> List.map slotsOf

        let tokens =
            [ for row in rows -> perSlot reference model [| row |] |> List.map snd ]

        let slots =
            [
                for slot in List.transpose (List.map2 List.zip alone tokens) do
                    let filled: (float * float) list =
                        [
                            for mean, tokens in slot do
                                match mean with
                                | Some mean -> mean, float tokens
                                | None -> ()
                        ]

                    if not filled.IsEmpty then
                        (filled |> List.sumBy (fun (mean, tokens) -> mean * tokens)) / (filled |> List.sumBy snd)
            ]

        let wanted = (wantedOf reference numbers "rows_alone").GetProperty "composed_batch"

        for order in orders (List.ofArray rows) do
            use _ = torch.NewDisposeScope()
            let found = losses reference model (Array.ofList order)
            compareTerms numbers wanted (List.take 3 terms) found
            let explained = found |> Seq.find (fun (term: LossTerm) -> term.Name = "explain")
            near numbers.Loss (List.average slots) (number explained.Value) "explanations")

/// The reference's answers are the likeliest ids one after another, without <eot>, the last id of its table.
let private answers (reference: Reference) numbers =
    withModel reference numbers "answers" (fun model ->
        use _ = torch.no_grad ()
        let weights = model.Weights()
        let generation = reference.Expected.GetProperty "generation"
        let eot = reference.Id "eot_id"

        for question, answer in
            Seq.zip (items "questions" generation) (items "rows" (generation.GetProperty "unpadded")) do
            let ids = ints (answer.GetProperty "ids")
            let questions = [| ints (question.GetProperty "ids_without_bot") |]

            let latents =
                LatentPass.Run(model, weights, questions, CodiFixture.latentSteps reference, false)

            let row = GradedRow(Array.append [| eot |] ids, 1, 0)
            let logits = (GradedPass.Run(model, weights, [| row |], false, latents)).Logits
            let likeliest = logits.narrow(1L, 0L, int64 eot).argmax(-1L).data<int64>().ToArray()
            Expect.equal (Array.map int likeliest) ids "likeliest ids")

/// Whole tensors of one case: gradients before the first update, values after the third.
let private compareTensors (updates: Reference) (name: string) (find: string -> torch.Tensor) =
    use golden =
        LoRi.Files.Safetensors.SafetensorsFile.Open(path $"{updates.Folder}/updates_equal.safetensors")

    for entry in golden.Entries do
        if entry.Name.StartsWith $"{name}/" then
            let parameter = entry.Name.Substring(name.Length + 1)
            nearArrays float64.Value (golden.ReadDoubles entry.Name) (doubles (find parameter)) entry.Name

let private gradientOf (model: ReasoningModel) (name: string) =
    if name.Contains ".lora_" then
        model.Parameters.PartGradient $"{AdapterPlan.Prefix}{name}.weight"
    else
        model.Parameters.PartGradient name

let private updates (updates: Reference) (numbers: Numbers) (batch, case) =
    withStudent trained updates numbers "three updates" (fun model ->
        let rows = rows updates batch
        let mutable first = true

        followUpdates updates numbers case model (trainedPart model) (fun limits wanted ->
            let found = losses updates model rows
            compareTerms limits wanted terms found
            near limits.Loss (wanted.GetProperty("total").GetDouble()) (number (total found)) "total"
            compareSlots limits wanted (perSlot updates model rows)

            if first && numbers = float64 then
                differentiate model (total (losses updates model rows))
                compareTensors updates $"{case}/grad" (gradientOf model)

            first <- false
            total found)

        if numbers = float64 then
            compareTensors updates $"{case}/after_3_steps" (trainedPart model))

/// Which parameters are decayed, by the files.
let private decayed (updates: Reference) () =
    NativeRuntime.Load()
    use model = trained updates Precision.Exact

    let of_ decay =
        set
            [
                for slot in model.Parameters.Slots do
                    if slot.Trained && slot.Decay = decay then
                        for part in slot.Parts do
                            part.Name
                                .Replace(AdapterPlan.Prefix, "")
                                .Replace("lora_A.weight", "lora_A")
                                .Replace("lora_B.weight", "lora_B")
            ]

    for name, decay in [ "decayed", true; "not_decayed", false ] do
        Expect.equal (of_ decay) (set [ for one in items name updates.Expected -> asText one ]) name

[<Tests>]
let tests =
    let testsOf reference (numbers: Numbers) =
        testList
            numbers.Name
            [
                testCase "each row alone has the reference's cross-entropies" (fun () -> rowsAlone reference numbers)
                testCase "a padded batch in any order has the losses of its rows alone" (fun () ->
                    composed reference numbers)
                testCase "the reference's answers are the likeliest ids" (fun () -> answers reference numbers)
                for batch, variant in variants reference do
                    testCase $"{variant}: losses" (fun () -> equalBatch reference numbers (batch, variant))

                    testCase $"{variant}: gradients of everything that is trained" (fun () ->
                        gradients reference numbers (batch, variant))
                for cases in Option.toList (updatesOf reference) do
                    for batch, case in updateCases cases do
                        testCase $"three updates, {case}" (fun () -> updates cases numbers (batch, case))
            ]

    fixtureTests "SIM-CoT on CODI against the reference" (fun () ->
        [
            for reference in references () do
                testList
                    reference.Name
                    [
                        testCase "text becomes the reference's ids and steps" (ids reference)
                        for updates in Option.toList (updatesOf reference) do
                            testCase "text becomes ids and steps, rows of updates" (ids updates)
                            testCase "what is decayed" (decayed updates)
                        yield! List.map (testsOf reference) [ float64; float32 ]
                    ]
            testList "impossible" [ for name, reason in impossible -> ptestCase $"{name}: {reason}" ignore ]
        ])
