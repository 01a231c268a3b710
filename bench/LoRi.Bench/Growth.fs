/// How the cost of a step and of a fit grows: one size is varied and all others stay, on a model of SmolLM2-135M's shape. Sizes are
/// measured one after the other, each after the ceiling, since not all their models have room at once.
module LoRi.Bench.Growth

open System
open System.IO
open LoRi.Bench.Clock
open LoRi.Math
open LoRi.Models.Decoders
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open TorchSharp

type Settings = { Rounds: int; Threads: int }

/// The sizes of a student's step.
type Step =
    {
        Rows: int
        Question: int
        Rationale: int
        Latents: int
    }

/// What is varied, its value, and seconds of every round.
type Row =
    {
        Varied: string
        Value: int
        Seconds: float list
    }

let private usual =
    {
        Rows = 8
        Question = 64
        Rationale = 40
        Latents = 6
    }

let private steps =
    [
        for latents in [ 1; 3; 6; 12; 24 ] -> "M, latent steps", latents, { usual with Latents = latents }
        for tokens in [ 20; 80; 160 ] -> "T, tokens of the rationale", tokens, { usual with Rationale = tokens }
        for rows in [ 2; 8; 32 ] -> "rows", rows, { usual with Rows = rows }
        for tokens in [ 16; 64; 256 ] -> "tokens of the question", tokens, { usual with Question = tokens }
    ]

let private fits =
    [
        for levels in [ 15; 30; 60 ] -> "levels (5,000 tokens, 576 components)", levels, (levels, 5_000, 576)
        for tokens in [ 2_500; 5_000; 10_000 ] -> "tokens (30 levels, 576 components)", tokens, (30, tokens, 576)
        for components in [ 288; 576; 1_152 ] ->
            "components (30 levels, 5,000 tokens)", components, (30, 5_000, components)
    ]

let private settings =
    LoRiSettings(
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = Standardisation.Full
            LayerRank = RankChoice.Exactly 8
            HiddenRank = RankChoice.Exactly 64
        },
        {
            Rationale =
                {
                    Covariance = Covariance.Modewise
                    Order = Order.Off
                    Weighting = Weighting.Off
                }
            Anchor = AnchorForm.Full
            AnchorScale = AnchorScale.Corpus
        }
    )

/// What students need of a teacher, in a file as in a run.
let private targets (teacher: ReasoningModel) rows file =
    let source =
        ModelTrajectories(teacher, rows, TracedLevels.All teacher.Config.Layers, 8)

    use like = torch.zeros 1L
    LoRiTeacher.Collect(source, settings, file, like)

/// Seconds of the steps of one size, after one that does not count.
let private measured rounds (size: Step) =
    let file = Path.GetTempFileName()

    try
        let rows =
            ShapedModel.rows ShapedModel.smol (max 8 size.Rows) size.Question size.Rationale

        use model = ShapedModel.fresh ShapedModel.smol None
        use targets = targets model rows file

        let objective =
            LoRiObjective(targets, LoRiWeights(1.0, 1.0, 0.0, 5.0, 0.2), size.Latents, Grading.Answer)

        use trainer = ShapedModel.trainer model objective (Array.truncate size.Rows rows)
        let step () = trainer.Step() |> ignore
        step ()
        [ for _ in 1..rounds -> (once step).Wall ]
    finally
        File.Delete file

let private fitted rounds (levels, tokens, components) =
    use _ = torch.NewDisposeScope()
    let corpus = ShapedModel.corpus levels tokens components
    let fit () = TeacherFit.SpectraOf corpus |> ignore
    fit ()
    [ for _ in 1..rounds -> (once fit).Wall ]

/// Seconds of the ceiling between all sizes, and a row a size.
let measure (settings: Settings) =
    torch.set_num_threads settings.Threads
    let ceiling = snd (Ceilings.product torch.float32)
    ceiling ()

    let row measured (varied, value, size) =
        eprintfn $"{varied}: {value}"
        let top = (once ceiling).Wall

        top,
        {
            Varied = varied
            Value = value
            Seconds = measured settings.Rounds size
        }

    let rows = List.map (row measured) steps @ List.map (row fitted) fits
    List.map fst rows, List.map snd rows

let markdown (settings: Settings) (tops: float list, rows: Row list) =
    let rate = Ceilings.operations / 1e9

    [
        $"{settings.Threads} threads, vectors of {VectorWork.VectorBits} bits; seconds of {settings.Rounds} steps or fits, medians [range]; ceiling %.0f{rate / List.max tops} to %.0f{rate / List.min tops} GFLOP/s"
        ""
        $"A step: {usual.Rows} rows of {usual.Question} question ids, {usual.Rationale} of the rationale, {usual.Latents} latent steps, 12 fed tokens of which 8 are graded, all weights; one of them varied."
        for varied, group in List.groupBy _.Varied rows do
            ""
            $"| {varied} | s | times the first |"
            "| --: | --: | --: |"
            let first = median group.Head.Seconds

            for row in group do
                $"| {row.Value} | {ranged row.Seconds} | %.2f{median row.Seconds / first} |"
    ]
    |> String.concat "\n"
