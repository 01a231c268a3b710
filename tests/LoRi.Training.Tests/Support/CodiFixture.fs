/// The reference numbers of CODI on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.CodiFixture

open System
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Sequences
open LoRi.Training.Methods.Codi
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles

let latentSteps (reference: Reference) = int (reference.Hyper "num_latent")

/// All models.
let references () = referencesOf "codi"

/// CODI as the reference trains it: the prefix is graded too, as it grades all that follows the end of the latents.
let grading = Grading.PrefixAndAnswer

let codi (reference: Reference) =
    CodiObjective(
        latentSteps reference,
        reference.Hyper "distill_loss_factor",
        reference.Hyper "ref_loss_factor",
        grading
    )

/// Whether the questions of a batch are of one length, so that none is padded.
let unpadded (reference: Reference) (name: string) =
    let batch = (reference.Batch.GetProperty "batches").GetProperty name
    let pad = reference.Id "pad_id"
    items "encoder_input_ids" batch |> List.forall (ints >> Array.contains pad >> not)

/// The rows of a batch without their padding. The token before the answer's first digit is the anchor, so the prefix ends there.
let rows (reference: Reference) (name: string) : EncodedExample[] =
    let batch = (reference.Batch.GetProperty "batches").GetProperty name
    let pad = reference.Id "pad_id"

    let unpadded (field: string) =
        items field batch |> List.map (ints >> Array.filter ((<>) pad))

    let indices (field: string) = ints (batch.GetProperty field)
    let studentAnchors = indices "student_anchor_index"
    let teacherAnchors = indices "teacher_anchor_index"

    let inputs =
        List.zip3 (unpadded "encoder_input_ids") (unpadded "decoder_input_ids") (unpadded "ref_input_ids")

    [|
        for index, (encoder, decoder, teacher) in List.indexed inputs do
            let question = Array.take (encoder.Length - 1) encoder
            let prefix = decoder[1 .. studentAnchors[index]]
            let answer = decoder[studentAnchors[index] + 1 ..]
            let rationale = teacher[question.Length .. teacherAnchors[index] - prefix.Length]
            EncodedExample(index, question, rationale, prefix, answer)
    |]

/// What the reference's student has beside its weights.
let parts (reference: Reference) =
    let width = Nullable(int (reference.Hyper "prj_dim"))
    StudentParts(ProjectionKind.Mlp, width, reference.Id "bot_id", reference.Id "eot_id")

/// The reference's student: its adapters merged into the weights.
let student (reference: Reference) (precision: Precision) : ReasoningModel =
    loadStudent reference precision (parts reference) (reference.Id "pad_id")

/// The reference's student as it is trained: adapters and projection; the rows of its markers stay, as with `--marker-rows frozen`.
let trained (reference: Reference) (precision: Precision) : ReasoningModel =
    use basis = loadBasis reference precision (parts reference) (reference.Id "pad_id")

    let markers =
        [| for name in [ "pad_id"; "bot_id"; "eot_id" ] -> reference.Id name |]

    attachWith (TokenTraining(false, false)) reference basis markers
