/// Loading is strict: what is missing, left over, of another shape or of another type is named; what is no weight is left out
/// with a note. And what is written is what the Hub's tools read.
module LoRi.Training.Tests.WeightFitTests

open System
open System.IO
open System.Text.Json.Nodes
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Native
open LoRi.Models.Weights
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private withFolder (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-fit-").FullName

    try
        run folder
    finally
        Directory.Delete(folder, true)

let private contents (file: SafetensorsFile) =
    [
        for entry in file.Entries ->
            TensorContent.FromTensor(entry.Name, file.ReadTensor(entry.Name, Nullable torch.ScalarType.Float32))
    ]

/// A copy of a fixture with other tensors.
let private copy (name: string) (change: SafetensorsContent list -> SafetensorsContent list) (folder: string) =
    NativeRuntime.Load()
    File.Copy(path $"fixtures/models/{name}/config.json", Path.Combine(folder, "config.json"))
    use file = SafetensorsFile.Open(path $"fixtures/models/{name}/model.safetensors")
    use _ = torch.NewDisposeScope()
    SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), change (contents file), null)

let private load folder =
    let struct (model, _) = ModelLoader.Load(folder, LoadSettings.OnCpu Precision.Full)
    model

let private without (name: string) =
    List.filter (fun (content: SafetensorsContent) -> content.Name <> name)

let private zeros (name: string) (shape: int64 list) (dtype: torch.ScalarType) =
    TensorContent.FromTensor(name, torch.zeros (Array.ofList shape, dtype = dtype))

let private norm = "model.norm.weight"
let private down = "model.layers.1.mlp.down_proj.weight"

/// The fixture that is copied.
let private llama () =
    match Array.tryHead (FamilyFixture.namesOf "llama") with
    | Some name -> name
    | None -> skiptest "no Llama among the reference models"

let private shapeOf (name: string) (all: SafetensorsContent list) =
    all |> List.find (fun content -> content.Name = name) |> _.Shape |> List.ofSeq

/// What is changed, and what the message must name.
let private faults =
    [
        "missing", without norm, [ "missing"; norm ]
        "unexpected",
        (fun all -> zeros "model.extra.weight" [ 3L ] torch.ScalarType.Float32 :: all),
        [ "unexpected"; "model.extra.weight" ]
        "of another shape",
        (fun all -> zeros norm [ 3L ] torch.ScalarType.Float32 :: without norm all),
        [ "shape"; norm; "[3]" ]
        "transposed",
        (fun all -> zeros down (List.rev (shapeOf down all)) torch.ScalarType.Float32 :: without down all),
        [ "shape"; "down_proj" ]
        "integers",
        (fun all -> zeros norm (shapeOf norm all) torch.ScalarType.Int64 :: without norm all),
        [ norm; "I64" ]
    ]

let private faultTests =
    [
        for name, change, named in faults do
            testCase name
            <| fun () ->
                withFolder (fun folder ->
                    copy (llama ()) change folder
                    let message = refusal (fun () -> load folder :> IDisposable)
                    Expect.stringContains message folder "the folder"

                    for word in named do
                        Expect.stringContains message word "what is wrong")
    ]

let private notWeights =
    testCase "integer tensors that are no weights are left out with a note"
    <| fun () ->
        withFolder (fun folder ->
            copy (llama ()) (fun all -> zeros "model.position_ids" [ 1L; 8L ] torch.ScalarType.Int64 :: all) folder
            use model = load folder
            Expect.hasLength model.Notes 1 "one note"
            Expect.stringContains model.Notes[0] "model.position_ids" "the tensor"
            Expect.stringContains model.Notes[0] "I64" "the type")

let private configFirst =
    testCase "an unsupported configuration is named where there are no weights at all"
    <| fun () ->
        withFolder (fun folder ->
            File.WriteAllText(Path.Combine(folder, "config.json"), """{"model_type": "mamba"}""")
            Expect.stringContains (refusal (fun () -> load folder :> IDisposable)) "mamba" "the family")

let private hugeConfig =
    testCase "sizes that the weights do not have are refused before anything is allocated"
    <| fun () ->
        withFolder (fun folder ->
            copy (llama ()) id folder
            let file = Path.Combine(folder, "config.json")
            let config = nonNull (JsonNode.Parse(File.ReadAllText file))

            for field in [ "vocab_size"; "num_hidden_layers"; "intermediate_size" ] do
                let huge = config.DeepClone()
                huge[field] <- JsonValue.Create 16777216
                File.WriteAllText(file, huge.ToJsonString())
                let before = GC.GetAllocatedBytesForCurrentThread()
                refusal (fun () -> load folder :> IDisposable) |> ignore
                Expect.isLessThan (GC.GetAllocatedBytesForCurrentThread() - before) 50_000_000L field)

let private logits (model: ReasoningModel) =
    use _ = torch.NewDisposeScope()

    let rows =
        LoRi.Models.Decoders.PaddedRows.Right([| [| 1; 5; 7; 2; 9 |] |], torch.CPU)

    let weights = model.Weights()

    let result =
        model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions())

    doubles (Decoder.Logits(weights, result.Final))

let private card =
    ReasoningCard(
        Method = "cot",
        Reasoning = PlainReasoning.Explicit,
        AnswerPrefix = "",
        PrefixIds = [||],
        Special = SpecialIds(0, 0, 0),
        Projection = ProjectionKind.Identity,
        ProjectionWidth = 0
    )

/// The model of one folder is written as another folder has it, which holds the same weights in the Hub's own form.
let private writtenLike (checkpoint: FamilyFixture.Checkpoint) folder =
    NativeRuntime.Load()
    use model = load (path $"fixtures/models/{checkpoint.Source}")
    ModelWriter.Write(folder, model, card, null)
    use written = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"))

    use wanted =
        SafetensorsFile.Open(Path.Combine(checkpoint.Path, "model.safetensors"))

    let names (file: SafetensorsFile) =
        file.Entries |> Seq.map _.Name |> Seq.sort |> List.ofSeq

    Expect.equal (names written) (names wanted) "names"

    for entry in wanted.Entries do
        Expect.sequenceEqual (written.Get entry.Name).Shape entry.Shape entry.Name
        Expect.isTrue (written.Bytes(written.Get entry.Name).SequenceEqual(wanted.Bytes entry)) entry.Name

/// What is written has the names, shapes and types of the Hub's own folder, and gives the same bits when it is loaded.
let private writtenTests () =
    [
        for name in FamilyFixture.names () do
            testCase $"written: {name}"
            <| fun () ->
                withFolder (fun folder ->
                    NativeRuntime.Load()
                    use model = load (path $"fixtures/models/{name}")
                    ModelWriter.Write(folder, model, card, null)
                    use again = load folder
                    Expect.isEmpty again.Notes "nothing is assumed"
                    Expect.equal (logits again) (logits model) "the same bits")
        for name in FamilyFixture.namesOf "gpt2" do
            let checkpoint = FamilyFixture.checkpoint name

            if checkpoint.Source <> checkpoint.Name then
                testCase $"{name}: GPT-2 is written as the Hub's own tools write it"
                <| fun () -> withFolder (writtenLike checkpoint)
    ]

[<Tests>]
let tests =
    fixtureTests "Weights" (fun () -> faultTests @ [ notWeights; configFirst; hugeConfig ] @ writtenTests ())
