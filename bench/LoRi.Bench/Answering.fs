/// What an answer costs: tokens one by one for one question and for several, against the rate at which this machine reads memory,
/// with matrices in every form in which they can lie there; and an answer that is written out, thought in latent steps, or given at once.
module LoRi.Bench.Answering

open System
open System.IO
open LoRi.Bench.Clock
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Tensors
open TorchSharp

type Settings =
    {
        Model: string
        Rounds: int
        Threads: int
    }

/// Seconds of a question's pass and of each later one, for a batch.
type Pace =
    {
        Batch: int
        Prompt: float
        Pass: float
        /// Memory's rate just before and just after, in bytes a second.
        Memory: float
    }

type Row =
    {
        Form: string
        Loading: float
        /// Bytes of the weights that each token passes.
        Bytes: float
        Paces: Pace list
    }

let private promptTokens = 64
let private batches = [ 1, 32; 8, 16; 32, 8 ]

let private forms =
    [
        "float32", WeightStorage.Widened
        "as stored", WeightStorage.AsStored
        "bfloat16", WeightStorage.Brain
        "int8", WeightStorage.EightBit
    ]

/// Bytes of memory that are read in a second.
let private memory =
    lazy
        (let bytes, read = Ceilings.reading ()
         fun () -> bytes / (once read).Wall)

let private pace rounds (model: ReasoningModel) (batch, tokens) =
    let random = Random 2

    let questions =
        Array.init batch (fun _ -> Array.init promptTokens (fun _ -> random.Next(3, model.Config.VocabularySize)))

    let seconds count =
        let plan = GenerationPlan(PlainReasoning.Explicit, [||], count, [||])
        (once (fun () -> AnswerGenerator.Generate(model, questions, plan) |> ignore)).Wall

    seconds 3 |> ignore

    let samples =
        [
            for _ in 1..rounds do
                let before = memory.Value()
                let prompt = seconds 1
                let all = seconds (1 + tokens)
                prompt, (all - prompt) / float tokens, (before + memory.Value()) / 2.0
        ]

    {
        Batch = batch
        Prompt = median [ for prompt, _, _ in samples -> prompt ]
        Pass = median [ for _, pass, _ in samples -> pass ]
        Memory = median [ for _, _, memory in samples -> memory ]
    }

/// Tokens that a chain of thought and its answer have.
let private writtenOut = 112

let private prefix = [| 5; 6; 7; 8 |]

let private ways: (string * IReasoning * int[] * int) list =
    [
        $"written out, {writtenOut} tokens", PlainReasoning.Explicit, [||], writtenOut
        "6 latent steps, 5 fed, 8 written", SequentialReasoning 6, prefix, 8
        "at once, 4 fed, 8 written", PlainReasoning.Direct, prefix, 8
    ]

/// A way of answering, questions at once, and seconds of every round.
type Way =
    {
        Name: string
        Together: int
        Seconds: float list
    }

let private answers (model: ReasoningModel) batch (_, reasoning, prefix, written) =
    let random = SeededRandom(2L, "questions")

    let questions =
        Array.init batch (fun _ -> ShapedModel.ids random model.Config promptTokens)

    let plan = GenerationPlan(reasoning, prefix, written, [||])
    (once (fun () -> AnswerGenerator.Generate(model, questions, plan) |> ignore)).Wall

/// Each way in every round, on a model of SmolLM2-135M's shape in float32.
let measureWays (settings: Settings) : Way list =
    torch.set_num_threads settings.Threads
    use model = ShapedModel.fresh ShapedModel.smol None
    use _ = torch.no_grad ()

    [
        for batch in [ 1; 32 ] do
            let rounds =
                [ for _ in 0 .. settings.Rounds -> List.map (answers model batch) ways ] |> List.tail

            for at, (name, _, _, _) in List.indexed ways do
                {
                    Name = name
                    Together = batch
                    Seconds = List.map (List.item at) rounds
                }
    ]

let markdownOfWays (ways: Way list) =
    String.Join(
        "\n",
        [
            ""
            $"SmolLM2-135M's shape, float32, {promptTokens} tokens asked; seconds of a batch, medians [range]"
            ""
            "| an answer | questions at once | s | written out / this, by round |"
            "| --- | --: | --: | --: |"
            for _, group in List.groupBy _.Together ways do
                for way in group do
                    $"| {way.Name} | {way.Together} | {ranged way.Seconds} | {ranged (List.map2 (/) group.Head.Seconds way.Seconds)} |"
        ]
    )

let private bytesOf (model: ReasoningModel) =
    let stored = model.Parameters.StoredBytes

    if stored > 0L then
        float stored
    else
        let head = float model.Config.VocabularySize * float model.Config.HiddenSize
        4.0 * (LoRi.Runs.Plans.StageMeasures.BlockWeights model + head)

let measure (settings: Settings) : Row list =
    torch.set_num_threads settings.Threads

    [
        for name, storage in forms do
            let load = LoadSettings(Precision.Full, torch.CPU, Storage = storage)

            let struct (loaded, _), loading =
                timed (fun () -> ModelLoader.Load(settings.Model, load))

            use model = loaded

            {
                Form = name
                Loading = loading
                Bytes = bytesOf model
                Paces = List.map (pace settings.Rounds model) batches
            }
    ]

let markdown (settings: Settings) (rows: Row list) =
    let line row pace =
        let read = row.Bytes / pace.Pass

        $"| {row.Form} | %.0f{row.Bytes / 1e6} MB | %.2f{row.Loading} | {pace.Batch} | %.3f{pace.Prompt} | %.1f{1e3 * pace.Pass} | %.1f{float pace.Batch / pace.Pass} | %.1f{read / 1e9} | %.0f{100.0 * read / pace.Memory} %% |"

    String.Join(
        "\n",
        [
            $"{Path.GetFileName settings.Model}, {settings.Threads} thread(s), {promptTokens} tokens asked; medians of {settings.Rounds} rounds, each between two readings of 512 MB"
            ""
            "| matrices | bytes | loading, s | batch | question, s | a token of each, ms | tokens/s | GB/s | share of memory's rate |"
            "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
            for row in rows do
                for pace in row.Paces do
                    line row pace
        ]
    )
