/// What surrounds LoRi's losses against the reference numbers: the teacher's trajectories, the fitted subspace, updates and
/// answers.
module LoRi.Training.Tests.LoRiFixtureRunTests

open System.Collections.Generic
open System.Text.Json
open Expecto
open LoRi.Math
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods.LoRi
open LoRi.Training.Trajectories
open LoRi.Training.Tests.LoRiFixture
open LoRi.Training.Tests.LoRiFixtureTests
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

/// Name of a subspace in the reference, and the variant that is fitted like it.
let private subspaces =
    [
        "full", "main"
        "scale", "standardise_scale"
        "none", "standardise_none"
        "full.levels_every_second", "levels_every_second"
    ]

let private projector size rank (basis: float[]) =
    Array.init (size * size) (fun index ->
        Seq.sum (
            seq {
                for column in 0 .. rank - 1 ->
                    basis[(index / size) * rank + column] * basis[(index % size) * rank + column]
            }
        ))

/// The projectors are the reference's float64 ones; in float32 their own errors, which gaps between eigenvalues magnify, are unknown.
let private compareProjectors (reference: Reference) (name: string) tolerance (found: SharedSubspace) =
    for mode, size, rank, basis in
        [
            "layer", found.Levels, found.LayerRank, found.LayerBasis
            "hidden", found.Width, found.HiddenRank, found.HiddenBasis
        ] do
        let wanted = reference.Golden.Value.ReadDoubles $"subspace.{name}/projector_{mode}"
        nearArrays tolerance wanted (projector size rank basis) $"{mode} projector"

let private compareSubspace (numbers: Numbers) reference (name: string) (standardise: string) (found: SharedSubspace) =
    let wanted = ((wantedIn numbers reference).GetProperty "subspace").GetProperty name
    let number (key: string) = wanted.GetProperty(key).GetDouble()
    let spectrum = found.Spectra[standardise]
    nearArrays numbers.Loss (doublesOf "eigenvalues_layer" wanted) spectrum.Layer "layer eigenvalues"
    nearArrays numbers.Loss (doublesOf "eigenvalues_hidden" wanted) spectrum.Hidden "hidden eigenvalues"
    nearArrays numbers.Loss (doublesOf "rms" wanted) found.Rms "rms"
    nearArrays numbers.Loss (doublesOf "anchor_std" wanted) found.AnchorDeviation "deviation of anchors"
    near numbers.Loss (number "mean_norm") (sqrt (Array.sumBy (fun x -> x * x) found.Mean)) "norm of the mean"
    near numbers.Loss (number "energy") found.Energy "energy"
    near numbers.Loss (number "energy_kept") found.EnergyKept "kept energy"
    near numbers.Loss (number "squared_error_bound") (SharedSubspace.squaredErrorBound found) "bound"
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
        Agreement.at $"lori-{reference.Model}" numbers.Name quantity check

let private subspaceTest reference (lowMemory: bool) (name: string, variantName: string) =
    let how = if lowMemory then "two readings" else "one reading"

    noted reference float64 $"subspace {name}, {how}" "subspaces" (fun () ->
        let variant = variant reference variantName

        let found =
            withCorpus reference variant.Levels (fun corpus -> TeacherFit.Fit(corpus, variant.Settings, lowMemory))

        compareSubspace float64 reference name (Standardisation.name found.Standardisation) found)

/// Of the states that the teacher gives in float32, summed in float64.
let private subspaceOfFloat32 reference (name: string, variantName: string) =
    noted reference float32 $"subspace {name}" "subspaces" (fun () ->
        let variant = variant reference variantName

        let fit source =
            TeacherFit.Fit(source, variant.Settings)

        let found = withTeacher reference float32 fit (fun _ -> variant.Levels)
        compareSubspace float32 reference name (Standardisation.name found.Standardisation) found)

/// The name of a divisor in the reference, the statistic's in the product, and the variant.
let private divisors =
    [
        "weighting_statistic", "mean.0", "statistic.mean"
        "weighting_statistic", "covariance.0", "statistic.covariance.layer"
        "weighting_statistic", "covariance.1", "statistic.covariance.hidden"
        "weighting_statistic_per_layer", "mean.0", "statistic.mean"
        "weighting_statistic_per_layer", "covariance.0", "statistic.covariance.per-layer"
        "weighting_statistic_per_layer", "order.0", "statistic.order.lag-1.layer"
        "weighting_statistic_per_layer", "order.1", "statistic.order.lag-1.hidden"
    ]

let private divisorTests (reference: Reference) =
    let compare (variantName: string) (wanted: string) statistic root =
        noted reference float64 $"divisors of {variantName}: {wanted}" "divisors" (fun () ->
            let found =
                Weighting.divisors (fit (variant reference variantName)).Variances[statistic]

            let wanted = reference.Golden.Value.ReadDoubles $"{variantName}/{wanted}"
            nearArrays float64.Loss wanted (Array.map root found) statistic)

    [
        for variantName, wanted, statistic in divisors do
            compare variantName $"divisor.{wanted}" statistic id
        compare "weighting_variance" "divisor" "component.variance" sqrt
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

let private teacherTest numbers (reference: Reference) =
    noted reference numbers "the teacher's trajectories and anchors" "trajectories and anchors" (fun () ->
        let found = withTeacher reference numbers collect TracedLevels.All
        let wanted = withCorpus reference (TracedLevels.All modelLevels) collect
        Expect.equal found.Count wanted.Count "examples"

        for KeyValue(row, (states, anchor)) in wanted do
            nearArrays numbers.Loss anchor (snd found[row]) $"anchor {row}"

            if states.Length > 0 then
                nearArrays numbers.Loss states (fst found[row]) $"trajectory {row}"
            else
                Expect.isEmpty (fst found[row]) $"trajectory {row}")

let private lossesIn (subspace: SharedSubspace) (variant: Variant) =
    use model = student variant Precision.Exact

    withMethodIn subspace variant Precision.Exact (fun method ->
        use _ = torch.NewDisposeScope()
        let totals = StudentLayout.Totals(variant.Rows, variant.Grading)

        [
            for term in method.Losses(model, variant.Rows, totals) -> term.Name, number term.Value
        ])

let private sameLossesIn reference what (other: Variant -> SharedSubspace -> SharedSubspace) =
    testCase $"{what} gives the same losses"
    <| fun () ->
        NativeRuntime.Load()
        let variant = variant reference "main"
        let fitted = fit variant

        for (name, wanted), (_, found) in Seq.zip (lossesIn fitted variant) (lossesIn (other variant fitted) variant) do
            near sameLosses wanted found name

/// Columns times a square matrix.
let private turned rank (basis: float[]) (rotation: float[]) =
    Array.init basis.Length (fun index ->
        let row, column = index / rank, index % rank
        Seq.sum (seq { for k in 0 .. rank - 1 -> basis[row * rank + k] * rotation[k * rank + column] }))

let private rotated (variant: Variant) (subspace: SharedSubspace) =
    let rotation = givenBases variant.Reference "rotation" subspace

    { subspace with
        LayerBasis = turned subspace.LayerRank subspace.LayerBasis rotation.LayerBasis
        HiddenBasis = turned subspace.HiddenRank subspace.HiddenBasis rotation.HiddenBasis
    }

let private fromFile (variant: Variant) _ =
    SubspaceFile.Read(path (variant.Reference.Folder + "/subspace.full.safetensors"))

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
        let totals = StudentLayout.Totals(variant.Rows, variant.Grading)
        let after = method.Losses(model, variant.Rows, totals)
        comparePairs tolerance (List.last steps) [ for term in after -> term.Name, number term.Value ])

let private updates numbers reference =
    noted reference numbers "three updates by the trainer" "three updates" (fun () ->
        let variant = variant reference "main"
        use model = student variant numbers.Precision
        let wanted = wantedIn numbers reference
        let steps = items "steps" wanted
        let settings = OptimizerSettings(LearningRate = 1e-3, Schedule = Schedule.Constant)

        let plan =
            TrainingPlan(Steps = steps.Length - 1, BatchSize = variant.Rows.Length, Optimizer = settings)

        let tolerance = afterUpdates numbers
        train tolerance numbers variant model plan steps
        use _ = torch.NewDisposeScope()

        for norm in (wanted.GetProperty "norm_after_3_steps").EnumerateObject() do
            let found = number ((rowsOf model model.Parameters.Part norm.Name).norm())
            near tolerance (norm.Value.GetDouble()) found $"norm of {norm.Name}")

let private answers numbers (reference: Reference) =
    [
        for name in [ "main"; "identity_feedback"; "latents_5" ] do
            noted reference numbers $"answers of {name}" "ids of answers that differ" (fun () ->
                let generation = reference.Expected.Value.GetProperty "generation"
                let variant = variant reference name
                use model = student variant numbers.Precision
                let most = generation.GetProperty("max_new_tokens").GetInt32()

                let plan =
                    GenerationPlan(AnswerMode.Latent, variant.LatentSteps, prefix reference, most, [| eos reference |])

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
                        yield! List.map (subspaceTest reference low) subspaces
                    yield! List.map (subspaceOfFloat32 reference) subspaces
                ]
            testList "weightings" (divisorTests reference)
            sameLossesIn reference "a subspace with rotated bases" rotated
            sameLossesIn reference "the reference's own subspace file" fromFile
        ]

    fixtureTests "LoRi around its losses" (fun () ->
        [ for reference in references -> testList reference.Model (testsOf reference) ])
