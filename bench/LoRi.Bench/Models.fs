/// What a real checkpoint costs against what the machine can do: loading against reading the file, prefill and a fine-tuning step
/// against a 2048-cube product of the same type, cached decoding against the memory's bandwidth.
module LoRi.Bench.Models

open System
open System.IO
open LoRi.Bench.Clock
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Runs.Plans
open LoRi.Training
open TorchSharp

type Settings =
    {
        Model: string
        Rounds: int
        Threads: int
    }

/// One line: what, the type, a unit, and the samples.
type Row =
    {
        What: string
        Dtype: string
        Unit: string
        Samples: Sample list
    }

let private prefillTokens = 512
let private batch, length = 4, 128
let private decodedTokens = 24
let private promptTokens = 64

/// Weights that every token is multiplied by, the head included; products of attention are not counted.
let private multiplied (model: ReasoningModel) =
    let head =
        int64 model.Config.VocabularySize * int64 model.Config.HiddenSize |> float

    StageMeasures.BlockWeights model + head

let private ids (seed: int) count vocabulary =
    let random = Random seed
    Array.init count (fun _ -> random.Next(3, vocabulary))

let private prefill (model: ReasoningModel) =
    let row = ids 1 prefillTokens model.Config.VocabularySize

    2.0 * multiplied model * float prefillTokens,
    fun () ->
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let rows = PaddedRows.Right([| row |], torch.CPU)
        let weights = model.Weights()

        let pass =
            model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions())

        Decoder.Logits(weights, pass.Final) |> ignore

/// Forward, backward and update; every token but the first of a row is graded.
let private step (model: ReasoningModel) (optimizer: AdamW) =
    let rows =
        [|
            for row in 1..batch -> GradedRow(ids row (length + 1) model.Config.VocabularySize, 1, 1)
        |]

    6.0 * multiplied model * float (batch * length),
    fun () ->
        use _ = torch.NewDisposeScope()
        model.Parameters.Gradients.zero_ () |> ignore
        let pass = GradedPass.Run(model, model.Weights(), rows, false)
        (pass.CrossEntropySum / (float (batch * length)).ToScalar()).backward()
        optimizer.Step 1e-5 |> ignore

/// Tokens one by one after a prompt; the work is the bytes of all weights for each.
let private decoding (model: ReasoningModel) =
    let bytes = multiplied model * float (model.Parameters.Values.element_size ())
    let prompt = ids 2 promptTokens model.Config.VocabularySize

    let plan tokens =
        GenerationPlan(PlainReasoning.Explicit, [||], tokens, [||])

    let generate tokens () =
        AnswerGenerator.Generate(model, [| prompt |], plan tokens) |> ignore

    bytes * float decodedTokens, generate 1, generate (1 + decodedTokens)

/// The prompt's own pass is taken off.
let private decodingSample seconds model memory =
    let work, prompt, whole = decoding model
    let memoryWork, read = memory
    let before = seconds (once read)
    let short = seconds (once prompt)
    let long = seconds (once whole)
    let after = seconds (once read)

    {
        Rate = work / (long - short)
        Ceiling = 2.0 * memoryWork / (before + after)
    }

let private precision dtype =
    if dtype = torch.ScalarType.BFloat16 then
        Precision(dtype, dtype)
    else
        Precision.Full

let private load path precision =
    let struct (model, _) = ModelLoader.Load(path, LoadSettings.OnCpu precision)
    model

let private repeated settings sample =
    sample () |> ignore
    [ for _ in 1 .. settings.Rounds -> sample () ]

/// Reading a file in pieces into one buffer.
let private reading (file: string) =
    let buffer = Array.zeroCreate<byte>(16 <<< 20)

    float (FileInfo(file).Length),
    fun () ->
        use stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0)

        while stream.Read(buffer, 0, buffer.Length) > 0 do
            ()

/// A Hub folder with the model's weights in bfloat16.
let private writeFolder (settings: Settings) =
    let folder = Directory.CreateTempSubdirectory("lori-bench-").FullName
    use model = load settings.Model (precision torch.ScalarType.BFloat16)

    let card =
        ReasoningCard(
            Method = "cot",
            Reasoning = PlainReasoning.Explicit,
            AnswerPrefix = "",
            PrefixIds = [||],
            Special = SpecialIds(0, 0, 0),
            Projection = ProjectionKind.Identity,
            ProjectionWidth = 0
        )

    ModelWriter.Write(folder, model, card, null)
    folder

let private loading settings seconds =
    let folder = writeFolder settings

    try
        let file = reading (Path.Combine(folder, "model.safetensors"))

        [
            for dtype in [ torch.ScalarType.BFloat16; torch.ScalarType.Float32 ] ->
                let loads () =
                    (load folder (precision dtype)).Dispose()

                {
                    What = "loading bfloat16 weights, against reading the file"
                    Dtype = $"{dtype}"
                    Unit = "GB/s"
                    Samples = repeated settings (fun () -> between seconds file (fst file, loads))
                }
        ]
    finally
        Directory.Delete(folder, true)

let private passes settings seconds (dtype: torch.ScalarType) =
    use model = load settings.Model (precision dtype)
    let ceiling, memory = Ceilings.product dtype, Ceilings.reading ()

    let row what unit samples =
        {
            What = what
            Dtype = $"{dtype}"
            Unit = unit
            Samples = samples
        }

    [
        row
            $"prefill of {prefillTokens} tokens"
            "GFLOP/s"
            (repeated settings (fun () -> between seconds ceiling (prefill model)))
        row "cached decoding, batch 1" "GB/s" (repeated settings (fun () -> decodingSample seconds model memory))
    ]

/// In bfloat16 the master weights and the optimizer stay float32, as in training.
let private training settings seconds (dtype: torch.ScalarType) =
    use model = load settings.Model (Precision(torch.ScalarType.Float32, dtype))
    use optimizer = new AdamW(model.Parameters, OptimizerSettings(LearningRate = 1e-5))
    let ceiling, step = Ceilings.product dtype, step model optimizer

    {
        What = $"fine-tuning step of {batch} x {length} tokens"
        Dtype = $"{dtype}"
        Unit = "GFLOP/s"
        Samples = repeated settings (fun () -> between seconds ceiling step)
    }

/// With one thread processor time is measured, else the wall clock.
let measure (settings: Settings) : Row list =
    torch.set_num_threads settings.Threads

    let seconds (took: Took) =
        if settings.Threads = 1 then took.Cpu else took.Wall

    [
        yield! loading settings seconds
        for dtype in [ torch.ScalarType.Float32; torch.ScalarType.BFloat16 ] do
            yield! passes settings seconds dtype
            training settings seconds dtype
    ]

let markdown (settings: Settings) (rows: Row list) =
    let clock =
        if settings.Threads = 1 then
            "processor time"
        else
            "wall clock"

    let line (row: Row) =
        let rate = row.Samples |> List.map _.Rate |> median
        let ceiling = row.Samples |> List.map _.Ceiling |> median
        let shares = List.map share row.Samples

        $"| {row.What} | {row.Dtype} | %.1f{rate / 1e9} {row.Unit} | %.1f{ceiling / 1e9} | %.0f{100.0 * median shares} %% | %.0f{100.0 * List.min shares} - %.0f{100.0 * List.max shares} %% |"

    String.Join(
        "\n",
        [
            $"{settings.Threads} thread(s), {clock}, medians of {settings.Rounds} rounds, each between two measurements of its ceiling"
            ""
            "| what | dtype | rate | ceiling | share | range |"
            "| --- | --- | --: | --: | --: | --: |"
            yield! List.map line rows
        ]
    )
