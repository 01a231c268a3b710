/// Adapters in peft's form against the reference implementation's numbers: logits attached and merged, loss, gradients.
module LoRi.Training.Tests.AdapterFixtureTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Adapters
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private root = "fixtures/models"

/// Type of weights and arithmetic, the golden arrays' prefix, and the largest absolute difference of logits and loss.
let private precisions =
    [
        "float64", (fun () -> Precision.Exact), "f64", 1e-9
        "float32", (fun () -> Precision.Full), "f32", 1e-4
    ]

/// The folders of adapters, and the folder that each names as its base.
let private folders () =
    [
        for name in SharedFiles.folders root do
            if AdapterFolder.IsOne(SharedFiles.path $"{root}/{name}") then
                let config = SharedFiles.json $"{root}/{name}/adapter_config.json"
                name, SharedFiles.text "base_model_name_or_path" config
    ]

let private load (name: string, basis: string) (precision: unit -> Precision) =
    NativeRuntime.Load()

    let struct (model, _) =
        ModelLoader.Load(
            SharedFiles.path $"{root}/{basis}",
            LoadSettings.OnCpu(precision ()),
            SharedFiles.path $"{root}/{name}"
        )

    model

let private logits (model: ReasoningModel) (ids: int[]) =
    let weights = model.Weights()
    let rows = PaddedRows.Right([| ids |], torch.CPU)
    let embedded = model.Decoder.Embed(weights, rows.Ids)
    Decoder.Logits(weights, model.Decoder.Forward(weights, embedded, rows.Positions()).Final)

let private worst (wanted: float[]) (found: float[]) =
    Expect.equal found.Length wanted.Length "number of values"
    Array.fold2 (fun largest (a: float) b -> max largest (abs (a - b))) 0.0 wanted found

let private sameLogits (name, basis) precision prefix tolerance =
    use model = load (name, basis) precision
    use _ = torch.NewDisposeScope()

    let ids =
        SharedFiles.ints ((SharedFiles.json $"{root}/{name}/expected.json").GetProperty "single_ids")

    use golden =
        SafetensorsFile.Open(SharedFiles.path $"{root}/{name}/expected.safetensors")

    let attached = doubles (logits model ids)
    Expect.isLessThanOrEqual (worst (golden.ReadDoubles $"{prefix}.logits") attached) tolerance "attached"
    AdapterMerge.Fold model
    let merged = doubles (logits model ids)
    Expect.isLessThanOrEqual (worst (golden.ReadDoubles $"{prefix}.merged_logits") merged) tolerance "merged"
    Expect.isNull model.Adapters "there are no adapters after merging"

/// Loss and gradient norms of every A and B, whole gradients of those that the fixture holds; the base gets none.
let private sameGradients (name, basis) precision (prefix: string) tolerance =
    use model = load (name, basis) precision
    use _ = torch.NewDisposeScope()
    model.Parameters.Gradients.zero_ () |> ignore
    let expected = SharedFiles.json $"{root}/{name}/expected.json"
    let ids = SharedFiles.ints (expected.GetProperty "single_ids")
    let labels = SharedFiles.ints (expected.GetProperty "labels")
    let targets = labels[1..] |> Array.map int64 |> torch.tensor

    let loss =
        torch.nn.functional.cross_entropy (
            (logits model ids).squeeze(0L).narrow(0L, 0L, int64 labels.Length - 1L),
            targets,
            ignore_index = -100L
        )

    loss.backward ()
    let numbers = expected.GetProperty("train").GetProperty prefix
    let wanted = numbers.GetProperty("loss").GetDouble()
    Expect.isLessThanOrEqual (abs (number loss - wanted)) tolerance "loss"

    for norm in numbers.GetProperty("grad_norms").EnumerateObject() do
        near 1e-5 (norm.Value.GetDouble()) (number (model.Parameters.PartGradient(norm.Name).norm())) norm.Name

    use golden =
        SafetensorsFile.Open(SharedFiles.path $"{root}/{name}/expected.safetensors")

    let start = $"{prefix}.grad."

    for entry in golden.Entries |> Seq.filter _.Name.StartsWith(start) do
        let found =
            doubles (model.Parameters.PartGradient(entry.Name.Substring start.Length))

        Expect.isLessThanOrEqual (worst (golden.ReadDoubles entry.Name) found) 1e-5 entry.Name

    for part in model.BaseNames do
        Expect.isFalse (model.Parameters.Part(part).requires_grad) $"{part} is frozen"

/// What was read is written in the same form: the same tensors to the bit, and a configuration that means the same.
let private writtenAgain (name, basis) =
    use model = load (name, basis) (fun () -> Precision.Full)
    let folder = Directory.CreateTempSubdirectory("lori-adapter").FullName

    try
        AdapterFolder.Write(folder, model, basis)

        use before =
            SafetensorsFile.Open(SharedFiles.path $"{root}/{name}/adapter_model.safetensors")

        use after = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"))

        Expect.equal
            (after.Entries |> Seq.map _.Name |> Seq.sort |> List.ofSeq)
            (before.Entries |> Seq.map _.Name |> Seq.sort |> List.ofSeq)
            "names"

        for entry in before.Entries do
            Expect.equal (after.ReadDoubles entry.Name) (before.ReadDoubles entry.Name) entry.Name

        let read (path: string) =
            JsonDocument.Parse(File.ReadAllText path).RootElement

        let theirs = read (SharedFiles.path $"{root}/{name}/adapter_config.json")

        let ours = read (Path.Combine(folder, "adapter_config.json"))

        for value in ours.EnumerateObject() do
            if value.Name = "target_modules" then
                let names (config: JsonElement) =
                    [
                        for item in config.GetProperty("target_modules").EnumerateArray() -> SharedFiles.asText item
                    ]
                    |> List.sort

                Expect.equal (names ours) (names theirs) value.Name
            elif value.Value.ValueKind = JsonValueKind.Number then
                Expect.equal (value.Value.GetDouble()) (theirs.GetProperty(value.Name).GetDouble()) value.Name
            else
                Expect.equal (value.Value.GetRawText()) (theirs.GetProperty(value.Name).GetRawText()) value.Name
    finally
        Directory.Delete(folder, true)

let private testsOf (name, basis) =
    testList
        name
        [
            for label, precision, prefix, tolerance in precisions do
                test $"logits attached and merged in {label}" { sameLogits (name, basis) precision prefix tolerance }
                test $"loss and gradients in {label}" { sameGradients (name, basis) precision prefix tolerance }
            test "written again in the same form" { writtenAgain (name, basis) }
        ]

[<Tests>]
let tests =
    SharedFiles.fixtureTests "Adapter fixtures" (fun () -> folders () |> List.map testsOf)
