/// The reference numbers of iCoT-KD on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.IcotKdFixture

open System
open System.Collections.Generic
open System.Text.Json
open LoRi.Files.Data
open LoRi.Files.Tokenizers
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Models.Weights
open LoRi.Training.Methods
open LoRi.Training.Methods.IcotKd
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles
open TorchSharp

let references () = referencesOf "icot-kd"

let private folder (reference: Reference) (model: string) = path $"{reference.Folder}/base_{model}"

/// A plain model of the reference: the teacher, or the start of another one.
let plain (reference: Reference) (model: string) (precision: Precision) : ReasoningModel =
    ModelLoader.LoadToTrain(folder reference model, LoadSettings.OnCpu precision, null)

/// All problems, from their text by the reference's own tokenizer.
let rows (reference: Reference) : EncodedExample[] =
    let tokenizer = TokenizerFile.Load(folder reference "teacher")

    let encoder =
        ExampleEncoder(tokenizer, "", reference.Id "eos_id", TeacherTextOption.Full, TextForms.Icot)

    [|
        for index, problem in List.indexed (items "text" reference.Batch) ->
            encoder.Encode(
                ReasoningExample("", text "question" problem, [||], text "cot" problem, text "answer" problem),
                index
            )
    |]

let question (reference: Reference) (asked: string) =
    ExampleEncoder.Question(
        TokenizerFile.Load(folder reference "teacher"),
        TextForms.Icot,
        asked,
        reference.Id "eos_id"
    )

/// How the student reasons with so many components of the mixture.
let reasoning (reference: Reference) (components: int) =
    SubstitutedReasoning(components, reference.Hyper "softmax_temperature", reference.Id "vocab_size")

let private fill (model: ReasoningModel) (emulator: ReasoningModel) (reference: Reference) =
    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = openExtra reference

    for slot in DecoderLayout.Slots(model.Config, 0) do
        model.Parameters[$"{StateEmulator.Name}.{slot.Name}"].detach().copy_(emulator.Parameters[slot.Name])
        |> ignore

    for entry in extra.Entries do
        let target = model.Parameters.Part entry.Name
        // With fewer components than the reference has, its first rows are used.
        target.copy_ ((tensorOf extra entry.Name).narrow(0L, 0L, target.shape[0])) |> ignore

/// The student with its maps and its emulator; no rows are added to its table.
let student (reference: Reference) (components: int) (precision: Precision) : ReasoningModel =
    let eos = reference.Id "eos_id"

    let parts =
        StudentParts(
            ProjectionKind.Identity,
            Nullable(),
            eos,
            eos,
            Modules = fun config -> (reasoning reference components :> IReasoning).Modules config
        )

    let model =
        ModelLoader.LoadToTrain(folder reference "student", LoadSettings.OnCpu precision, parts)

    use emulator = plain reference "emulator" precision
    fill model emulator reference
    model

/// Rules by which the reference reads states.
let rules (reference: Reference) =
    [
        for rule in (reference.Expected.GetProperty "positions").EnumerateObject() -> rule.Name
    ]

/// The tokens of every row by a rule, as the reference says them.
let positions (reference: Reference) (rule: string) : int list[] =
    [|
        for row in items rule (reference.Expected.GetProperty "positions") -> List.ofArray (ints row)
    |]

/// The product's rule of that name; null where the reference's is none of ours.
let places (rule: string) =
    match rule.Split '.' with
    | [| "first_column" |]
    | [| "last_column" |] -> Some(StatePlaces(Nullable 0))
    | [| "diagonal"; "dynamic" |] -> Some(StatePlaces(Nullable()))
    | [| "diagonal"; step |] when Char.IsAsciiDigit step[0] -> Some(StatePlaces(Nullable(int step)))
    | _ -> None

/// The teacher's states at the reference's own places.
let teacherStates (reference: Reference) (rule: string) (precision: Precision) =
    let places = positions reference rule
    new TeacherStates(plain reference "teacher" precision, (fun row _ -> places[row.Index] :> IReadOnlyList<int>))

/// The product's name of a parameter, from the reference's.
let nameOf (theirs: string) =
    theirs
        .Replace("teacher.base_model.", "", StringComparison.Ordinal)
        .Replace("student.base_model.", "", StringComparison.Ordinal)
        .Replace("emulator.base_model.", "emulator.", StringComparison.Ordinal)

/// Norms of gradients under the product's names.
let norms (wanted: JsonElement) =
    [
        for norm in (wanted.GetProperty "grad_norm").EnumerateObject() -> nameOf norm.Name, norm.Value.GetDouble()
    ]
