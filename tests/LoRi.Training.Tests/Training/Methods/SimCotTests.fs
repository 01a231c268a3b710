/// SIM-CoT on tiny random models of every family, and which steps it finds in a text.
module LoRi.Training.Tests.SimCotTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.Coconut
open LoRi.Training.Methods.SimCot
open LoRi.Training.Tests.MethodProperties
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies
open TorchSharp

/// Rows of several steps, some with more than there are slots, one without any.
let private explained =
    rows
    |> Array.map (fun row ->
        EncodedExample(
            row.Index,
            row.Question,
            row.Rationale,
            row.Prefix,
            row.Answer,
            Steps = Array.chunkBySize 2 row.Rationale,
            Explained = ExplainedSteps(Array.chunkBySize 2 row.Rationale, [| 4 |])
        ))

let private withDecoder (config: DecoderConfig) seed =
    let copy = AuxiliaryDecoder.Module config
    let model = modelWith config [ copy ] seed
    (nonNull copy.Initialise).Invoke(model, seed)
    model

let private subjectOf objective shared =
    {
        Objective = objective
        Moment = Moment(0, 0.0)
        Shared = shared
        Stopped = shared
    }

let private onCodi = SimCotOnCodi(2, 1.0, 1.0, Grading.Answer)

let private stages =
    LatentStages(PerStep = 2, Last = 2, EpochsPerStage = 1.0, First = 3, Reset = OptimizerReset.Never)

let private subjects =
    [
        "on codi", subjectOf onCodi (set [ "anchor" ])
        "on coconut", subjectOf (SimCotOnCoconut(stages, 1.0)) Set.empty
        "on coconut, before the whole chain is replaced",
        subjectOf
            (SimCotOnCoconut(LatentStages(PerStep = 2, Last = 2, EpochsPerStage = 100.0, First = 1), 1.0))
            Set.empty
    ]

/// A change of the auxiliary decoder changes the explanations alone.
let private reaches name (subject: Subject) =
    testList
        $"{name}: the explanations reach every parameter of the auxiliary decoder, and nothing else does"
        [
            for shape, config in shapes ->
                test shape {
                    NativeRuntime.Load()
                    use model = withDecoder config 5L
                    use _ = torch.NewDisposeScope()

                    let gradients wanted =
                        model.Parameters.Gradients.zero_ () |> ignore

                        let terms =
                            subject.Objective
                                .Prepare(explained, subject.Moment, LoRi.Models.SeededRandom(3L, "rows"))
                                .Losses(model, 0, explained.Length)

                        (terms |> Seq.filter wanted |> PeerFixture.total).backward()

                        [
                            for part in model.Parameters.PartNames do
                                if part.StartsWith "decoder." then
                                    part, number (model.Parameters.PartGradient(part).abs().max())
                        ]

                    for part, size in gradients (fun term -> term.Name = "explain") do
                        // A bias of all keys alike changes no attention.
                        if not (part.EndsWith "k_proj.bias") then
                            Expect.isGreaterThan size 1e-12 part

                    for part, size in gradients (fun term -> term.Name <> "explain") do
                        Expect.equal size 0.0 part
                }
        ]

/// A batch in another order has the same losses.
let private order name (subject: Subject) =
    testList
        $"{name}: the order of rows changes no loss"
        [
            for shape, config in shapes ->
                test shape {
                    NativeRuntime.Load()
                    use model = withDecoder config 5L
                    use _ = torch.NewDisposeScope()

                    let losses (rows: EncodedExample[]) =
                        subject.Objective
                            .Prepare(rows, subject.Moment, LoRi.Models.SeededRandom(3L, "rows"))
                            .Losses(model, 0, rows.Length)

                    for one, other in Seq.zip (losses explained) (losses (Array.rev explained)) do
                        near 1e-10 (number one.Value) (number other.Value) one.Name
                }
        ]

/// A row without any step has nothing to explain on CODI.
let private empty =
    test "a step without anything to explain has an explanation loss of zero" {
        NativeRuntime.Load()
        use model = withDecoder (snd shapes.Head) 5L
        use _ = torch.NewDisposeScope()
        let terms = PreparedSteps.lossesOf onCodi model [| explained[1] |]
        let term = terms |> Seq.find (fun term -> term.Name = "explain")
        Expect.equal (number term.Value) 0.0 "explanations"
        (PeerFixture.total terms).backward()
    }

/// What an auxiliary decoder learnt to write is what it writes.
let private says =
    testList
        "after training the auxiliary decoder says the steps"
        [
            for name, reasoning, objective in
                [
                    "on codi", SequentialReasoning 2, (onCodi :> IObjective)
                    "on coconut", SequentialReasoning(4, 2), SimCotOnCoconut(stages, 1.0)
                ] do
                test name {
                    NativeRuntime.Load()
                    use model = withDecoder (snd shapes.Head) 5L

                    let rows =
                        explained |> Array.filter (fun row -> row.Explained.Count > 0) |> Array.truncate 3

                    use trainer =
                        new Trainer(model, objective, rows, TinyTraining.plan 150 rows.Length rows.Length 1L)

                    while not trainer.Finished do
                        trainer.Step() |> ignore

                    let slots = nonNull (LatentSlots.Of reasoning)

                    let said =
                        AuxiliaryDecoder.Explain(model, rows |> Array.map _.Question, reasoning, 20)

                    for row, said in Seq.zip rows said do
                        let wanted = row.Explained.InSlots(slots.Slots, row.Answer[row.Answer.Length - 1])

                        for slot, ids in Seq.indexed wanted do
                            if ids.Length > 0 then
                                Expect.equal said[slot] ids (slots.Name(slot, reasoning.Steps))
                }
        ]

[<Tests>]
let tests =
    testList
        "SIM-CoT"
        [
            for name, subject in subjects do
                propertiesOn withDecoder 1e-5 explained name subject subject
                reaches name subject
                order name subject
            empty
            says
        ]
