/// The decoder against a family's reference numbers: each check gives the largest errors that it saw.
module LoRi.Training.Tests.FamilyChecks

open System
open LoRi.Models.Decoders
open LoRi.Models.Reasoning
open LoRi.Models.Weights
open LoRi.Training.Tests.FamilyFixture
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// Something compared: the largest error and what is allowed.
type Measured =
    {
        What: string
        Error: float
        Limit: float
    }

/// The largest absolute difference; arrays of different length, or NaN, are infinitely far.
let distance (wanted: float[]) (found: float[]) =
    if wanted.Length <> found.Length then
        infinity
    else
        Array.fold2
            (fun largest (a: float) b ->
                let error = abs (a - b)
                if Double.IsNaN error then infinity else max largest error)
            0.0
            wanted
            found

let private measure limit what wanted found =
    {
        What = what
        Error = distance wanted found
        Limit = limit
    }

/// What every check starts from.
type Context =
    {
        Checkpoint: Checkpoint
        Numbers: Numbers
        Model: ReasoningModel
    }

    /// An expected array of this number type.
    member this.Wanted(name: string) =
        use file = golden this.Checkpoint
        file.ReadDoubles(this.Numbers.Prefix + name)

    member this.States what name found =
        measure this.Numbers.States what (this.Wanted name) found

let private pass (context: Context) (rows: PaddedRows) =
    let weights = context.Model.Weights()
    let embedded = context.Model.Decoder.Embed(weights, rows.Ids)
    weights, context.Model.Decoder.Forward(weights, embedded, rows.Positions(), null, true)

/// All hidden states and logits of one row.
let single (context: Context) =
    use _ = torch.NewDisposeScope()
    let row = ids "single_ids" context.Checkpoint
    let weights, result = pass context (PaddedRows.Right([| row |], torch.CPU))
    let hidden = result.Levels |> nonNull |> Array.map (fun level -> level.squeeze 0L)

    [
        context.States "hidden states" "single.hidden" (doubles (torch.stack hidden))
        context.States "logits" "single.logits" (doubles (Decoder.Logits(weights, result.Final)))
    ]

let private side (context: Context) (rows: int[][]) left =
    let padded =
        if left then
            PaddedRows.Left(rows, torch.CPU)
        else
            PaddedRows.Right(rows, torch.CPU)

    let weights, result = pass context padded
    let name = if left then "left" else "right"
    let logits = Decoder.Logits(weights, result.Final)
    let vocabulary = int logits.shape[2]
    let found, wanted = doubles logits, context.Wanted $"batch.{name}.logits"

    let errors =
        [
            for row in 0 .. rows.Length - 1 do
                for token in 0 .. rows[row].Length - 1 do
                    let start = (row * padded.Width + padded.Column(row, token)) * vocabulary
                    distance wanted[start .. start + vocabulary - 1] found[start .. start + vocabulary - 1]
        ]

    {
        What = $"padded {name}"
        Error = List.max errors
        Limit = context.Numbers.States
    }

/// A batch of rows of different length, padded on each side.
let padded (context: Context) =
    use _ = torch.NewDisposeScope()

    let rows =
        [|
            for row in items "rows" (context.Checkpoint.Inputs.GetProperty "batch") -> ints row
        |]

    [ side context rows true; side context rows false ]

/// Inputs one by one after a first pass; gives each step's levels and logits, the states of the first pass first.
let private stepwise
    (context: Context)
    (prefill: int)
    (input: DecoderWeights -> torch.Tensor -> int -> torch.Tensor)
    steps
    =
    let row = (ids "single_ids" context.Checkpoint)[.. prefill - 1]
    let rows = PaddedRows.Right([| row |], torch.CPU)
    let weights, first = pass context rows
    let mutable cache, progress = first.Cache, rows.Advance null
    let mutable state = first.Final.narrow (1L, int64 prefill - 1L, 1L)

    let levels, logits =
        [|
            for step in 0 .. steps - 1 do
                let struct (positions, after) = progress.OneToken torch.CPU

                let next =
                    context.Model.Decoder.Forward(weights, input weights state step, positions, cache, true)

                cache <- next.Cache
                progress <- after
                state <- next.Final

                torch.stack (next.Levels |> nonNull |> Array.map (fun level -> level.view (-1L))),
                Decoder.Logits(weights, next.Final).view(-1L)
        |]
        |> Array.unzip

    doubles (Decoder.Logits(weights, first.Final)), doubles (torch.stack levels), doubles (torch.stack logits)

let private count (name: string) (key: string) (context: Context) =
    (context.Checkpoint.Inputs.GetProperty name).GetProperty(key).GetInt32()

/// Ids one by one through the cache.
let cached (context: Context) =
    use _ = torch.NewDisposeScope()
    let prefill, steps = count "cache" "prefill" context, count "cache" "steps" context
    let row = ids "single_ids" context.Checkpoint

    let input weights _ step =
        context.Model.Decoder.Embed(weights, torch.tensor([| int64 row[prefill + step] |]).view(1L, 1L))

    let first, _, logits = stepwise context prefill input steps

    [
        context.States "cache: first pass" "cache.prefill_logits" first
        context.States "cache: one by one" "cache.step_logits" logits
    ]

let private embeddings (context: Context) (kind: string) input =
    use _ = torch.NewDisposeScope()

    let prefill, steps =
        count "latent" "prefill" context, count "latent" "steps" context

    let _, levels, logits = stepwise context prefill input steps

    [
        context.States $"{kind}: hidden states" $"{kind}.hidden" levels
        context.States $"{kind}: logits" $"{kind}.logits" logits
    ]

/// Given input embeddings one by one.
let latent (context: Context) =
    use file = golden context.Checkpoint

    use given =
        file.ReadTensor("latent.inputs_embeds", Nullable context.Numbers.Precision.Compute)

    let width = int64 context.Model.Config.HiddenSize
    embeddings context "latent" (fun _ _ step -> given.view(-1L, 1L, 1L, width).select(0L, int64 step))

/// Each step's input is the final state before it.
let feedback (context: Context) =
    embeddings context "feedback" (fun _ state _ -> state)

/// Ids that a greedy continuation chose otherwise.
let greedy (context: Context) =
    let prompts = [| for row in items "prompts" context.Checkpoint.Inputs -> ints row |]

    let wanted =
        [|
            for row in items "continuations" (context.Checkpoint.Expected.GetProperty "greedy") -> ints row
        |]

    let plan = GenerationPlan(PlainReasoning.Explicit, [||], wanted[0].Length, [||])

    let written = AnswerGenerator.Generate(context.Model, prompts, plan)

    let wrong =
        Seq.zip wanted written
        |> Seq.sumBy (fun (a, b) ->
            if a.Length <> b.Length then
                a.Length
            else
                Seq.zip a b |> Seq.filter (fun (x, y) -> x <> y) |> Seq.length)

    [
        {
            What = "greedy ids that differ"
            Error = float wrong
            Limit = 0.0
        }
    ]
