/// The reference numbers of LoRi on a tiny Llama: what its files say, as the product's own types.
module LoRi.Training.Tests.LoRiFixture

open System
open System.IO
open System.Text.Json
open LoRi.Math
open LoRi.Training
open LoRi.Training.Checkpoints
open LoRi.Training.Methods
open LoRi.Training.Methods.LoRi
open LoRi.Training.ModelFiles
open LoRi.Training.Models
open LoRi.Training.Sequences
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Trajectories
open TorchSharp

/// One combination of options, in the product's words.
type Variant =
    {
        Name: string
        Rows: EncodedExample[]
        Levels: TracedLevels
        Settings: LoRiSettings
        /// Random bases come from a file, not from a seed.
        GivenBases: bool
        Weights: LoRiWeights
        Projection: ProjectionKind
        LatentSteps: int
        Grading: Grading
    }

let folder = "fixtures/peers/lori-llama"

/// All levels that the model has.
let private modelLevels = 4

let private batch = lazy (json (folder + "/batch.json"))
let expected = lazy (json (folder + "/expected.json"))

let golden =
    lazy (SafetensorsFile.Open(path (folder + "/expected_f64.safetensors")))

let ints (value: JsonElement) =
    [| for item in value.EnumerateArray() -> item.GetInt32() |]

let private id (name: string) =
    (batch.Value.GetProperty "ids").GetProperty(name).GetInt32()

let prefix () =
    ints ((batch.Value.GetProperty "ids").GetProperty "answer_prefix_ids")

let eos () = id "eos_id"

/// All examples, in the order of the trajectory file.
let examples () =
    let part (name: string) (example: JsonElement) = ints (example.GetProperty name)

    [|
        for index, example in List.indexed (items "examples" batch.Value) ->
            EncodedExample(index, part "question" example, part "rationale" example, prefix (), part "answer" example)
    |]

/// Names of all variants, as the file lists them.
let variantNames () =
    [
        for variant in (batch.Value.GetProperty "variants").EnumerateObject() -> variant.Name
    ]

let private hyper (name: string) =
    (batch.Value.GetProperty "hyper_parameters").GetProperty(name).GetDouble()

let private unknown option word =
    failwith $"the product has no {option} \"{word}\""

let private covariance word =
    match word with
    | "modewise" -> Covariance.Modewise
    | "full" -> Covariance.Full
    | "per-layer" -> Covariance.PerLayer
    | "diagonal" -> Covariance.Diagonal
    | "off" -> Covariance.Off
    | other -> unknown "covariance" other

let private order word =
    match word with
    | "none" -> Order.Off
    | "lag-1" -> Order.Lag1
    | "third" -> Order.Third
    | other -> unknown "order" other

let private weighting word =
    match word with
    | "none" -> Weighting.Off
    | "variance" -> Weighting.Variance
    | "statistic" -> Weighting.Statistic
    | other -> unknown "weighting" other

let private standardisation word =
    match word with
    | "full" -> Standardisation.Full
    | "scale" -> Standardisation.Scale
    | "none" -> Standardisation.Off
    | other -> unknown "standardisation" other

let private kind word =
    match word with
    | "multilinear-svd" -> SubspaceKind.MultilinearSvd
    | "random" -> SubspaceKind.Random 0L
    | "complement" -> SubspaceKind.Complement
    | "identity" -> SubspaceKind.Identity
    | other -> unknown "subspace" other

let private anchor form space =
    match form, space with
    | "off", _ -> AnchorForm.Off
    | "on", "full" -> AnchorForm.Full
    | "on", "subspace" -> AnchorForm.Subspace
    | other -> unknown "anchor" (string other)

let private anchorScale word =
    match word with
    | "corpus" -> AnchorScale.Corpus
    | "batch" -> AnchorScale.Batch
    | other -> unknown "anchor deviation" other

let private objective (option: string -> string) : ObjectiveOptions =
    {
        Rationale =
            {
                Covariance = covariance (option "covariance")
                Order = order (option "order")
                Weighting = weighting (option "weighting")
            }
        Anchor = anchor (option "anchor") (option "anchor_space")
        AnchorScale = anchorScale (option "anchor_std")
    }

/// The layer rank is that of the whole model; a choice of levels has its own.
let private layerRank (levels: int[]) =
    let name =
        if levels.Length = modelLevels then
            "full"
        else
            "full.levels_every_second"

    let subspaces = (expected.Value.GetProperty "float64").GetProperty "subspace"

    (ints ((subspaces.GetProperty name).GetProperty "ranks"))[0]

let private subspace (option: string -> string) (levels: int[]) : SubspaceOptions =
    {
        Kind = kind (option "subspace")
        Standardisation = standardisation (option "standardise")
        LayerRank = RankChoice.Exactly(layerRank levels)
        HiddenRank = RankChoice.Exactly(int (hyper "hidden_rank"))
    }

/// There is no switch for the mean in the product: its weight is zero.
let private weights (option: string -> string) =
    let mean = if option "mean" = "on" then hyper "weight_mean" else 0.0

    LoRiWeights(mean, hyper "weight_covariance", hyper "weight_order", hyper "lambda_rationale", hyper "lambda_anchor")

/// One variant by its name.
let variant (name: string) : Variant =
    let options = (batch.Value.GetProperty "variants").GetProperty name
    let option key = text key options
    let levels = ints (options.GetProperty "levels")
    let all = examples ()

    {
        Name = name
        Rows =
            [|
                for row in ints ((batch.Value.GetProperty "batches").GetProperty(option "batch")) -> all[row]
            |]
        Levels = TracedLevels [| for level in levels -> level - 1 |]
        Settings = LoRiSettings(subspace option levels, objective option)
        GivenBases = (option "subspace" = "random")
        Weights = weights option
        Projection =
            if option "feedback" = "projection" then
                ProjectionKind.Mlp
            else
                ProjectionKind.Identity
        LatentSteps = options.GetProperty("latent_steps").GetInt32()
        Grading =
            if option "grade" = "answer" then
                Grading.Answer
            else
                Grading.PrefixAndAnswer
    }

/// The student's weights, its markers' rows and its feedback projection.
let student (variant: Variant) (precision: Precision) : ReasoningModel =
    let parts =
        StudentParts(variant.Projection, Nullable(int (hyper "projection_width")), id "bot_id", id "eot_id")

    let model =
        ModelLoader.LoadToTrain(path (folder + "/student"), LoadSettings.OnCpu precision, parts)

    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = SafetensorsFile.Open(path (folder + "/extra.safetensors"))
    let table = model.Parameters["model.embed_tokens.weight"]
    extra.CopyInto("special_rows", table.narrow (0L, int64 (id "bot_id"), 2L))

    for slot in model.Projection.Slots model.Config.HiddenSize do
        extra.CopyInto(slot.Name, model.Parameters[slot.Name].detach())

    model

/// Some levels of a corpus.
type private TracedCorpus(source: ITrajectorySource, levels: TracedLevels) =
    interface ITrajectorySource with
        member _.ForEach receive =
            source.ForEach(fun batch ->
                receive.Invoke(
                    TrajectoryBatch(
                        batch.Rows,
                        levels.Select batch.Trajectories,
                        batch.Lengths,
                        levels.Select batch.Anchors
                    )
                ))

/// Runs something on the teacher's trajectories at some levels.
let withCorpus (levels: TracedLevels) (run: ITrajectorySource -> 'result) : 'result =
    use files = TrajectoryFiles.Open [ path (folder + "/trajectories.safetensors") ]
    run (TracedCorpus(files, levels))

/// Bases that no data chose, or that data chose elsewhere.
let givenBases (name: string) (subspace: SharedSubspace) =
    use bases = SafetensorsFile.Open(path (folder + "/bases.safetensors"))

    { subspace with
        LayerBasis = bases.ReadDoubles(name + ".layer")
        HiddenBasis = bases.ReadDoubles(name + ".hidden")
    }

/// The subspace as the product fits it.
let fit (variant: Variant) : SharedSubspace =
    let fitted =
        withCorpus variant.Levels (fun corpus -> TeacherFit.Fit(corpus, variant.Settings))

    if variant.GivenBases then
        givenBases "random" fitted
    else
        fitted

/// Runs something with the method that trains in a given subspace, its targets in a file of their own.
let withMethodIn
    (subspace: SharedSubspace)
    (variant: Variant)
    (precision: Precision)
    (run: ITrainingMethod -> 'result)
    : 'result =
    let scratch = Path.GetTempFileName()

    try
        use like = torch.zeros (1L, dtype = precision.Compute)

        let project corpus =
            LoRiTeacher.Project(corpus, subspace, variant.Settings.Objective, scratch, like, variant.Levels)

        use teacher = withCorpus variant.Levels project
        run (LoRiMethod(teacher, variant.Weights, variant.LatentSteps, variant.Grading))
    finally
        File.Delete scratch

/// Runs something with the method of a variant, whose subspace the product fits.
let withMethod (variant: Variant) (precision: Precision) (run: ITrainingMethod -> 'result) : 'result =
    withMethodIn (fit variant) variant precision run
