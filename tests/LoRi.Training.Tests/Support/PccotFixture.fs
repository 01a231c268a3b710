/// The reference numbers of PCCoT on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.PccotFixture

open System
open System.Text.Json
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.Pccot
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles
open TorchSharp

let references () = referencesOf "pccot"

let latentSteps (reference: Reference) = int (reference.Hyper "num_latent")

let unit (reference: Reference) =
    if (reference.Setting "use_layerwise_std").GetBoolean() then
        AnchorUnit.EachLevel
    else
        AnchorUnit.AllLevels

/// PCCoT as the reference trains it; all that follows the end of the latents is graded. Its weights of the two cross-entropies must be
/// those that the product has: one of the student's, any of the teacher's.
let pccot (reference: Reference) sweeps =
    if reference.Hyper "loss_beta" <> 1.0 then
        failwith "the reference weighs the student's cross-entropy"

    PccotObjective(
        JacobiReasoning(latentSteps reference, sweeps),
        unit reference,
        reference.Hyper "loss_gamma",
        reference.Hyper "loss_alpha",
        Grading.PrefixAndAnswer
    )

let private batchOf (reference: Reference) (name: string) =
    (reference.Batch.GetProperty "batches").GetProperty name

/// Ids of each row where a mask is set.
let private masked (ids: string) (mask: string) (batch: JsonElement) =
    List.zip (items ids batch) (items mask batch)
    |> List.map (fun (ids, mask) ->
        Array.zip (ints ids) (ints mask)
        |> Array.filter (fun (_, seen) -> seen = 1)
        |> Array.map fst)

/// Whether no question of a batch is padded.
let unpadded (reference: Reference) (name: string) =
    items "attention_mask" (batchOf reference name)
    |> List.forall (ints >> Array.head >> (=) 1)

/// The rows of a batch without their padding. The token before the answer is the anchor, so the prefix ends there.
let rows (reference: Reference) (name: string) : EncodedExample[] =
    let batch = batchOf reference name
    let anchor = batch.GetProperty("student_anchor_index").GetInt32()
    let teacherAnchors = ints (batch.GetProperty "teacher_anchor_index")
    let students = masked "input_ids" "attention_mask" batch
    let teachers = masked "cot_input_ids" "cot_attention_mask" batch

    [|
        for index, (student, teacher) in List.indexed (List.zip students teachers) do
            let question = Array.take (Array.IndexOf(student, reference.Id "bot_id")) student
            let tail = student[Array.IndexOf(student, reference.Id "eot_id") + 1 ..]
            let rationale = teacher[question.Length .. teacherAnchors[index] - anchor]
            EncodedExample(index, question, rationale, Array.take anchor tail, Array.skip anchor tail)
    |]

/// Ids of the rows that the reference trains beside its adapters.
let trainedRows (reference: Reference) =
    ints ((reference.Batch.GetProperty "ids").GetProperty "trained_row_ids")

/// The reference's table has a row for padding behind those of the markers, which takes part in every probability.
let private load loading (reference: Reference) (precision: Precision) : ReasoningModel =
    use extra = openExtra reference
    let hasProjection = (reference.Setting "use_projection").GetBoolean()

    let kind, width =
        if hasProjection then
            ProjectionKind.Mlp, Nullable(int (extra.Get "prj.fc1.weight").Shape[0])
        else
            ProjectionKind.Identity, Nullable()

    let bot, eot = reference.Id "bot_id", reference.Id "eot_id"

    let parts =
        StudentParts(kind, width, bot, eot, Latent = Nullable(reference.Id "pad_id"))

    use filled: ReasoningModel = loading reference precision parts bot

    let special =
        SpecialIds(bot, eot, filled.Special.Eos, Latent = Nullable(reference.Id "latent_id"))

    let model =
        new ReasoningModel(filled.Config, filled.ExtraRows, special, filled.Projection, precision, torch.CPU)

    model.Parameters.CopyFrom filled.Parameters
    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    let table = model.Parameters[DecoderLayout.Embedding model.Config]

    for index, id in Array.indexed (trainedRows reference) do
        table.select(0L, int64 id).copy_((tensorOf extra "trained_rows").select(0L, int64 index))
        |> ignore

    model

/// The reference's student: its adapters merged into the weights.
let student (reference: Reference) (precision: Precision) : ReasoningModel = load loadStudent reference precision

/// The reference's student as it is trained: adapters, projection and some rows of the table, which are decayed as matrices are.
let trained (reference: Reference) (precision: Precision) : ReasoningModel =
    use basis = load loadBasis reference precision
    attachWith (TokenTraining(true, true)) reference basis (trainedRows reference)
