/// The reference numbers of CODI on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.CodiFixture

open System
open System.Text.Json
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Sequences
open LoRi.Models.Weights
open LoRi.Training.Methods.Codi
open LoRi.Training.Tests.SharedFiles
open TorchSharp

/// The files of one model.
type Reference =
    {
        Folder: string
        Batch: JsonElement
        Expected: JsonElement
    }

    member this.Name = this.Folder.Substring(this.Folder.LastIndexOf '/' + 1)

    member this.Hyper(name: string) =
        (this.Batch.GetProperty "hyper_parameters").GetProperty(name).GetDouble()

    member this.Id(name: string) =
        (this.Batch.GetProperty "ids").GetProperty(name).GetInt32()

    member this.LatentSteps = int (this.Hyper "num_latent")

    /// Names of all batches.
    member this.Batches =
        [
            for batch in (this.Batch.GetProperty "batches").EnumerateObject() -> batch.Name
        ]

/// All models.
let references () =
    [
        for folder in peers "codi" ->
            {
                Folder = folder
                Batch = json (folder + "/batch.json")
                Expected = json (folder + "/expected.json")
            }
    ]

/// CODI as the reference trains it: the prefix is graded too, as it grades all that follows the end of the latents.
let grading = Grading.PrefixAndAnswer

let codi (reference: Reference) =
    CodiObjective(
        reference.LatentSteps,
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

/// The matrices that the reference adapts: the name of a weight and its two factors, in float64.
let adapters (extra: SafetensorsFile) : (string * torch.Tensor * torch.Tensor) list =
    let factor (name: string) =
        let entry = extra.Get name
        torch.tensor(extra.ReadDoubles name).reshape(Seq.toArray entry.Shape)

    [
        for entry in extra.Entries do
            if entry.Name.EndsWith ".lora_A" then
                let matrix = entry.Name.Substring(0, entry.Name.Length - ".lora_A".Length)
                matrix, factor entry.Name, factor (matrix + ".lora_B")
    ]

let openExtra (reference: Reference) =
    SafetensorsFile.Open(path (reference.Folder + "/extra.safetensors"))

/// A product of two factors in the layout of the weight that it is added to: GPT-2's are stored input first.
let inLayout (model: ReasoningModel) (matrix: torch.Tensor) =
    if model.Config.Family = DecoderFamily.Gpt2 then
        matrix.t ()
    else
        matrix

/// The reference's student: its adapters merged into the weights in float64, whatever the model's own type.
let student (reference: Reference) (precision: Precision) : ReasoningModel =
    let width = Nullable(int (reference.Hyper "prj_dim"))

    let parts =
        StudentParts(ProjectionKind.Mlp, width, reference.Id "bot_id", reference.Id "eot_id")

    let model =
        ModelLoader.LoadToTrain(path (reference.Folder + "/base"), LoadSettings.OnCpu precision, parts)

    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = openExtra reference
    let table = model.Parameters[DecoderLayout.Embedding model.Config]
    let added = (extra.Get "special_rows").Shape[0]
    extra.CopyInto("special_rows", table.narrow (0L, int64 (reference.Id "pad_id"), added))

    for slot in model.Projection.Slots model.Config.HiddenSize do
        extra.CopyInto(slot.Name, model.Parameters[slot.Name].detach())

    for matrix, a, b in adapters extra do
        let weight = model.Parameters.Part(matrix + ".weight")
        let added = b.matmul (a) * (reference.Hyper "lora_scale").ToScalar()

        weight.copy_ (weight.``to`` (torch.ScalarType.Float64) + inLayout model added) |> ignore

    model
