/// LoRi's losses, gradients and states against the reference numbers on tiny models, variant by variant.
module LoRi.Training.Tests.LoRiFixtureTests

open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Training.Methods
open LoRi.Training.Tests.LoRiFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// A number type with the reference's own tolerances, relative: losses and states, norms of gradients. The one for float64
/// norms is ten times that for losses, as a gradient sums over more roundings.
type Numbers =
    {
        Name: string
        Precision: Precision
        Loss: float
        Norm: float
    }

let float64 =
    {
        Name = "float64"
        Precision = Precision.Exact
        Loss = 1e-9
        Norm = 1e-8
    }

let float32 =
    {
        Name = "float32"
        Precision = Precision.Full
        Loss = 1e-4
        Norm = 1e-3
    }

/// The variants whose tensors the reference kept under one of these names.
let private keeping (reference: Reference) (tensors: string list) =
    variantNames reference
    |> List.filter (fun name ->
        reference.Golden.Value.Entries
        |> Seq.exists (fun entry -> tensors |> List.exists (fun kept -> entry.Name.StartsWith $"{name}/{kept}")))

/// What a pass of the student gives, as the reference names it.
let private traced = [ "latents"; "student_trajectory"; "student_anchor"; "logits" ]

/// Variants whose terms do not depend on which rows are batched together: others divide by the batch's deviation of the anchors.
let private withoutBatchScale reference =
    variantNames reference
    |> List.filter (fun name -> asText (optionOf reference name "anchor_std") <> "batch")

let private weighted (terms: LossTerm seq) =
    terms
    |> Seq.map (fun term -> HeldScalars.Times(term.Value, term.Weight))
    |> Seq.reduce (fun a b -> HeldScalars.Plus(a, b))

/// The terms against an object that names them. The mean cannot be switched off but by its weight.
let private compareTerms tolerance (wanted: JsonElement) (terms: LossTerm seq) =
    for term in terms do
        let unweighted = if term.Weight = 0.0 then 0.0 else number term.Value
        near tolerance (wanted.GetProperty(term.Name).GetDouble()) unweighted term.Name

let private wantedOf (numbers: Numbers) (variant: Variant) =
    (variant.Reference.Expected.Value.GetProperty numbers.Name).GetProperty variant.Name

/// Variants of whose single terms the reference has the gradients.
let private ofTerms (numbers: Numbers) (reference: Reference) =
    let expected = reference.Expected.Value.GetProperty numbers.Name

    variantNames reference
    |> List.filter (fun name -> expected.GetProperty name |> find "grad_norm_global_of_term" |> Option.isSome)

/// A parameter or its gradient under a name of the reference, which keeps the markers' rows apart from the table's own.
let rowsOf (model: ReasoningModel) (read: string -> torch.Tensor) (name: string) =
    let rows = int64 model.Config.VocabularySize
    let table = DecoderLayout.Embedding model.Config

    match name with
    | "special_rows" -> (read table).narrow(0L, rows, 2L)
    | name when name = table -> (read table).narrow(0L, 0L, rows)
    | name -> read name

/// The gradient under a name of the reference; none for a projection that the model does not have.
let private gradientOf (model: ReasoningModel) (name: string) : torch.Tensor option =
    if name.StartsWith "prj." && not (model.Parameters.Contains name) then
        None
    else
        Some(rowsOf model model.Parameters.PartGradient name)

let private compareGradients numbers (model: ReasoningModel) (wanted: JsonElement) =
    Agreement.quantity "norms of gradients"
    <| fun () ->
        near
            numbers.Norm
            (wanted.GetProperty("grad_norm_global").GetDouble())
            (number (model.Parameters.Gradients.norm ()))
            "norm of all gradients"

        match wanted.TryGetProperty "grad_norm" with
        | false, _ -> ()
        | true, norms ->
            for norm in norms.EnumerateObject() do
                let found = gradientOf model norm.Name |> Option.map (fun g -> number (g.norm ()))
                // Identity feedback has no projection whose gradient could be zero.
                near numbers.Norm (norm.Value.GetDouble()) (Option.defaultValue 0.0 found) $"gradient of {norm.Name}"

/// All terms, their total, and the gradients of the total.
let private lossesAndGradients numbers (variant: Variant) =
    use model = student variant numbers.Precision

    withMethod variant numbers.Precision (fun method ->
        use _ = torch.NewDisposeScope()
        let terms = lossesOf method model variant.Rows
        let wanted = wantedOf numbers variant
        Expect.equal [ for t in terms -> t.Name ] [ "task"; "mean"; "covariance"; "order"; "anchor" ] "names"
        compareTerms numbers.Loss wanted terms
        let total = weighted terms
        near numbers.Loss (wanted.GetProperty("total").GetDouble()) (number total) "total"
        model.Parameters.Gradients.zero_ () |> ignore
        total.backward ()
        compareGradients numbers model wanted)

/// Every row by itself gives its own line of the batch. The batch's deviation of the anchors is not that of one row.
let private rowByRow numbers (variant: Variant) =
    use model = student variant numbers.Precision
    let ofBatch = variant.Settings.Objective.AnchorScale = LoRi.Math.AnchorScale.Batch

    withMethod variant numbers.Precision (fun method ->
        for row, wanted in Seq.zip variant.Rows (items "per_example" (wantedOf numbers variant)) do
            use _ = torch.NewDisposeScope()

            lossesOf method model [| row |]
            |> Seq.filter (fun term -> not (ofBatch && term.Name = "anchor"))
            |> compareTerms numbers.Loss wanted)

/// The gradient of each term by itself, where the reference has it.
let private gradientsOfTerms numbers (variant: Variant) =
    use model = student variant numbers.Precision

    withMethod variant numbers.Precision (fun method ->
        for norm in ((wantedOf numbers variant).GetProperty "grad_norm_global_of_term").EnumerateObject() do
            use _ = torch.NewDisposeScope()
            let terms = lossesOf method model variant.Rows
            model.Parameters.Gradients.zero_ () |> ignore
            (terms |> Seq.find (fun term -> term.Name = norm.Name)).Value.backward()

            near numbers.Norm (norm.Value.GetDouble()) (number (model.Parameters.Gradients.norm ())) norm.Name)

/// Latents, trajectory, anchors and logits of the passes that the method makes.
let private states numbers (variant: Variant) =
    use model = student variant numbers.Precision
    use _ = torch.NewDisposeScope()
    use _ = torch.no_grad ()
    let weights = model.Weights()
    let questions = variant.Rows |> Array.map _.Question
    let latents = LatentPass.Run(model, weights, questions, variant.LatentSteps, true)

    let graded =
        variant.Rows
        |> Array.map (fun row -> LatentRow.Of(row, variant.LatentSteps, variant.Grading).After model.Special.Eot)

    let answer = GradedPass.Run(model, weights, graded, true, latents)

    let found =
        [
            nonNull latents.Latents
            nonNull latents.Trajectory
            answer.Anchors()
            answer.Logits
        ]
        |> List.zip traced
        |> List.filter (fun (name, _) -> not (isNull (variant.Reference.Golden.Value.Find $"{variant.Name}/{name}")))

    Expect.isNonEmpty found "reference tensors"

    for name, tensor in found do
        nearArrays
            numbers.Loss
            (variant.Reference.Golden.Value.ReadDoubles $"{variant.Name}/{name}")
            (doubles tensor)
            name

/// Whole gradients, value by value.
let private wholeGradients numbers (variant: Variant) =
    use model = student variant numbers.Precision
    let start = $"{variant.Name}/grad/"

    withMethod variant numbers.Precision (fun method ->
        use _ = torch.NewDisposeScope()
        model.Parameters.Gradients.zero_ () |> ignore
        (weighted (lossesOf method model variant.Rows)).backward()

        for entry in variant.Reference.Golden.Value.Entries |> Seq.filter _.Name.StartsWith(start) do
            let name = entry.Name.Substring start.Length

            nearArrays
                numbers.Norm
                (variant.Reference.Golden.Value.ReadDoubles entry.Name)
                (doubles (Option.get (gradientOf model name)))
                name)

/// The gradients of the rows by themselves, each divided by the whole batch's tokens and rows, add up to the batch's.
let private gradientsRowByRow numbers (variant: Variant) =
    use model = student variant numbers.Precision

    withMethod variant numbers.Precision (fun method ->
        let step = prepared method variant.Rows

        let gradientOf size =
            model.Parameters.Gradients.zero_ () |> ignore

            for rows in Array.chunkBySize size [| 0 .. variant.Rows.Length - 1 |] do
                use _ = torch.NewDisposeScope()
                (weighted (step.Losses(model, rows[0], rows.Length))).backward()

            doubles model.Parameters.Gradients

        let whole = gradientOf variant.Rows.Length
        nearArrays numbers.Norm whole (gradientOf 1) "sum of the rows' gradients")

let private onVariant
    (reference: Reference)
    (what: string)
    (numbers: Numbers)
    names
    (check: Numbers -> Variant -> unit)
    =
    let onOne name =
        testCase name
        <| fun () ->
            NativeRuntime.Load()
            Agreement.at reference.Name numbers.Name what (fun () -> check numbers (variant reference name))

    let tests =
        match names with
        | [] -> [ ptestCase "the reference has none" ignore ]
        | names -> List.map onOne names

    testList $"{what}, {numbers.Name}" tests

[<Tests>]
let tests =
    let testsOf reference =
        let onVariant = onVariant reference

        let all = variantNames reference

        [
            for numbers in [ float64; float32 ] do
                onVariant "losses" numbers all lossesAndGradients
                onVariant "losses of each row alone" numbers all rowByRow
                onVariant "gradients of each row alone" numbers (withoutBatchScale reference) gradientsRowByRow
                onVariant "whole gradients" numbers (keeping reference [ "grad/" ]) wholeGradients
                onVariant "states" numbers (keeping reference traced) states
                onVariant "gradients of single terms" numbers (ofTerms numbers reference) gradientsOfTerms
        ]

    fixtureTests "LoRi against the reference" (fun () ->
        [
            for reference in references () -> testList reference.Name (testsOf reference)
        ])
