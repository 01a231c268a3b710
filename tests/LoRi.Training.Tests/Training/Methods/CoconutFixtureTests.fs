/// Coconut's rows, losses, gradients, latents, updates and answers against the reference numbers on tiny models. Its masks are
/// complete: all of it can be reached.
module LoRi.Training.Tests.CoconutFixtureTests

open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests.CoconutFixture
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private withModel reference = withStudent student reference

let private layOut reference (case: Case) =
    (coconut reference case).LayOut(rows reference, Moment(0, 0.0), LoRi.Models.SeededRandom(0L, "unused"))

/// Rows as the model reads them are the reference's ids and labels.
let private ids (reference: Reference) () =
    NativeRuntime.Load()

    for case in cases reference do
        for row, wanted in Seq.zip (layOut reference case) (items "unpadded" case.Content) do
            let latents = Array.replicate row.Latents (reference.Id "latent_id")

            let found =
                Array.concat
                    [
                        row.Question
                        [| reference.Id "start_id" |]
                        latents
                        [| reference.Id "end_id" |]
                        row.Tail
                    ]

            Expect.equal found (ints (wanted.GetProperty "input_ids")) $"{case.Name}: ids"
            let hidden = found.Length - row.Graded

            let labels = Array.append (Array.replicate hidden -100) found[hidden..]

            Expect.equal labels (ints (wanted.GetProperty "labels")) $"{case.Name}: labels"

let private losses reference numbers (case: Case) =
    withModel reference numbers "losses" (fun model ->
        let wanted = wantedOf reference numbers case.Name
        let laidOut = layOut reference case
        // A pass over the question, one a latent step; the reference feeds the last of these with what follows it.
        let most = laidOut |> Seq.map _.Latents |> Seq.max
        Expect.equal (1 + most) (wanted.GetProperty("forward_passes").GetInt32()) "passes"
        let step = prepared (coconut reference case) (rows reference)
        Expect.equal (int step.Totals["task"]) (wanted.GetProperty("label_tokens").GetInt32()) "graded tokens"

        let loss =
            (lossesOf (coconut reference case) model (rows reference) |> Seq.exactlyOne).Value

        near numbers.Loss (wanted.GetProperty("loss").GetDouble()) (number loss) "loss")

let private gradients (reference: Reference) numbers (case: Case) =
    withModel reference numbers "norms of gradients" (fun model ->
        differentiate model (total (lossesOf (coconut reference case) model (rows reference)))
        let table = DecoderLayout.Embedding model.Config

        let found =
            [
                for name in model.Parameters.PartNames -> name, model.Parameters.PartGradient(name).clone()
            ]

        compareNorms numbers (wantedOf reference numbers case.Name) found
        use golden = openGolden reference numbers

        let special =
            model.Parameters.PartGradient(table).narrow(0L, int64 (reference.Id "start_id"), 3L)

        for name, gradient in ("special_rows", special) :: found do
            if not (isNull (golden.Find $"{case.Name}/grad/{name}")) then
                compareStates numbers golden $"{case.Name}/grad" [ name, gradient ])

/// Latents and logits of rows with equally many latent steps.
let private states (reference: Reference) numbers (case: Case) =
    withModel reference numbers "latents and logits" (fun model ->
        use _ = torch.no_grad ()
        use golden = openGolden reference numbers
        let weights = model.Weights()
        let laidOut = Array.ofSeq (layOut reference case)

        if not (isNull (golden.Find $"{case.Name}/latents")) then
            let theirs = tensorOf golden $"{case.Name}/latents"

            for index, row in Array.indexed laidOut do
                let pass = StudentPass.Run(model, weights, [| row |])
                let wanted = theirs.select(0L, int64 index).narrow(0L, 0L, int64 row.Latents)

                nearArrays
                    numbers.Value
                    (doubles wanted)
                    (doubles (nonNull pass.Latents.Latents))
                    $"latents of row {index}"

        if not (isNull (golden.Find $"{case.Name}/graded_logits")) then
            let logits = (StudentPass.Run(model, weights, laidOut)).Answer.Logits
            nearArrays numbers.Value (golden.ReadDoubles $"{case.Name}/graded_logits") (doubles logits) "logits")

/// Three updates on one batch.
let private updates (reference: Reference) numbers (case: Case) =
    match find $"steps.{case.Name}" (reference.Expected.GetProperty numbers.Name) with
    | None -> ()
    | Some wanted ->
        withModel reference numbers "losses over three updates" (fun model ->
            let settings = optimizerOf (reference.Expected.GetProperty "optimizer") true
            use optimizer = new AdamW(model.Parameters, settings)

            for wanted in wanted.EnumerateArray() do
                use _ = torch.NewDisposeScope()
                let loss = total (lossesOf (coconut reference case) model (rows reference))
                near numbers.Loss (wanted.GetDouble()) (number loss) "loss"
                differentiate model loss
                optimizer.Step settings.LearningRate |> ignore)

/// Answers without the end of sequence. The reference does not see one that comes first, nor writes later ones.
let private answers (reference: Reference) numbers =
    withModel reference numbers "answers" (fun model ->
        let eos = reference.Id "eos_id"

        for stage in (reference.Expected.GetProperty "generation").EnumerateObject() do
            let most = stage.Value.GetProperty("max_new_tokens").GetInt32()

            for row in items "rows" stage.Value do
                let input = ints (row.GetProperty "input_ids")
                let question = input |> Array.takeWhile ((<>) (reference.Id "start_id"))
                let latents = input |> Array.filter ((=) (reference.Id "latent_id")) |> Array.length
                let plan = GenerationPlan(SequentialReasoning latents, [||], most, [| eos |])
                let found = (AnswerGenerator.Generate(model, [| question |], plan))[0]
                let cut = Array.takeWhile ((<>) eos)
                Expect.equal (cut found) (cut (ints (row.GetProperty "new_ids"))) $"{stage.Name}: ids")

[<Tests>]
let tests =
    let testsOf reference (numbers: Numbers) =
        testList
            numbers.Name
            [
                testCase "the reference's answers" (fun () -> answers reference numbers)
                for case in cases reference do
                    testList
                        case.Name
                        [
                            testCase "loss" (fun () -> losses reference numbers case)
                            testCase "gradients of all parameters" (fun () -> gradients reference numbers case)
                            testCase "latents and logits" (fun () -> states reference numbers case)
                            testCase "three updates" (fun () -> updates reference numbers case)
                        ]
            ]

    fixtureTests "Coconut against the reference" (fun () ->
        [
            for reference in references () do
                testList
                    reference.Name
                    (testCase "text becomes the reference's ids" (ids reference)
                     :: List.map (testsOf reference) [ float64; float32 ])
        ])
