/// The reference numbers of CODI on a tiny Llama: what its files say, as the product's own types.
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

let folder = "fixtures/peers/codi-llama"

let private batch = lazy (json (folder + "/batch.json"))
let expected = lazy (json (folder + "/expected.json"))

let ints (value: JsonElement) =
    [| for item in value.EnumerateArray() -> item.GetInt32() |]

let private hyper (name: string) =
    (batch.Value.GetProperty "hyper_parameters").GetProperty(name).GetDouble()

let id (name: string) =
    (batch.Value.GetProperty "ids").GetProperty(name).GetInt32()

let latentSteps () = int (hyper "num_latent")

/// CODI as the reference trains it: the prefix is graded too, as it grades all that follows the end of the latents.
let grading = Grading.PrefixAndAnswer

let codi () =
    CodiMethod(latentSteps (), hyper "distill_loss_factor", hyper "ref_loss_factor", grading)

/// The rows of a batch without their padding. The token before the answer's first digit is the anchor, so the prefix ends there.
let rows (name: string) : EncodedExample[] =
    let batch = (batch.Value.GetProperty "batches").GetProperty name
    let pad = id "pad_id"

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

let adapterScale () = hyper "lora_scale"

let openExtra () =
    SafetensorsFile.Open(path (folder + "/extra.safetensors"))

/// The reference's student: its adapters merged into the weights in float64, whatever the model's own type.
let student (precision: Precision) : ReasoningModel =
    let parts =
        StudentParts(ProjectionKind.Mlp, Nullable(int (hyper "prj_dim")), id "bot_id", id "eot_id")

    let model =
        ModelLoader.LoadToTrain(path (folder + "/base"), LoadSettings.OnCpu precision, parts)

    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = openExtra ()
    let table = model.Parameters["model.embed_tokens.weight"]
    extra.CopyInto("special_rows", table.narrow (0L, int64 (id "pad_id"), 3L))

    for slot in model.Projection.Slots model.Config.HiddenSize do
        extra.CopyInto(slot.Name, model.Parameters[slot.Name].detach())

    for matrix, a, b in adapters extra do
        let weight = model.Parameters.Part(matrix + ".weight")

        let merged =
            weight.``to`` (torch.ScalarType.Float64) + b.matmul (a) * (adapterScale ()).ToScalar()

        weight.copy_ merged |> ignore

    model
