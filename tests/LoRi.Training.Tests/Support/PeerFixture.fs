/// What the reference numbers of all published methods have in common: their files, number types, adapters, and how they are compared.
module LoRi.Training.Tests.PeerFixture

open System
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Tensors
open LoRi.Models.Weights
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// A number type with the tolerances that the references' own page suggests, relative: losses; norms of gradients and single values.
type Numbers =
    {
        Name: string
        File: string
        Precision: Precision
        Loss: float
        Value: float
    }

let float64 =
    {
        Name = "float64"
        File = "expected_f64"
        Precision = Precision.Exact
        Loss = 1e-9
        Value = 1e-9
    }

let float32 =
    {
        Name = "float32"
        File = "expected"
        Precision = Precision.Full
        Loss = 1e-5
        Value = 1e-4
    }

/// The files of one model.
type Reference =
    {
        Folder: string
        Batch: JsonElement
        Expected: JsonElement
    }

    member this.Name = this.Folder.Substring(this.Folder.LastIndexOf '/' + 1)

    member this.Setting(name: string) =
        (this.Batch.GetProperty "hyper_parameters").GetProperty name

    member this.Hyper(name: string) = this.Setting(name).GetDouble()

    member this.Id(name: string) =
        (this.Batch.GetProperty "ids").GetProperty(name).GetInt32()

    /// Names of all batches.
    member this.Batches =
        [
            for batch in (this.Batch.GetProperty "batches").EnumerateObject() -> batch.Name
        ]

/// All models of a method.
let referencesOf (methodName: string) =
    [
        for folder in peers methodName ->
            {
                Folder = folder
                Batch = json (folder + "/batch.json")
                Expected = json (folder + "/expected.json")
            }
    ]

/// What a reference says in a number type under a name.
let wantedOf (reference: Reference) numbers (name: string) =
    (reference.Expected.GetProperty numbers.Name).GetProperty name

let openGolden (reference: Reference) numbers =
    SafetensorsFile.Open(path $"{reference.Folder}/{numbers.File}.safetensors")

let openExtra (reference: Reference) =
    SafetensorsFile.Open(path (reference.Folder + "/extra.safetensors"))

/// Values of a reference in their shape, in float64.
let tensorOf (file: SafetensorsFile) (name: string) =
    torch.tensor(file.ReadDoubles name).reshape(Seq.toArray (file.Get name).Shape)

/// The matrices that the reference adapts: the name of a weight and its two factors, in float64.
let adapters (extra: SafetensorsFile) : (string * torch.Tensor * torch.Tensor) list =
    [
        for entry in extra.Entries do
            if entry.Name.EndsWith ".lora_A" then
                let matrix = entry.Name.Substring(0, entry.Name.Length - ".lora_A".Length)
                matrix, tensorOf extra entry.Name, tensorOf extra (matrix + ".lora_B")
    ]

/// A product of two factors in the layout of the weight that it is added to: GPT-2's are stored input first.
let inLayout (model: ReasoningModel) (matrix: torch.Tensor) =
    if model.Config.Family = DecoderFamily.Gpt2 then
        matrix.t ()
    else
        matrix

/// The reference's student without its adapters: rows added to its table, its projection. `firstRow` is the id of the first added row.
let loadBasis (reference: Reference) (precision: Precision) (parts: StudentParts) (firstRow: int) : ReasoningModel =
    let model =
        ModelLoader.LoadToTrain(path (reference.Folder + "/base"), LoadSettings.OnCpu precision, parts)

    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = openExtra reference
    let table = model.Parameters[DecoderLayout.Embedding model.Config]
    let rows = tensorOf extra "special_rows"
    let added = min rows.shape[0] (table.shape[0] - int64 firstRow)

    table.narrow(0L, int64 firstRow, added).copy_(rows.narrow (0L, 0L, added)) |> ignore

    for slot in model.Projection.Slots model.Config.HiddenSize do
        extra.CopyInto(slot.Name, model.Parameters[slot.Name].detach())

    model

/// The reference's student, its adapters merged into the weights in float64, whatever the model's own type.
let loadStudent (reference: Reference) (precision: Precision) (parts: StudentParts) (firstRow: int) : ReasoningModel =
    let model = loadBasis reference precision parts firstRow
    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = openExtra reference

    for matrix, a, b in adapters extra do
        let weight = model.Parameters.Part(matrix + ".weight")
        let added = b.matmul (a) * (reference.Hyper "lora_scale").ToScalar()

        weight.copy_ (weight.``to`` (torch.ScalarType.Float64) + inLayout model added) |> ignore

    model

/// A student whose adapters, and rows of some tokens as is said, are trained beside its frozen weights.
let attachWith
    (training: TokenTraining)
    (reference: Reference)
    (basis: ReasoningModel)
    (tokens: int[])
    : ReasoningModel =
    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = openExtra reference
    let factors = adapters extra

    let settings =
        LoraSettings(
            Rank = int (reference.Hyper "lora_r"),
            Alpha = reference.Hyper "lora_alpha",
            Targets = [| for matrix, _, _ in factors -> matrix |]
        )

    let plan = AdapterPlan.ToTrain(settings, basis.Config, tokens, training)

    let model =
        new ReasoningModel(
            basis.Config,
            basis.ExtraRows,
            basis.Special,
            basis.Projection,
            basis.Precision,
            torch.CPU,
            plan,
            null,
            basis.Modules
        )

    for slot in basis.Parameters.Slots do
        model.Parameters[slot.Name].detach().copy_(basis.Parameters[slot.Name].detach()) |> ignore

    for matrix, a, b in factors do
        for name, factor in [ "A", a; "B", b ] do
            model.Parameters.Part($"{AdapterPlan.Prefix}{matrix}.lora_{name}.weight").copy_(factor)
            |> ignore

    for rows in plan.Rows do
        let ids = torch.tensor (Array.map int64 (Array.ofSeq rows.Ids))

        model.Parameters[rows.Name].detach().copy_(basis.Parameters[rows.Table].detach().index_select(0L, ids))
        |> ignore

    model

/// A student whose adapters, and rows of some tokens, are trained beside its frozen weights.
let attach = attachWith (TokenTraining())

/// A trained parameter by the name that the references give it: an adapter's factor, or a weight of the projection.
let trainedPart (model: ReasoningModel) (name: string) : torch.Tensor =
    if name.Contains ".lora_" then
        model.Parameters.Part($"{AdapterPlan.Prefix}{name}.weight")
    else
        model.Parameters.Part name

/// Runs a check on a model of a reference; what it compares counts for a quantity.
let withStudent load (reference: Reference) numbers (quantity: string) (check: ReasoningModel -> unit) =
    NativeRuntime.Load()
    use model: ReasoningModel = load reference numbers.Precision
    use _ = torch.NewDisposeScope()
    Agreement.at reference.Name numbers.Name quantity (fun () -> check model)

/// Compares terms: the product's name of each, and the reference's.
let compareTerms numbers (wanted: JsonElement) (names: (string * string) list) (terms: LossTerm seq) =
    for name, theirs in names do
        let term = terms |> Seq.find (fun term -> term.Name = name)
        near numbers.Loss (wanted.GetProperty(theirs).GetDouble()) (number term.Value) name

/// The weighted sum of terms.
let total (terms: LossTerm seq) =
    terms
    |> Seq.map (fun term -> HeldScalars.Times(term.Value, term.Weight))
    |> Seq.reduce (fun a b -> HeldScalars.Plus(a, b))

/// Compares those tensors that the reference has; there must be one at least.
let compareStates numbers (golden: SafetensorsFile) prefix found =
    let kept =
        found |> List.filter (fun (name, _) -> not (isNull (golden.Find $"{prefix}/{name}")))

    Expect.isNonEmpty kept $"{prefix}: reference tensors"

    for name, tensor in kept do
        nearArrays numbers.Value (golden.ReadDoubles $"{prefix}/{name}") (doubles tensor) $"{prefix}/{name}"

/// Gradients of all adapters, by the chain rule from that of the weight W + s B A into which they are merged.
let adapterGradients (reference: Reference) (model: ReasoningModel) (extra: SafetensorsFile) =
    let scale = (reference.Hyper "lora_scale").ToScalar()

    [
        for matrix, a, b in adapters extra do
            let gradient =
                model.Parameters.PartGradient(matrix + ".weight").``to``(torch.ScalarType.Float64)
                |> inLayout model

            matrix + ".lora_A", b.t().matmul(gradient) * scale
            matrix + ".lora_B", gradient.matmul (a.t ()) * scale
    ]

/// Gradients of the projection's parameters.
let projectionGradients (model: ReasoningModel) =
    [
        for slot in model.Projection.Slots model.Config.HiddenSize ->
            slot.Name, model.Parameters.PartGradient(slot.Name).clone()
    ]

/// Differentiates a total anew.
let differentiate (model: ReasoningModel) (loss: torch.Tensor) =
    model.Parameters.Gradients.zero_ () |> ignore
    loss.backward ()

/// Compares the norms of all gradients, one by one and together.
let compareNorms numbers (wanted: JsonElement) (found: (string * torch.Tensor) list) =
    let norms =
        Map
            [
                for name, gradient in found -> name, number (gradient.``to``(torch.ScalarType.Float64).norm())
            ]

    let theirs =
        [
            for norm in (wanted.GetProperty "grad_norm").EnumerateObject() do
                // Of what a variant does not use the reference has gradients of zero, and the product no parameters.
                if norm.Value.GetDouble() <> 0.0 || norms.ContainsKey norm.Name then
                    norm.Name, norm.Value.GetDouble()
        ]

    Expect.equal (set (List.map fst theirs)) (set norms.Keys) "trained parameters"

    for name, norm in theirs do
        near numbers.Value norm norms[name] $"gradient of {name}"

    let all = norms.Values |> Seq.sumBy (fun norm -> norm * norm) |> sqrt
    near numbers.Value (wanted.GetProperty("grad_norm_global").GetDouble()) all "norm of all gradients"

/// AdamW as the reference has it; no clipping where it names none.
let optimizerOf (optimizer: JsonElement) decayAll =
    let number (name: string) = optimizer.GetProperty(name).GetDouble()
    let betas = [| for beta in items "betas" optimizer -> beta.GetDouble() |]

    let clip =
        match find "max_grad_norm" optimizer with
        | Some value when value.ValueKind = JsonValueKind.Number -> value.GetDouble()
        | _ -> infinity

    OptimizerSettings(
        LearningRate = number "lr",
        Schedule = Schedule.Constant,
        Beta1 = betas[0],
        Beta2 = betas[1],
        Epsilon = number "eps",
        WeightDecay = number "weight_decay",
        DecayAll = decayAll,
        ClipNorm = clip
    )

/// Reference numbers of three updates on rows without padding in front; none where they are absent.
let updatesOf (reference: Reference) : Reference option =
    foldersWith "updates_equal.json" "fixtures/peers"
    |> List.tryFind ((=) reference.Folder)
    |> Option.map (fun folder ->
        let both = json $"{folder}/updates_equal.json"

        { reference with
            Batch = both
            Expected = both
        })

/// Cases of updates, each with the batch that it is made on.
let updateCases (updates: Reference) =
    [
        for batch in updates.Batches do
            for case in (updates.Expected.GetProperty float64.Name).EnumerateObject() do
                if case.Name = batch || case.Name.StartsWith $"{batch}." then
                    batch, case.Name
    ]

/// What float32 may be off by after an update, where the references' own page says so.
let private afterUpdate numbers (before: float) after =
    if numbers = float64 then before else after

/// Three updates on one batch: losses before and after them, norms of all gradients before each, and of what was trained after the last,
/// and of its change. `trained` finds a parameter by the reference's name.
let followUpdates
    (updates: Reference)
    numbers
    case
    (model: ReasoningModel)
    (trained: string -> torch.Tensor)
    (check: Numbers -> JsonElement -> torch.Tensor)
    =
    let settings = optimizerOf (updates.Expected.GetProperty "optimizer") false
    use optimizer = new AdamW(model.Parameters, settings)
    let wanted = wantedOf updates numbers case
    let norms = [ for norm in items "grad_norm_global" wanted -> norm.GetDouble() ]

    let start =
        Map
            [
                for norm in (wanted.GetProperty "norm_after_3_steps").EnumerateObject() ->
                    norm.Name, doubles (trained norm.Name)
            ]

    for index, losses in List.indexed (items "losses" wanted) do
        use _ = torch.NewDisposeScope()

        let limits =
            if index = 0 then
                numbers
            else
                { numbers with
                    Loss = afterUpdate numbers numbers.Loss 1e-3
                }

        let loss = check limits losses

        if index < norms.Length then
            differentiate model loss

            let limit =
                if index = 0 then
                    numbers.Value
                else
                    afterUpdate numbers numbers.Value 5e-3

            near limit norms[index] (optimizer.Step settings.LearningRate) "norm of all gradients"

    for norm in (wanted.GetProperty "norm_after_3_steps").EnumerateObject() do
        near numbers.Value (norm.Value.GetDouble()) (number ((trained norm.Name).norm())) norm.Name

    for change in (wanted.GetProperty "change_norm_after_3_steps").EnumerateObject() do
        let found =
            Array.map2 (-) (doubles (trained change.Name)) start[change.Name]
            |> Array.sumBy (fun value -> value * value)
            |> sqrt

        near (afterUpdate numbers numbers.Value 5e-3) (change.Value.GetDouble()) found $"change of {change.Name}"
