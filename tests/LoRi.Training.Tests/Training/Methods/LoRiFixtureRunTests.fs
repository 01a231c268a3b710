/// What surrounds LoRi's losses against the reference numbers: the teacher's trajectories, the fitted subspace, updates and
/// answers.
module LoRi.Training.Tests.LoRiFixtureRunTests

open System.Collections.Generic
open System.Text.Json
open Expecto
open LoRi.Files.Safetensors
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open LoRi.Training.Tests.LoRiFixture
open LoRi.Training.Tests.LoRiFixtureTests
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// The reference's own tolerance, relative: of losses after updates and of sizes after them.
let private afterUpdates (numbers: Numbers) =
    if numbers.Precision = Precision.Exact then 1e-9 else 1e-3

/// Between losses that differ by roundings of the same numbers only; the reference measured 1e-14.
let private sameLosses = 1e-12

let private wantedIn (numbers: Numbers) (reference: Reference) =
    reference.Expected.Value.GetProperty numbers.Name

let private doublesOf (name: string) (value: JsonElement) =
    [| for item in value.GetProperty(name).EnumerateArray() -> item.GetDouble() |]

/// Names of the subspaces that the reference fitted, each with the first variant that is fitted like it.
let private subspaces (reference: Reference) =
    let fittedLike (wanted: JsonElement) variant =
        let option name = optionOf reference variant name

        asText (option "subspace") = "multilinear-svd"
        && asText (option "standardise") = text "standardise" wanted
        && ints (option "levels") = ints (wanted.GetProperty "levels")

    [
        for name, wanted in fittedSubspaces reference "float64" do
            match List.tryFind (fittedLike wanted) (variantNames reference) with
            | Some variant -> name, variant
            | None -> ()
    ]

/// The projectors are the reference's float64 ones; in float32 their own errors, which gaps between eigenvalues magnify, are unknown.
let private compareProjectors (reference: Reference) (name: string) tolerance (found: FittedSubspace) =
    for mode, projector in
        [
            "layer", Matrices.Values(Bases.Projector found.LayerBasis)
            "hidden", Matrices.Values(Bases.Projector found.HiddenBasis)
        ] do
        let wanted = reference.Golden.Value.ReadDoubles $"subspace.{name}/projector_{mode}"
        nearArrays tolerance wanted projector $"{mode} projector"

let private compareSubspace (numbers: Numbers) reference (name: string) (measured: MeasuredSubspace) =
    let found = measured.Fitted
    let wanted = ((wantedIn numbers reference).GetProperty "subspace").GetProperty name
    let number (key: string) = wanted.GetProperty(key).GetDouble()
    let spectrum = found.Spectra[found.Standardisation]
    nearArrays numbers.Loss (doublesOf "eigenvalues_layer" wanted) spectrum.Layer "layer eigenvalues"
    nearArrays numbers.Loss (doublesOf "eigenvalues_hidden" wanted) spectrum.Hidden "hidden eigenvalues"
    nearArrays numbers.Loss (doublesOf "rms" wanted) found.Rms "rms"
    nearArrays numbers.Loss (doublesOf "anchor_std" wanted) (Option.get measured.AnchorDeviation) "deviation of anchors"

    near
        numbers.Loss
        (number "mean_norm")
        (sqrt (Array.sumBy (fun x -> x * x) (Matrices.Values found.Mean)))
        "norm of the mean"

    near numbers.Loss (number "energy") found.Energy "energy"
    near numbers.Loss (number "energy_kept") (Option.get measured.EnergyKept) "kept energy"
    near numbers.Loss (number "squared_error_bound") (FittedSubspace.squaredErrorBound found) "bound"
    Expect.equal found.Examples (wanted.GetProperty("examples").GetInt32()) "examples"
    Expect.equal found.Tokens (wanted.GetProperty("tokens").GetInt64()) "tokens"

    if numbers.Precision = Precision.Exact then
        compareProjectors reference name numbers.Loss found

/// The teacher's own states at some levels, in a number type.
let private withTeacher (reference: Reference) (numbers: Numbers) (run: ITrajectorySource -> 'result) choose : 'result =
    let struct (teacher, _) =
        ModelLoader.Load(path (reference.Folder + "/teacher"), LoadSettings.OnCpu numbers.Precision)

    use model = teacher
    run (ModelTrajectories(model, examples reference, choose model.Config.Layers, 5))

/// A test whose comparisons count for a quantity of a model's reference.
let private noted (reference: Reference) (numbers: Numbers) (name: string) quantity check =
    testCase $"{name}, {numbers.Name}"
    <| fun () ->
        NativeRuntime.Load()
        Agreement.at reference.Name numbers.Name quantity check

let private subspaceTest reference (lowMemory: bool) (name: string, variantName: string) =
    let how = if lowMemory then "two readings" else "one reading"

    noted reference float64 $"subspace {name}, {how}" "subspaces" (fun () ->
        let variant = variant reference variantName

        let found =
            withCorpus reference variant.Levels (fun corpus -> TeacherFit.Fit(corpus, variant.Settings, lowMemory))

        compareSubspace float64 reference name found)

/// Of the states that the teacher gives in float32, summed in float64.
let private subspaceOfFloat32 reference (name: string, variantName: string) =
    noted reference float32 $"subspace {name}" "subspaces" (fun () ->
        let variant = variant reference variantName

        let fit source =
            TeacherFit.Fit(source, variant.Settings)

        let found = withTeacher reference float32 fit (fun _ -> variant.Levels)
        compareSubspace float32 reference name found)

/// The product's statistic behind a divisor that the reference names by its term and the number of the matrix.
let private statisticOf reference variant (divisor: string) =
    let option name =
        asText (optionOf reference variant name)

    let modes kind modewise =
        match divisor.Split('.') with
        | [| _; "0" |] when kind = modewise -> ".layer"
        | [| _; "1" |] when kind = modewise -> ".hidden"
        | _ -> ""

    match divisor.Split('.')[0] with
    | "mean" -> "mean"
    | "covariance" when option "covariance" = "modewise" -> "covariance" + modes (option "covariance") "modewise"
    | "covariance" -> $"""covariance.{option "covariance"}"""
    | _ -> $"""order.{option "order"}{modes (option "order") "lag-1"}"""

let private divisorTests (reference: Reference) =
    let compare (variantName: string) (wanted: string) statistic variances root =
        noted reference float64 $"divisors of {variantName}: {wanted}" "divisors" (fun () ->
            let found = Weighting.divisors (variances (fit (variant reference variantName)))

            let wanted = reference.Golden.Value.ReadDoubles $"{variantName}/{wanted}"
            nearArrays float64.Loss wanted (Array.map root found) statistic)

    [
        for entry in reference.Golden.Value.Entries do
            match entry.Name.Split '/' with
            | [| variant; "divisor" |] ->
                compare variant "divisor" "components" (_.ComponentVariances >> Option.get) sqrt
            | [| variant; divisor |] when divisor.StartsWith "divisor." ->
                let statistic = statisticOf reference variant (divisor.Substring 8)
                compare variant divisor statistic _.StatisticVariances[statistic] id
            | _ -> ()
    ]

/// What one source of trajectories says of every example: states without padding, and anchors.
let private collect (source: ITrajectorySource) =
    let all = Dictionary<int, float[] * float[]>()

    source.ForEach(fun batch ->
        for index, row in Array.indexed batch.Rows do
            let states =
                batch.Trajectories[int64 index].narrow(1L, 0L, int64 batch.Lengths[index])

            all[row] <- (doubles states, doubles batch.Anchors[int64 index]))

    all

let private allLevels (reference: Reference) =
    use teacher =
        SafetensorsFile.Open(path (reference.Folder + "/trajectories.safetensors"))

    let anchor = teacher.Entries |> Seq.find _.Name.StartsWith("anchor.")
    TracedLevels.All(int anchor.Shape[0])

let private teacherTest numbers (reference: Reference) =
    noted reference numbers "the teacher's trajectories and anchors" "trajectories and anchors" (fun () ->
        let found = withTeacher reference numbers collect TracedLevels.All
        let wanted = withCorpus reference (allLevels reference) collect
        Expect.equal found.Count wanted.Count "examples"

        for KeyValue(row, (states, anchor)) in wanted do
            nearArrays numbers.Loss anchor (snd found[row]) $"anchor {row}"

            if states.Length > 0 then
                nearArrays numbers.Loss states (fst found[row]) $"trajectory {row}"
            else
                Expect.isEmpty (fst found[row]) $"trajectory {row}")

let private lossesIn (subspace: MeasuredSubspace) (variant: Variant) =
    use model = student variant Precision.Exact

    withMethodIn subspace variant Precision.Exact (fun method ->
        use _ = torch.NewDisposeScope()

        [
            for term in lossesOf method model variant.Rows -> term.Name, number term.Value
        ])

let private sameLossesIn reference (what: string) name (other: Variant -> MeasuredSubspace -> MeasuredSubspace) =
    testCase $"{what} gives the same losses"
    <| fun () ->
        NativeRuntime.Load()
        let variant = variant reference name
        let fitted = fit variant

        for (name, wanted), (_, found) in Seq.zip (lossesIn fitted variant) (lossesIn (other variant fitted) variant) do
            near sameLosses wanted found name

/// Columns times a square matrix.
let private turned (basis: Matrix<'axis, Truncated<'axis>>) rotation : Matrix<'axis, Truncated<'axis>> =
    let rank = (Matrix.columns basis).Size

    let square =
        Tensors.Matrix(Matrix.columns basis, Matrix.columns basis, Tensors.Reference([| rank; rank |], rotation))

    Matrices.Product(basis, square)

let private rotated (variant: Variant) (subspace: MeasuredSubspace) =
    use rotation =
        SafetensorsFile.Open(path (variant.Reference.Folder + "/bases.safetensors"))

    let fitted = subspace.Fitted

    { subspace with
        Fitted =
            { fitted with
                LayerBasis = turned fitted.LayerBasis (rotation.ReadDoubles "rotation.layer")
                HiddenBasis = turned fitted.HiddenBasis (rotation.ReadDoubles "rotation.hidden")
            }
    }

let private fromFile (subspace: string) (variant: Variant) _ =
    SubspaceFile.Read(path $"{variant.Reference.Folder}/subspace.{subspace}.safetensors")

/// Squared errors of whole matrices are the same in every basis of a subspace; those of single components are not.
let private anyBasis reference variant =
    let option name =
        asText (optionOf reference variant name)

    option "subspace" = "multilinear-svd"
    && option "weighting" = "none"
    && List.contains (option "covariance") [ "modewise"; "full"; "off" ]
    && option "order" = "none"

/// The variants whose ranks are those of the rotations that the reference gives.
let private rotatable (reference: Reference) =
    use bases = SafetensorsFile.Open(path (reference.Folder + "/bases.safetensors"))

    let ranks =
        [ for mode in [ "layer"; "hidden" ] -> (bases.Get $"rotation.{mode}").Shape[0] ]

    let hasRanks name =
        let options = (variant reference name).Settings.Subspace

        [ options.LayerRank; options.HiddenRank ] = [ for rank in ranks -> RankChoice.Exactly(int rank) ]

    variantNames reference
    |> List.filter (fun name -> anyBasis reference name && hasRanks name)

let private sameSubspaces (reference: Reference) =
    [
        match rotatable reference with
        | [] -> ptestCase "a subspace with rotated bases: no variant has the rotations' ranks" ignore
        | name :: _ -> sameLossesIn reference "a subspace with rotated bases" name rotated
        for subspace, name in subspaces reference do
            if anyBasis reference name then
                sameLossesIn reference $"the reference's own subspace file {subspace}" name (fromFile subspace)
    ]

let private comparePairs tolerance (wanted: JsonElement) (found: (string * float) seq) =
    for name, value in found do
        near tolerance (wanted.GetProperty(name).GetDouble()) value name

/// The trainer's steps against the reference's, and the losses after the last of them.
let private train
    tolerance
    numbers
    (variant: Variant)
    (model: ReasoningModel)
    (plan: TrainingPlan)
    (steps: JsonElement list)
    =
    withMethod variant numbers.Precision (fun method ->
        use trainer = new Trainer(model, method, variant.Rows, plan)

        for wanted in List.take plan.Steps steps do
            let step = trainer.Step()
            comparePairs tolerance wanted [ for KeyValue(name, value) in step.Terms -> name, value ]
            comparePairs tolerance wanted [ "total", step.Loss; "grad_norm_before_clip", step.GradientNorm ]

        use _ = torch.NewDisposeScope()
        let after = lossesOf method model variant.Rows
        comparePairs tolerance (List.last steps) [ for term in after -> term.Name, number term.Value ])

/// The variant that the reference's updates start from: the one whose loss and gradient are those before the first.
let private trained (reference: Reference) =
    let wanted = wantedIn float64 reference
    let first = List.head (items "steps" wanted)
    let same a b = abs (a - b) <= 1e-12 * abs b
    let number (name: string) (value: JsonElement) = value.GetProperty(name).GetDouble()

    variantNames reference
    |> List.find (fun name ->
        let variant = wanted.GetProperty name

        same (number "total" variant) (number "total" first)
        && same (number "grad_norm_global" variant) (number "grad_norm_before_clip" first))

let private optimizer (reference: Reference) =
    let optimizer = reference.Expected.Value.GetProperty "optimizer"
    let number (name: string) = optimizer.GetProperty(name).GetDouble()
    let betas = doublesOf "betas" optimizer

    OptimizerSettings(
        LearningRate = number "lr",
        Schedule = Schedule.Constant,
        Beta1 = betas[0],
        Beta2 = betas[1],
        Epsilon = number "eps",
        WeightDecay = number "weight_decay",
        ClipNorm = number "max_grad_norm"
    )

let private updates numbers reference =
    noted reference numbers "updates by the trainer" "three updates" (fun () ->
        let variant = variant reference (trained reference)
        use model = student variant numbers.Precision
        let wanted = wantedIn numbers reference
        let steps = items "steps" wanted
        let count = steps.Length - 1

        let plan =
            TrainingPlan(Steps = count, BatchSize = variant.Rows.Length, Optimizer = optimizer reference)

        let tolerance = afterUpdates numbers
        train tolerance numbers variant model plan steps
        use _ = torch.NewDisposeScope()

        for norm in wanted.GetProperty($"norm_after_{count}_steps").EnumerateObject() do
            let found = number ((rowsOf model model.Parameters.Part norm.Name).norm())
            near tolerance (norm.Value.GetDouble()) found $"norm of {norm.Name}")

let private answers numbers (reference: Reference) =
    let generation = reference.Expected.Value.GetProperty "generation"

    [
        for name in variantNames reference |> List.filter (fun name -> (find name generation).IsSome) do
            noted reference numbers $"answers of {name}" "ids of answers that differ" (fun () ->
                let variant = variant reference name
                use model = student variant numbers.Precision
                let most = generation.GetProperty("max_new_tokens").GetInt32()

                let plan =
                    GenerationPlan(
                        SequentialReasoning variant.LatentSteps,
                        prefix reference,
                        most,
                        [| eos reference |]
                    )

                let questions =
                    [| for q in items "questions" generation -> ints (q.GetProperty "ids") |]

                let found = AnswerGenerator.Generate(model, questions, plan)

                for row, wanted in List.indexed (items name generation) do
                    let wanted = ints (wanted.GetProperty "ids")
                    Expect.equal found[row] wanted $"answer {row}"
                    Agreement.note 0.0 0.0 wanted.Length)
    ]

[<Tests>]
let tests =
    let testsOf reference =
        [
            for numbers in [ float64; float32 ] do
                teacherTest numbers reference
                updates numbers reference
                testList $"answers, {numbers.Name}" (answers numbers reference)
            testList
                "fits"
                [
                    for low in [ false; true ] do
                        yield! List.map (subspaceTest reference low) (subspaces reference)
                    yield! List.map (subspaceOfFloat32 reference) (subspaces reference)
                ]
            testList "weightings" (divisorTests reference)
            testList "the same subspace" (sameSubspaces reference)
        ]

    fixtureTests "LoRi around its losses" (fun () ->
        [
            for reference in references () -> testList reference.Name (testsOf reference)
        ])
