/// A tiny random model, random problems and every training method, for tests that need no reference.
module LoRi.Training.Tests.TinyTraining

open System.IO
open LoRi.Math
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.Codi
open LoRi.Training.Methods.CotSft
open LoRi.Training.Methods.LatentCrossEntropy
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Methods.NoCot
open LoRi.Training.Trajectories
open TorchSharp

let private vocabulary = 20
let private eos = 1
let private answerPrefix = [| 2; 3 |]
let private firstWord = 4

let layers = 2

/// The model's shape, its output matrix the embedding table or one of its own.
let config tied =
    DecoderConfig(
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = layers,
        QueryHeads = 2,
        KeyValueHeads = 1,
        HeadSize = 8,
        VocabularySize = vocabulary,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = tied,
        MaxPositions = 64
    )

let latentSteps = 2

/// A fresh model with rows for its markers and an mlp projection.
let modelOf tied (precision: Precision) (seed: int64) =
    let special = SpecialIds(vocabulary, vocabulary + 1, eos)
    let projection = FeedbackProjection(ProjectionKind.Mlp, 12)

    let model =
        new ReasoningModel(config tied, 2, special, projection, precision, torch.CPU)

    Initialisation.Fresh(model, 0.2, seed)
    Initialisation.SpecialRows(model, seed)
    projection.Initialise(model.Parameters, 1.0, SeededRandom(seed, "projection"))
    model

let model precision seed = modelOf true precision seed

/// The ways to an answer that need nothing beside the model.
let everyReasoning: IReasoning list =
    [
        PlainReasoning.Explicit
        SequentialReasoning latentSteps
        PlainReasoning.Direct
    ]

/// Problems whose parts have different lengths; the second has no rationale.
let data count =
    let random = SeededRandom(7L, "problems")

    let words count =
        Array.init count (fun _ -> firstWord + random.Below(vocabulary - firstWord))

    [|
        for index in 0 .. count - 1 ->
            let rationale = if index = 1 then 0 else 1 + random.Below 8
            let answer = Array.append (words (1 + random.Below 2)) [| eos |]
            EncodedExample(index, words (2 + random.Below 6), words rationale, answerPrefix, answer)
    |]

/// Every term of LoRi is switched on.
let loriSettings =
    LoRiSettings(
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = Standardisation.Full
            LayerRank = RankChoice.Exactly 2
            HiddenRank = RankChoice.Exactly 6
        },
        {
            Rationale =
                {
                    Covariance = Covariance.PerLayer
                    Order = Order.Lag1
                    Weighting = Weighting.Statistic
                }
            Anchor = AnchorForm.Full
            AnchorScale = AnchorScale.Corpus
        }
    )

/// Runs something with what a frozen teacher leaves behind for these problems.
let withTeacher (teacher: ReasoningModel) (rows: EncodedExample[]) (run: LoRiTeacher -> 'result) =
    let scratch = Path.GetTempFileName()

    try
        let source = ModelTrajectories(teacher, rows, TracedLevels.All layers, rows.Length)

        use like = torch.zeros (1L, dtype = teacher.Precision.Compute)

        use targets = LoRiTeacher.Collect(source, loriSettings, scratch, like)
        run targets
    finally
        File.Delete scratch

let loriMethod (targets: LoRiTeacher) =
    LoRiObjective(targets, LoRiWeights(1.0, 1.0, 1.0, 1.0, 1.0), latentSteps, Grading.Answer)

let methodNames = [ "no-cot"; "cot"; "latent-ce"; "codi"; "lori" ]

/// Runs something with a method by its name; LoRi's teacher is another fresh model.
let withMethod (name: string) precision (rows: EncodedExample[]) (run: IObjective -> 'result) : 'result =
    match name with
    | "no-cot" -> run (DirectObjective Grading.Answer)
    | "cot" -> run (ExplicitObjective())
    | "latent-ce" -> run (LatentObjective(latentSteps, Grading.Answer))
    | "codi" -> run (CodiObjective(latentSteps, 1.0, 1.0, Grading.Answer))
    | _ ->
        use teacher = model precision 2L
        withTeacher teacher rows (fun targets -> run (loriMethod targets))

/// Steps of a batch size, split into micro-batches, under a seed.
let plan steps batch microBatch seed =
    TrainingPlan(
        Steps = steps,
        BatchSize = batch,
        MicroBatchSize = microBatch,
        Seed = seed,
        Optimizer = OptimizerSettings(LearningRate = 1e-2, Schedule = Schedule.Constant, ClipNorm = infinity)
    )
