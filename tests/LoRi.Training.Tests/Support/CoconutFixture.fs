/// The reference numbers of Coconut on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.CoconutFixture

open System
open System.Text.Json
open LoRi.Files.Data
open LoRi.Files.Tokenizers
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Sequences
open LoRi.Training.Methods
open LoRi.Training.Methods.Coconut
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles

let references () = referencesOf "coconut"

/// A batch: a stage of the course, and whether rows whose chain is short get all latent steps.
type Case =
    {
        Name: string
        Content: JsonElement
    }

    member this.Stage = this.Content.GetProperty("scheduled_stage").GetInt32()

let cases (reference: Reference) =
    [
        for batch in (reference.Batch.GetProperty "batches").EnumerateObject() ->
            {
                Name = batch.Name
                Content = batch.Value
            }
    ]

let stages (reference: Reference) (case: Case) =
    LatentStages(
        PerStep = int (reference.Hyper "c_thought"),
        Last = int (reference.Hyper "max_latent_stage"),
        EpochsPerStage = 1.0,
        First = case.Stage,
        PadsLatents = case.Content.GetProperty("pad_latent_to_max").GetBoolean()
    )

let coconut (reference: Reference) (case: Case) =
    CoconutObjective(stages reference case, reference.Hyper "uniform_prob")

/// All problems, from their text by the reference's own tokenizer.
let rows (reference: Reference) : EncodedExample[] =
    let file = path (reference.Folder + "/base/tokenizer.json")
    let tokenizer = TokenizerFile.Load file

    let encoder =
        ExampleEncoder(tokenizer, "", reference.Id "eos_id", TeacherTextOption.Full, TextForms.Coconut)

    [|
        for index, problem in List.indexed (items "text" reference.Batch) do
            let steps = [| for step in items "steps" problem -> asText step |]

            encoder.Encode(
                ReasoningExample("", text "question" problem, steps, String.Join(' ', steps), text "answer" problem),
                index
            )
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

    loadStudent reference precision parts start
