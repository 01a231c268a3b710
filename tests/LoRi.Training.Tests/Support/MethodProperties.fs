/// What every method must keep on tiny random models of every family, whatever it minimises: rows do not see each other, a step may be
/// split, its gradient is the slope of its loss, and training lowers the loss.
module LoRi.Training.Tests.MethodProperties

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies
open TorchSharp

/// The same sums in another order: roundings of 1e-16 over some hundred operations, with a wide margin.
let private rounding = 1e-10

/// A method to look at.
type Subject =
    {
        Objective: IObjective
        /// Where in its course it is looked at.
        Moment: Moment
        /// Terms that divide by something that the rows of a pass share, so that they are no sum over rows.
        Shared: Set<string>
        /// Terms with a side that gets no gradient although it moves with the weights.
        Stopped: Set<string>
    }

/// Problems of different length, whose rationale is the sum of its steps; the second has none.
let rows =
    TinyTraining.data 8
    |> Array.map (fun row ->
        EncodedExample(
            row.Index,
            row.Question,
            row.Rationale,
            row.Prefix,
            row.Answer,
            Steps = Array.chunkBySize 3 row.Rationale
        ))

let private prepare subject rows =
    subject.Objective.Prepare(rows, subject.Moment, LoRi.Models.SeededRandom(3L, "rows"))

let private sums (step: IPreparedStep) model (parts: (int * int) list) shared =
    [
        for first, count in parts do
            for term in step.Losses(model, first, count) do
                if not (Set.contains term.Name shared) then
                    term.Name, number term.Value
    ]
    |> List.groupBy fst
    |> List.map (fun (name, values) -> name, List.sumBy snd values)

/// Whatever rows pass together, the terms are the same.
let private cuts subject (rows: EncodedExample[]) model =
    let step = prepare subject rows
    let whole = sums step model [ 0, rows.Length ] subject.Shared

    for size in [ 1; 2; 3; 5 ] do
        let parts =
            [
                for first in 0..size .. rows.Length - 1 -> first, min size (rows.Length - first)
            ]

        for (name, wanted), (_, found) in List.zip whole (sums step model parts subject.Shared) do
            near rounding wanted found $"{name} in parts of {size}"

/// The total of those terms that have no stopped side.
let private smooth subject (rows: EncodedExample[]) (model: ReasoningModel) =
    (prepare subject rows).Losses(model, 0, rows.Length)
    |> Seq.filter (fun term -> not (subject.Stopped.Contains term.Name))
    |> total

/// The slope of the loss along some directions, by central differences of fourth order.
let private slopes stride subject rows (model: ReasoningModel) =
    differentiate model (smooth subject rows model)
    let gradient = model.Parameters.Gradients.clone ()
    let values = model.Parameters.Values.clone ()

    for seed in 1L .. 2L do
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let direction = torch.zeros_like values
        LoRi.Models.SeededRandom(seed, "direction").FillNormal(direction, 1.0)

        let at (distance: float) =
            model.Parameters.Values.copy_ (values + direction * distance.ToScalar()) |> ignore
            number (smooth subject rows model)

        let central (step: float) = (at step - at -step) / (2.0 * step)
        let slope = (4.0 * central stride - central (2.0 * stride)) / 3.0
        model.Parameters.Values.copy_ values |> ignore
        near 1e-5 slope (number ((gradient * direction).sum())) "slope of the loss"

/// Matrices' gradients that are taken once for all passes, passes whose way back is written out, and blocks that are computed again have
/// the gradients that autograd takes for every pass.
let private deferred subject (rows: EncodedExample[]) (model: ReasoningModel) =
    differentiate model (total ((prepare subject rows).Losses(model, 0, rows.Length)))
    let wanted = doubles model.Parameters.Gradients

    for fewest, tapes, recomputes in
        [
            0L, false, false
            100L, true, false
            0L, true, false
            100L, true, true
            0L, true, true
        ] do
        use gradients = new DeferredGradients(model, fewest, tapes, recomputes)
        model.Parameters.Gradients.zero_ () |> ignore
        gradients.Differentiate(total ((prepare subject rows).Losses(model, 0, rows.Length)))

        nearArrays
            1e-12
            wanted
            (doubles model.Parameters.Gradients)
            $"gradient (from {fewest}, tapes {tapes}, recomputed {recomputes})"

let private falls subject (rows: EncodedExample[]) (model: ReasoningModel) =
    let plan = TinyTraining.plan 30 rows.Length rows.Length 1L
    use trainer = new Trainer(model, subject.Objective, rows, plan)

    let losses =
        [
            while not trainer.Finished do
                trainer.Step().Loss
        ]

    Expect.isLessThan (List.last losses) (0.8 * List.head losses) "the loss after 30 steps"

/// All properties of a method on models that are made so, and on rows of its own, its slopes taken over such a stride. `lower` makes the
/// method as it is trained on, where that is another point of its course.
let propertiesOn
    (modelOf: DecoderConfig -> int64 -> ReasoningModel)
    stride
    rows
    name
    (subject: Subject)
    (lower: Subject)
    =
    let perShape what (check: ReasoningModel -> unit) =
        testList
            what
            [
                for shape, config in shapes ->
                    testCase shape (fun () ->
                        NativeRuntime.Load()
                        use model = modelOf config 5L
                        use _ = torch.NewDisposeScope()
                        check model)
            ]

    testList
        name
        [
            perShape "any cut into micro-batches, rows alone among them, has the same terms" (cuts subject rows)
            perShape "the gradient is the slope of the loss" (slopes stride subject rows)
            perShape
                "gradients taken once for all passes, and through blocks computed again, are autograd's"
                (deferred subject rows)
            perShape "training lowers the loss of eight rows" (falls lower rows)
        ]

/// The same on the usual rows.
let propertiesOf modelOf stride = propertiesOn modelOf stride rows

/// All properties of a method that has no weights beside the model's.
let properties = propertiesOf model 1e-5
