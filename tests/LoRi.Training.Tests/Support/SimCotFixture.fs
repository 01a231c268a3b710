/// The reference numbers of SIM-CoT on CODI and on Coconut on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.SimCotFixture

open System
open System.Text.Json
open LoRi.Files.Data
open LoRi.Files.Tokenizers
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.Coconut
open LoRi.Training.Methods.SimCot
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles
open TorchSharp

let private withDecoder (parts: StudentParts) =
    StudentParts(
        parts.Projection,
        parts.ProjectionWidth,
        parts.Bot,
        parts.Eot,
        Latent = parts.Latent,
        Modules = (fun config -> Array.toList [| AuxiliaryDecoder.Module config |] :> _)
    )

/// The auxiliary decoder begins as the reference's base, whatever the student's weights became.
let private fill (reference: Reference) (model: ReasoningModel) =
    use _ = torch.no_grad ()

    let settings = LoadSettings.OnCpu model.Precision

    let struct (basis, _) =
        ModelLoader.Load(path (reference.Folder + "/base"), settings)

    use basis = basis

    for slot in basis.Parameters.Slots do
        use _ = torch.NewDisposeScope()

        model.Parameters[$"{AuxiliaryDecoder.Name}.{slot.Name}"].detach().copy_(basis.Parameters[slot.Name].detach())
        |> ignore

    model

/// Gradients of the auxiliary decoder, under the names of its weights.
let decoderGradients (model: ReasoningModel) =
    [
        for name in model.Parameters.PartNames do
            if name.StartsWith $"{AuxiliaryDecoder.Name}." then
                name, model.Parameters.PartGradient(name).clone()
    ]

let private encode (reference: Reference) teacherText form prefix (problem: JsonElement) (steps: string[]) index =
    let tokenizer = TokenizerFile.Load(path (reference.Folder + "/base/tokenizer.json"))

    let encoder =
        ExampleEncoder(
            tokenizer,
            prefix tokenizer,
            reference.Id "eos_id",
            teacherText,
            form,
            KeepsSteps = true,
            ExplainsSteps = true
        )

    encoder.Encode(
        ReasoningExample("", text "question" problem, steps, String.Join(' ', steps), text "answer" problem),
        index
    )

/// SIM-CoT on CODI.
module OnCodi =
    let references () = referencesOf "simcot"

    let simCot (reference: Reference) =
        if reference.Hyper "ref_loss_factor" <> 1.0 then
            failwith "the reference weighs the explicit chain's cross-entropy"

        SimCotOnCodi(
            CodiFixture.latentSteps reference,
            reference.Hyper "distill_loss_factor",
            reference.Hyper "explain_loss_factor",
            CodiFixture.grading
        )

    /// The problems of a batch as text: question, steps, answer.
    let private problems (reference: Reference) (batch: string) =
        let texts = reference.Batch.GetProperty "text"

        match find "subsets" texts with
        | Some subsets ->
            let rows = items "rows" texts |> Array.ofList

            [
                for row in ints (subsets.GetProperty batch) ->
                    rows[row], (text "cot" rows[row]).Split(' ', StringSplitOptions.RemoveEmptyEntries)
            ]
        | None ->
            [
                for row in items batch texts -> row, [| for step in items "steps" row -> asText step |]
            ]

    /// The rows of a batch from their text; the prefix is told by the anchors that the files give.
    let rowsOfText (reference: Reference) (batch: string) : EncodedExample[] =
        let prefix = (Array.head (CodiFixture.rows reference batch)).Prefix
        let prefixOf (tokenizer: TextTokenizer) = tokenizer.Decode prefix

        [|
            for index, (problem, steps) in List.indexed (problems reference batch) do
                encode reference TeacherTextOption.WithoutLastStep SequenceForm.Plain prefixOf problem steps index
        |]

    /// The rows of a batch from the files' ids, with the steps that their text has.
    let rows (reference: Reference) (batch: string) : EncodedExample[] =
        let explained (row: EncodedExample, read: EncodedExample) =
            EncodedExample(row.Index, row.Question, row.Rationale, row.Prefix, row.Answer, Explained = read.Explained)

        Array.zip (CodiFixture.rows reference batch) (rowsOfText reference batch)
        |> Array.map explained

    let student (reference: Reference) (precision: Precision) : ReasoningModel =
        loadStudent reference precision (withDecoder (CodiFixture.parts reference)) (reference.Id "pad_id")
        |> fill reference

    /// The reference's student as it is trained: adapters, projection and auxiliary decoder.
    let trained (reference: Reference) (precision: Precision) : ReasoningModel =
        use basis =
            loadBasis reference precision (withDecoder (CodiFixture.parts reference)) (reference.Id "pad_id")

        attach reference (fill reference basis) [||]

/// SIM-CoT on Coconut.
module OnCoconut =
    let references () = referencesOf "sim-cot on coconut"

    /// A batch: a stage of the course, and which problems it has.
    type Case =
        {
            Name: string
            Content: JsonElement
        }

        member this.Stage = this.Content.GetProperty("stage").GetInt32()
        member this.Rows = ints (this.Content.GetProperty "rows")

    let cases (reference: Reference) =
        [
            for batch in (reference.Batch.GetProperty "batches").EnumerateObject() ->
                {
                    Name = batch.Name
                    Content = batch.Value
                }
        ]

    let simCot (reference: Reference) (case: Case) =
        let stages =
            LatentStages(
                PerStep = int (reference.Hyper "c_thought"),
                Last = int (reference.Hyper "max_latent_stage"),
                EpochsPerStage = 1.0,
                First = case.Stage
            )

        SimCotOnCoconut(stages, 1.0)

    /// The problems of a case, from their text.
    let rows (reference: Reference) (case: Case) : EncodedExample[] =
        let problems = items "text" reference.Batch |> Array.ofList

        [|
            for index, row in Array.indexed case.Rows do
                let steps = [| for step in items "steps" problems[row] -> asText step |]

                encode reference TeacherTextOption.Full TextForms.Coconut (fun _ -> "") problems[row] steps index
        |]

    let student (reference: Reference) (precision: Precision) : ReasoningModel =
        let start = reference.Id "start_id"

        let parts =
            StudentParts(
                ProjectionKind.Identity,
                Nullable(),
                start,
                reference.Id "end_id",
                Latent = Nullable(reference.Id "latent_id")
            )

        loadBasis reference precision (withDecoder parts) start |> fill reference
