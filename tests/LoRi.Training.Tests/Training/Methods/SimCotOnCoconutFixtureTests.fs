/// SIM-CoT on Coconut against the reference numbers on tiny models. Its masks are complete: all of it can be reached.
module LoRi.Training.Tests.SimCotOnCoconutFixtureTests

open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.SimCot
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.SimCotFixture
open LoRi.Training.Tests.SimCotFixture.OnCoconut
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private withModel reference = withStudent student reference

let private layOut reference (case: Case) =
    (simCot reference case).LayOut(rows reference case, Moment(0, 0.0), LoRi.Models.SeededRandom(0L, "unused"))
    |> Array.ofSeq

/// Rows as the model reads them and targets of every slot are the reference's.
let private ids (reference: Reference) () =
    NativeRuntime.Load()

    for case in cases reference do
        let laidOut = layOut reference case

        for row, wanted in Seq.zip laidOut (items "unpadded" case.Content) do
            let latents = Array.replicate row.Row.Latents (reference.Id "latent_id")

            let found =
                Array.concat
                    [
                        row.Row.Question
                        [| reference.Id "start_id" |]
                        latents
                        [| reference.Id "end_id" |]
                        row.Row.Tail
                    ]

            Expect.equal found (ints (wanted.GetProperty "input_ids")) $"{case.Name}: ids"

            let labels =
                Array.append (Array.replicate (found.Length - row.Row.Graded) -100) row.Row.Tail

            Expect.equal labels (ints (wanted.GetProperty "labels")) $"{case.Name}: labels"

        for slot, wanted in List.indexed (items "slot_targets" case.Content) do
            let found = [ for row in laidOut -> row.Targets[slot] ]
            Expect.equal found [ for ids in wanted.EnumerateArray() -> ints ids ] $"{case.Name}: slot {slot + 1}"

let private lossesOf reference case model =
    lossesOf (simCot reference case) model (rows reference case)

let private latents reference (case: Case) (model: ReasoningModel) =
    let laidOut = layOut reference case

    LatentPass.Run(model, model.Weights(), (laidOut |> Array.map _.Row.Question), laidOut[0].Row.Latents, false)

let private compareSlots
    (reference: Reference)
    (numbers: Numbers)
    (case: Case)
    (model: ReasoningModel)
    (wanted: JsonElement)
    =
    use _ = torch.no_grad ()
    let laidOut = layOut reference case

    let slots =
        LatentSlots.Of(SequentialReasoning(laidOut[0].Row.Latents, int (reference.Hyper "c_thought")))
        |> nonNull

    let explaining = AuxiliaryDecoder.Weights(model, model.Weights())
    let inputs = slots.Inputs(model, latents reference case model)
    let targets = laidOut |> Array.map _.Targets
    Expect.equal slots.Slots (wanted.GetProperty("slots").GetInt32()) "slots"

    for slot, (mean, tokens) in
        List.indexed (List.zip (items "explain_per_slot" wanted) (items "explain_tokens_per_slot" wanted)) do
        Expect.equal (targets |> Array.sumBy (fun row -> row[slot].Length)) (tokens.GetInt32()) "tokens of the slot"
        let sum = SlotLosses(slots).Sum(model, explaining, inputs, targets, slot) |> nonNull
        near numbers.Loss (mean.GetDouble()) (number sum / float laidOut.Length) $"slot {slot + 1}"

let private terms = [ "task", "ce"; "explain", "explain" ]

let private losses reference (numbers: Numbers) (case: Case) =
    withModel reference numbers "losses" (fun model ->
        let wanted = wantedOf reference numbers case.Name
        let step = prepared (simCot reference case) (rows reference case)
        Expect.equal (int step.Totals["task"]) (wanted.GetProperty("label_tokens").GetInt32()) "graded tokens"
        let found = lossesOf reference case model
        compareTerms numbers wanted terms found
        near numbers.Loss (wanted.GetProperty("loss").GetDouble()) (number (total found)) "loss"
        compareSlots reference numbers case model wanted)

let private norm (gradients: (string * torch.Tensor) list) =
    gradients
    |> List.sumBy (fun (_, gradient) -> number (gradient.``to``(torch.ScalarType.Float64).square().sum()))
    |> sqrt

let private gradients (reference: Reference) (numbers: Numbers) (case: Case) =
    withModel reference numbers "norms of gradients" (fun model ->
        differentiate model (total (lossesOf reference case model))
        let wanted = wantedOf reference numbers case.Name
        let decoder = decoderGradients model
        let own = set (List.map fst decoder)

        let basis =
            [
                for name in model.Parameters.PartNames do
                    if not (own.Contains name) then
                        name, model.Parameters.PartGradient(name).clone()
            ]

        for name, found in [ "grad_norm_base", basis; "grad_norm_decoder", decoder ] do
            near numbers.Value (wanted.GetProperty(name).GetDouble()) (norm found) name

        match find "grad_norm" wanted with
        | Some norms ->
            let found = Map(basis @ decoder)
            Expect.equal (set [ for norm in norms.EnumerateObject() -> norm.Name ]) (set found.Keys) "parameters"

            for wanted in norms.EnumerateObject() do
                near numbers.Value (wanted.Value.GetDouble()) (norm [ "", found[wanted.Name] ]) wanted.Name
        | None -> ())

let private states (reference: Reference) (numbers: Numbers) (case: Case) =
    withModel reference numbers "latents" (fun model ->
        use _ = torch.no_grad ()
        use golden = openGolden reference numbers

        if not (isNull (golden.Find $"{case.Name}/latents")) then
            compareStates numbers golden case.Name [ "latents", nonNull (latents reference case model).Latents ])

/// Three updates on one batch, and the sizes of all parameters after them. Of the keys' biases, whose gradient is zero but for rounding,
/// the references' page allows more in float32.
let private updates (reference: Reference) (numbers: Numbers) (case: Case) =
    match find $"steps.{case.Name}" (reference.Expected.GetProperty numbers.Name) with
    | None -> ()
    | Some wanted ->
        withModel reference numbers "three updates" (fun model ->
            let settings = optimizerOf (reference.Expected.GetProperty "optimizer") true
            use optimizer = new AdamW(model.Parameters, settings)
            let wanted = List.ofSeq (wanted.EnumerateArray())

            for index, wanted in List.indexed wanted do
                use _ = torch.NewDisposeScope()
                let found = lossesOf reference case model
                compareTerms numbers wanted terms found
                near numbers.Loss (wanted.GetProperty("loss").GetDouble()) (number (total found)) "loss"

                match find "grad_norm_global" wanted with
                | Some norm when norm.ValueKind = JsonValueKind.Number ->
                    differentiate model (total found)

                    near
                        numbers.Value
                        (norm.GetDouble())
                        (optimizer.Step settings.LearningRate)
                        "norm of all gradients"
                | _ -> Expect.equal index 3 "the last one has no update after it"

            let sizes = wantedOf reference numbers $"norm_after_3_steps.{case.Name}"

            for size in sizes.EnumerateObject() do
                let limit =
                    if numbers = float32 && size.Name.EndsWith ".c_attn.bias" then
                        1e-3
                    else
                        numbers.Loss

                near limit (size.Value.GetDouble()) (number ((model.Parameters.Part size.Name).norm())) size.Name)

[<Tests>]
let tests =
    let testsOf reference (numbers: Numbers) =
        testList
            numbers.Name
            [
                for case in cases reference do
                    testList
                        case.Name
                        [
                            testCase "losses and slots" (fun () -> losses reference numbers case)
                            testCase "gradients of both models" (fun () -> gradients reference numbers case)
                            testCase "latents" (fun () -> states reference numbers case)
                            testCase "three updates" (fun () -> updates reference numbers case)
                        ]
            ]

    fixtureTests "SIM-CoT on Coconut against the reference" (fun () ->
        [
            for reference in references () do
                testList
                    reference.Name
                    (testCase "text becomes the reference's ids and slots" (ids reference)
                     :: List.map (testsOf reference) [ float64; float32 ])
        ])
