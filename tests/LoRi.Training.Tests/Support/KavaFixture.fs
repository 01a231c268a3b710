/// The reference numbers of KaVa on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.KavaFixture

open System
open System.Text.Json
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.Kava
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles

let references () = referencesOf "kava"

/// A variant of the options, by name.
type Variant =
    {
        Name: string
        Options: JsonElement
    }

    member this.Whole(name: string) =
        this.Options.GetProperty(name).GetInt32()

    member this.Reasoning = JacobiReasoning(this.Whole "latents", this.Whole "iterations")
    member this.Lambda = this.Options.GetProperty("lambda").GetDouble()
    member this.Batch = text "batch" this.Options
    member this.HasProjection = text "feedback" this.Options <> "identity"

    member this.Keys =
        match text "keys" this.Options with
        | "before_rope" -> KeyForm.BeforeRope
        | "after_rope" -> KeyForm.AfterRope
        | other -> failwith $"keys {other}"

    member this.Distance =
        let norm =
            match text "kv_loss" this.Options with
            | "smooth-l1" -> CacheNorm.SmoothL1
            | "mse" -> CacheNorm.Mse
            | other -> failwith $"kv_loss {other}"

        CacheDistance(norm, (text "layer_std" this.Options = "on"))

let variants (reference: Reference) =
    [
        for variant in (reference.Batch.GetProperty "variants").EnumerateObject() ->
            {
                Name = variant.Name
                Options = variant.Value
            }
    ]

let anchors = AnchorDistance(1, AnchorNorm.L1, AnchorUnit.None)

/// KaVa as a variant trains it; all that follows the end of the latents is graded.
let kava (reference: Reference) (variant: Variant) =
    let matching =
        CacheMatching(reference.Hyper "alpha2", variant.Lambda, variant.Keys, variant.Distance)

    KavaObjective(variant.Reasoning, anchors, reference.Hyper "alpha1", matching, Grading.PrefixAndAnswer)

let private prefixOf (reference: Reference) =
    ints ((reference.Batch.GetProperty "ids").GetProperty "answer_prefix_ids")

/// The rows of a batch.
let rows (reference: Reference) (batch: string) : EncodedExample[] =
    let examples = items "examples" reference.Batch |> Array.ofList

    [|
        for index in ints ((reference.Batch.GetProperty "batches").GetProperty batch) do
            let part (name: string) = ints (examples[index].GetProperty name)

            EncodedExample(index, part "question", part "rationale", prefixOf reference, part "answer")
    |]

let prefix = prefixOf

let private load loading hasProjection (reference: Reference) (precision: Precision) : ReasoningModel =
    let kind, width =
        if hasProjection then
            ProjectionKind.Mlp, Nullable(int (reference.Hyper "projection_width"))
        else
            ProjectionKind.Identity, Nullable()

    let bot = reference.Id "bot_id"

    let parts =
        StudentParts(kind, width, bot, reference.Id "eot_id", Latent = Nullable(reference.Id "latent_id"))

    loading reference precision parts bot

/// The reference's student with its projection or, where a variant has none, without: adapters are merged into the weights.
let student hasProjection = load loadStudent hasProjection

/// The reference's student as it is trained: adapters and projection learn, the rows of the markers do not.
let trained (reference: Reference) (precision: Precision) : ReasoningModel =
    use basis = load loadBasis true reference precision
    let model = attach reference basis (Array.ofSeq basis.Special.Markers)
    model.Parameters.Learn(fun slot -> not (slot.Name.Contains "token_adapter"))
    model
