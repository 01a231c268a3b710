/// The reference numbers of LoRi on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.LoRiFixture

open System
open System.IO
open System.Text.Json
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Files.Safetensors
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Sequences
open LoRi.Models.Weights
open LoRi.Training.Methods
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open LoRi.Training.Tests.SharedFiles
open TorchSharp

/// The files of one model.
type Reference =
    {
        Folder: string
        Batch: Lazy<JsonElement>
        Expected: Lazy<JsonElement>
        Golden: Lazy<SafetensorsFile>
    }

    member this.Name = this.Folder.Substring(this.Folder.LastIndexOf '/' + 1)

/// One combination of options, in the product's words.
type Variant =
    {
        Reference: Reference
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

let private reference folder =
    {
        Folder = folder
        Batch = lazy (json (folder + "/batch.json"))
        Expected = lazy (json (folder + "/expected.json"))
        Golden = lazy (SafetensorsFile.Open(path (folder + "/expected_f64.safetensors")))
    }

/// All models.
let references () = peers "lori" |> List.map reference

let private id (reference: Reference) (name: string) =
    (reference.Batch.Value.GetProperty "ids").GetProperty(name).GetInt32()

let prefix (reference: Reference) =
    ints ((reference.Batch.Value.GetProperty "ids").GetProperty "answer_prefix_ids")

let eos reference = id reference "eos_id"

/// All examples, in the order of the trajectory file.
let examples (reference: Reference) =
    let part (name: string) (example: JsonElement) = ints (example.GetProperty name)

    [|
        for index, example in List.indexed (items "examples" reference.Batch.Value) ->
            EncodedExample(
                index,
                part "question" example,
                part "rationale" example,
                prefix reference,
                part "answer" example
            )
    |]

/// Names of all variants, as the file lists them.
let variantNames (reference: Reference) =
    [
        for variant in (reference.Batch.Value.GetProperty "variants").EnumerateObject() -> variant.Name
    ]

let private hyper (reference: Reference) (name: string) =
    (reference.Batch.Value.GetProperty "hyper_parameters").GetProperty(name).GetDouble()

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

/// The subspaces that the reference fitted: their names and what it says of them, in a number type.
let fittedSubspaces (reference: Reference) (numbers: string) : (string * JsonElement) list =
    let all = (reference.Expected.Value.GetProperty numbers).GetProperty "subspace"
    [ for subspace in all.EnumerateObject() -> subspace.Name, subspace.Value ]

/// The ranks of the subspace that the reference fitted on these levels, by choice under this standardisation.
let private ranks (reference: Reference) (standardise: string) (levels: int[]) =
    let onLevels =
        fittedSubspaces reference "float64"
        |> List.filter (fun (_, fitted) -> ints (fitted.GetProperty "levels") = levels)

    let alike =
        onLevels
        |> List.tryFind (fun (_, fitted) -> text "standardise" fitted = standardise)
        |> Option.orElse (List.tryHead onLevels)

    match alike with
    | Some(_, fitted) -> ints (fitted.GetProperty "ranks")
    | None -> failwith $"{reference.Folder}: no subspace is fitted on the levels %A{levels}"

let private subspace reference (option: string -> string) (levels: int[]) : SubspaceOptions =
    let ranks = ranks reference (option "standardise") levels

    {
        Kind = kind (option "subspace")
        Standardisation = standardisation (option "standardise")
        LayerRank = RankChoice.Exactly ranks[0]
        HiddenRank = RankChoice.Exactly ranks[1]
    }

/// There is no switch for the mean in the product: its weight is zero.
let private weights reference (option: string -> string) =
    let hyper = hyper reference
    let mean = if option "mean" = "on" then hyper "weight_mean" else 0.0

    LoRiWeights(mean, hyper "weight_covariance", hyper "weight_order", hyper "lambda_rationale", hyper "lambda_anchor")

/// What a variant says under the name of an option.
let optionOf (reference: Reference) (variant: string) (name: string) : JsonElement =
    ((reference.Batch.Value.GetProperty "variants").GetProperty variant).GetProperty name

/// One variant by its name.
let variant (reference: Reference) (name: string) : Variant =
    let options = (reference.Batch.Value.GetProperty "variants").GetProperty name
    let option key = text key options
    let levels = ints (options.GetProperty "levels")
    let all = examples reference

    {
        Reference = reference
        Name = name
        Rows =
            [|
                for row in ints ((reference.Batch.Value.GetProperty "batches").GetProperty(option "batch")) -> all[row]
            |]
        Levels = TracedLevels [| for level in levels -> level - 1 |]
        Settings = LoRiSettings(subspace reference option levels, objective option)
        GivenBases = (option "subspace" = "random")
        Weights = weights reference option
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
    let reference = variant.Reference
    let folder, id = reference.Folder, id reference

    let parts =
        StudentParts(variant.Projection, Nullable(int (hyper reference "projection_width")), id "bot_id", id "eot_id")

    let model =
        ModelLoader.LoadToTrain(path (folder + "/student"), LoadSettings.OnCpu precision, parts)

    use _ = torch.no_grad ()
    use _ = torch.NewDisposeScope()
    use extra = SafetensorsFile.Open(path (folder + "/extra.safetensors"))
    let table = model.Parameters[DecoderLayout.Embedding model.Config]
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
let withCorpus (reference: Reference) (levels: TracedLevels) (run: ITrajectorySource -> 'result) : 'result =
    use files =
        TrajectoryFiles.Open [ path (reference.Folder + "/trajectories.safetensors") ]

    run (TracedCorpus(files, levels))

/// Bases that no data chose, or that data chose elsewhere.
let givenBases (reference: Reference) (name: string) (subspace: MeasuredSubspace) =
    use bases = SafetensorsFile.Open(path (reference.Folder + "/bases.safetensors"))

    let basis mode =
        let shape = (bases.Get(name + mode)).Shape
        Subspaces.Basis(int shape[0], int shape[1], bases.ReadDoubles(name + mode))

    { subspace with
        Fitted =
            { subspace.Fitted with
                LayerBasis = basis ".layer"
                HiddenBasis = basis ".hidden"
            }
    }

/// The subspace as the product fits it.
let fit (variant: Variant) : MeasuredSubspace =
    let fitted =
        withCorpus variant.Reference variant.Levels (fun corpus -> TeacherFit.Fit(corpus, variant.Settings))

    if variant.GivenBases then
        givenBases variant.Reference "random" fitted
    else
        fitted

/// Runs something with the method that trains in a given subspace, its targets in a file of their own.
let withMethodIn
    (subspace: MeasuredSubspace)
    (variant: Variant)
    (precision: Precision)
    (run: IObjective -> 'result)
    : 'result =
    let scratch = Path.GetTempFileName()

    try
        use like = torch.zeros (1L, dtype = precision.Compute)

        let project corpus =
            LoRiTeacher.Project(corpus, subspace, variant.Settings.Objective, scratch, like, variant.Levels)

        use teacher = withCorpus variant.Reference variant.Levels project
        run (LoRiObjective(teacher, variant.Weights, variant.LatentSteps, variant.Grading))
    finally
        File.Delete scratch

/// Runs something with the method of a variant, whose subspace the product fits.
let withMethod (variant: Variant) (precision: Precision) (run: IObjective -> 'result) : 'result =
    withMethodIn (fit variant) variant precision run
