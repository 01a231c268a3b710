/// iCoT-SI against the reference's short trainings, step by step: what is removed, the rows that the model gets, losses, gradients, and
/// where the optimizer begins anew.
module LoRi.Training.Tests.IcotSiFixtureTests

open System
open System.Collections.Generic
open System.Globalization
open System.Text.Json
open Expecto
open LoRi.Files.Data
open LoRi.Files.Tokenizers
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.IcotSi
open LoRi.Training.Tests.IcotSiFixture
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// What the reference has and the product does otherwise, with the reason.
let private impossible =
    [
        "generation_greedy.batch", "rows that have ended are filled until all have"
        "an end of sequence as the first new id", "the reference does not count it towards the two that end a row"
        "skipped batches", "the product leaves long rows out beforehand; here the schedule is driven by hand"
    ]

let private known name (element: JsonElement) =
    find name element |> Option.filter (fun value -> value.ValueKind <> JsonValueKind.Null)

let private isTrue name (step: JsonElement) =
    (known name step) |> Option.exists _.GetBoolean()

let private idsOf (rows: JsonElement list) = rows |> List.map ints

/// The rows of a step as they lie in the file.
let private laidOut (objective: IcotSiObjective) (step: JsonElement) eos index =
    let examples =
        idsOf (items "original_input_ids" step) |> List.map (example eos) |> Array.ofList

    examples, objective.LayOut(examples, Moment(index, 0.0), SeededRandom(0L, "unused"))

let private offsets (step: JsonElement) =
    known "offsets" step |> Option.map ints |> Option.defaultValue [||] |> Queue

let private compareRows eos (step: JsonElement) (rows: IReadOnlyList<ShortenedRow>) =
    let labels = idsOf (items "labels" step)
    let positions = known "position_ids" step

    for index, (row, ids) in List.indexed (List.zip (List.ofSeq rows) (idsOf (items "input_ids" step))) do
        let graded = row.Graded
        let length = graded.Ids.Length
        Expect.equal (Array.take length ids) graded.Ids "ids"
        Expect.allEqual ids[length..] eos "filler"

        let label =
            [|
                for at in 0 .. ids.Length - 1 ->
                    if at >= graded.GradedFrom && at < length then
                        ids[at]
                    else
                        -100
            |]

        Expect.equal labels[index] label "labels"

        match positions with
        | None -> Expect.isNull graded.Gap "no gap"
        | Some positions ->
            let theirs = ints (Seq.item index (positions.EnumerateArray()))

            let shift at =
                match graded.Gap with
                | null -> 0
                | gap -> if at >= gap.Before then gap.Count else 0

            Expect.equal theirs[.. length - 1] [| for at in 0 .. length - 1 -> at + shift at |] "positions"

let private wantedSchedule (step: JsonElement) =
    match known "scheduled_to_remove" step with
    | Some value -> Nullable(value.GetInt32())
    | None -> Nullable()

/// Which of the graded tokens of a step the model finds likeliest.
let private correct (model: ReasoningModel) (rows: IReadOnlyList<ShortenedRow>) =
    use _ = torch.no_grad ()
    let graded = [| for row in rows -> row.Graded |]
    let logits = (GradedPass.Run(model, model.Weights(), graded, false)).Logits
    let found = logits.argmax(-1L).data<int64>().ToArray()
    let wanted = graded |> Array.collect (fun row -> row.Ids[row.GradedFrom ..])
    Seq.zip found wanted |> Seq.filter (fun (a, b) -> a = int64 b) |> Seq.length

/// In float64 the reference looks at the float32 weights that it trains: only its first step is one of float64 throughout.
let private limit numbers index exact =
    if numbers = float32 || index = 0 then exact else 1e-4

let private compareLoss numbers index (step: JsonElement) (loss: float) (norm: float) =
    let suffix = if numbers = float64 then "_float64" else ""

    let wanted (name: string) =
        known (name + suffix) step |> Option.map _.GetDouble()

    near (limit numbers index numbers.Loss) (Option.get (wanted "loss")) loss $"loss of step {index}"

    wanted "grad_norm_before_clip"
    |> Option.iter (fun wanted -> near (limit numbers index numbers.Value) wanted norm $"norm of step {index}")

let private run (reference: Reference) numbers (run: Run) =
    NativeRuntime.Load()
    use model = model reference numbers.Precision
    use optimizer = new AdamW(model.Parameters, optimizer run)
    let eos = reference.Id "eos_id"
    let schedule = schedule reference run
    let drawn = Queue<int>()
    let objective = objective reference run drawn
    let curriculum = (objective :> IObjective).Curriculum
    let mutable before: (unit -> IPreparedStep) option = None
    model.Parameters.Gradients.zero_ () |> ignore
    let accumulate = int (run.Number("accumulate", 1.0))

    for index, step in List.indexed run.Steps do
        use _ = torch.NewDisposeScope()
        let moment = Moment(index, 0.0)
        Expect.equal (schedule.At index) (wantedSchedule step) $"scheduled at step {index}"
        let offsets = offsets step

        let fill () =
            drawn.Clear()
            Seq.iter drawn.Enqueue offsets

        match before with
        | Some before when curriculum.ResetsOptimizer(moment, Func<IPreparedStep> before) ->
            Expect.isTrue (isTrue "optimizer_recreated_before" step) $"the optimizer begins anew before step {index}"
            optimizer.Reset()
        | _ -> Expect.isFalse (isTrue "optimizer_recreated_before" step) $"the optimizer goes on at step {index}"

        fill ()
        let skipped = isTrue "skipped" step

        // A skipped batch has no offsets in the file; they would not matter.
        if offsets.Count = 0 then
            Seq.iter drawn.Enqueue (Array.zeroCreate<int> 64)

        let examples, rows = laidOut objective step eos index

        let prepare () =
            fill ()

            if offsets.Count = 0 then
                Seq.iter drawn.Enqueue (Array.zeroCreate<int> 64)

            (objective :> IObjective).Prepare(examples, moment, SeededRandom(0L, "unused"))

        before <- Some prepare

        if not skipped then
            compareRows eos step rows
            let prepared = prepare ()
            Expect.equal (int prepared.Totals["task"]) (step.GetProperty("label_tokens").GetInt32()) "graded tokens"
            Expect.equal (correct model rows) (step.GetProperty("correct_tokens").GetInt32()) "tokens found likeliest"
            let loss = (prepared.Losses(model, 0, examples.Length) |> Seq.exactlyOne).Value
            (loss / (float accumulate).ToScalar()).backward()
            let norm = number (model.Parameters.Gradients.norm ())
            compareLoss numbers index step (number loss) norm

            if isTrue "optimizer_step" step then
                optimizer.Step(run.Number("lr", 5e-5)) |> ignore
                model.Parameters.Gradients.zero_ () |> ignore

    for norm in run.Final.EnumerateObject() do
        use _ = torch.NewDisposeScope()
        // The part of this bias that is added to keys has a gradient of rounding alone, which AdamW turns into whole steps.
        let limit = if norm.Name.EndsWith "attn.c_attn.bias" then 1e-3 else 1e-5
        near limit (norm.Value.GetDouble()) (number (model.Parameters.Part(norm.Name).norm())) $"size of {norm.Name}"

/// The reference's probabilities of offsets, and a large sample of the product's draws.
let private distribution (reference: Reference) =
    for wanted in (reference.Expected.GetProperty "removal_offset_distribution").EnumerateObject() do
        let offsets =
            RemovalOffsets(Double.Parse(wanted.Name, CultureInfo.InvariantCulture))

        let probabilities =
            [| for value in wanted.Value.EnumerateArray() -> value.GetDouble() |]

        nearArrays
            1e-6
            probabilities
            [| for at in 0 .. probabilities.Length - 1 -> offsets.Probabilities[at] |]
            "probabilities"

        near 1e-12 1.0 (Seq.sum offsets.Probabilities) "sum of the probabilities"
        let random, draws = SeededRandom(11L, "offsets"), 20_000
        let drawn = Array.init draws (fun _ -> offsets.Draw random)

        // Cells with few expected draws are one cell.
        let cells =
            probabilities |> Array.takeWhile (fun share -> share * float draws >= 20.0)

        let chi =
            cells
            |> Array.indexed
            |> Array.sumBy (fun (offset, share) ->
                let expected = share * float draws
                let found = drawn |> Array.filter ((=) offset) |> Array.length |> float
                (found - expected) ** 2.0 / expected)

        // The 0.999 quantile of chi-square with as many degrees, by Wilson and Hilferty.
        let degrees = float cells.Length
        let spread = 2.0 / (9.0 * degrees)
        Expect.isLessThan chi (degrees * (1.0 - spread + 3.09 * sqrt spread) ** 3.0) "chi-square of the draws"

/// Answers end with the second end of sequence; one that comes first is not counted by the reference.
let private answers (reference: Reference) numbers =
    NativeRuntime.Load()
    use model = model reference numbers.Precision
    let generation = reference.Expected.GetProperty "generation_greedy"
    let eos = reference.Id "eos_id"

    for row in items "single" generation do
        let wanted = ints (row.GetProperty "new_ids")

        let plan =
            GenerationPlan(
                PlainReasoning.Explicit,
                [||],
                generation.GetProperty("max_new_tokens").GetInt32(),
                [| eos |],
                StopAfterEnds = 2
            )

        let found =
            (AnswerGenerator.Generate(model, [| ints (row.GetProperty "prompt_ids") |], plan))[0]

        let cut =
            if wanted[0] = eos then
                Array.take found.Length wanted
            else
                wanted

        Expect.equal found cut "ids"

let private encodes (reference: Reference) =
    NativeRuntime.Load()
    let folder = path (reference.Folder + "/base")
    let tokenizer = TokenizerFile.Load(IO.Path.Combine(folder, "tokenizer.json"))

    let encoder =
        ExampleEncoder(tokenizer, "", reference.Id "eos_id", TeacherTextOption.Full, TextForms.Icot)

    for problem, ids in Seq.zip (items "text" reference.Batch) (items "sequences" reference.Batch) do
        let steps = (text "cot" problem).Split(' ', StringSplitOptions.RemoveEmptyEntries)

        let found =
            encoder.Encode(
                ReasoningExample("", text "question" problem, steps, text "cot" problem, text "answer" problem),
                0
            )

        let whole =
            Array.concat [ found.Question; found.Rationale; found.Prefix; found.Answer ]

        Expect.equal whole (ints ids) "ids of a row"

[<Tests>]
let tests =
    fixtureTests "iCoT-SI against the reference" (fun () ->
        [
            for reference in references () do
                testList
                    reference.Name
                    [
                        for numbers in [ float64; float32 ] do
                            for one in runs reference do
                                testCase $"{numbers.Name}: {one.Name}" (fun () ->
                                    Agreement.at reference.Name numbers.Name "steps of a training" (fun () ->
                                        run reference numbers one))

                            testCase $"{numbers.Name}: answers" (fun () -> answers reference numbers)

                        testCase "offsets" (fun () -> distribution reference)
                        testCase "text becomes the reference's ids" (fun () -> encodes reference)
                    ]
            testList "impossible" [ for name, reason in impossible -> ptestCase $"{name}: {reason}" ignore ]
        ])
