/// iCoT-KD on tiny random models of every family: its three stages, and where states are read.
module LoRi.Training.Tests.IcotKdTests

open System
open System.Runtime.CompilerServices
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.IcotKd
open LoRi.Training.Tests.MethodProperties
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies
open TorchSharp

let private reasoning components =
    SubstitutedReasoning(components, 0.5, 20)

let private modelOf components (config: DecoderConfig) seed =
    let modules = (reasoning components :> IReasoning).Modules config
    let model = modelWith config (List.ofSeq modules) seed

    for part in modules do
        (nonNull part.Initialise).Invoke(model, seed)

    model

/// A teacher of the model's shape, and its states.
let private states (config: DecoderConfig) =
    new TeacherStates(TinyFamilies.model config 9L, (fun row layers -> StatePlaces(Nullable()).Of(row, layers)))

/// A source of states that makes a teacher for each model that asks: tests run side by side, and a decoder serves one thread at a time.
type private Lazily() =
    let teachers = ConditionalWeakTable<ReasoningModel, TeacherStates>()

    interface IStateSource with
        member _.Read(model, rows) =
            let teacher = teachers.GetValue(model, (fun asking -> states asking.Config))
            (teacher :> IStateSource).Read(model, rows)

        member _.LengthOf _ = 0

let private stages components : (string * IObjective) list =
    let emulated = EmulatedStates (reasoning components).Emulator

    [
        "a student on its teacher's states", SubstitutedObjective(Lazily())
        "an emulator", EmulatorObjective(Lazily(), emulated)
        "a student on emulated states", SubstitutedObjective emulated
    ]

/// Rectifiers make the loss smooth in pieces alone: a stride so short seldom leaves one.
let private withinOnePiece = 1e-9

let private subject objective =
    {
        Objective = objective
        Moment = Moment(0, 0.0)
        Shared = Set.empty
        Stopped = Set.empty
    }

let private places =
    test "states move from the question's end to the chain's, each row by its own distance, halves to the even token" {
        let row question chain =
            EncodedExample(0, Array.zeroCreate question, Array.zeroCreate chain, [| 1 |], [| 1 |])

        let at (step: Nullable<int>) question chain layers =
            List.ofSeq (StatePlaces(step).Of(row question chain, layers))

        Expect.equal (at (Nullable()) 4 8 4) [ 3; 6; 9; 12 ] "spread"
        Expect.equal (at (Nullable()) 1 2 3) [ 0; 2; 3 ] "one and a half is two"
        Expect.equal (at (Nullable()) 1 4 3) [ 0; 2; 5 ] "two and a half is two"
        Expect.equal (at (Nullable()) 5 0 3) [ 4; 4; 5 ] "no chain"
        Expect.equal (at (Nullable()) 5 7 1) [ 4 ] "one block"
        Expect.equal (at (Nullable 3) 4 4 4) [ 3; 6; 8; 8 ] "never beyond the chain's end"
        Expect.equal (at (Nullable 0) 4 4 3) [ 3; 3; 3 ] "all at the question's end"
    }

/// A question alone has the states, and the answer, that it has among longer ones.
let private alone =
    testList
        "a question alone is answered as among others"
        [
            for shape, config in shapes ->
                test shape {
                    NativeRuntime.Load()
                    use model = modelOf 3 config 5L
                    use _ = torch.NewDisposeScope()
                    use _ = torch.no_grad ()
                    let emulator = (reasoning 3).Emulator
                    let together = emulator.Run(model, questions)
                    let plan = GenerationPlan(reasoning 3, [||], 12, [| 1 |])
                    let answers = AnswerGenerator.Generate(model, questions, plan)

                    for index, question in Array.indexed questions do
                        let states = emulator.Run(model, [| question |])
                        nearArrays 1e-10 (doubles states[0]) (doubles together[index]) $"states of question {index}"
                        let answer = (AnswerGenerator.Generate(model, [| question |], plan))[0]
                        Expect.equal answer answers[index] $"answer to question {index}"
                }
        ]

/// Every matrix that a stage trains gets a gradient. The query chooses among earlier blocks first where a third one reads what is written:
/// these models have too few.
let private reaches =
    testList
        "the gradient reaches everything that a stage trains"
        [
            for shape, config in shapes ->
                test shape {
                    NativeRuntime.Load()
                    use model = modelOf 3 config 5L

                    for name, objective in stages 3 do
                        model.Parameters.Gradients.zero_ () |> ignore
                        use _ = torch.NewDisposeScope()

                        let step =
                            objective.Prepare(rows, Moment(0, 0.0), LoRi.Models.SeededRandom(0L, "rows"))

                        (Seq.exactlyOne (step.Losses(model, 0, rows.Length))).Value.backward()

                        for slot in model.Parameters.Slots do
                            let emulates = slot.Name.StartsWith(StateEmulator.Name + ".")

                            let learns =
                                (emulates && name <> "a student on its teacher's states")
                                || (not emulates && name <> "an emulator")

                            if
                                slot.Trained
                                && learns
                                && not (slot.Name.StartsWith "prj.")
                                && slot.Shape.Length > 1
                                && not (slot.Name.Contains "query")
                            then
                                let size = number ((nonNull model.Parameters[slot.Name].grad).abs().max())
                                Expect.isGreaterThan size 0.0 $"{name}: {slot.Name}"
                }
        ]

[<Tests>]
let tests =
    testList
        "iCoT-KD"
        [
            places
            alone
            reaches
            for components in [ 1; 3 ] do
                for name, objective in stages components do
                    if components = 3 || name <> "a student on its teacher's states" then
                        propertiesOf
                            (modelOf components)
                            withinOnePiece
                            $"{name}, {components} components"
                            (subject objective)
                            (subject objective)
        ]
