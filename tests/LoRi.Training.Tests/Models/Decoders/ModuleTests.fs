/// Weights beside the decoder: a copy computes what the decoder does, and of all that is trained only what learns is changed.
module LoRi.Training.Tests.ModuleTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Training
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies

let private name = "auxiliary"

let private onEvery what (check: ReasoningModel -> ModelModule -> unit) =
    testList
        what
        [
            for shape, config in shapes ->
                test shape {
                    NativeRuntime.Load()
                    let copy = ModelModule.CopyOfDecoder(name, config)
                    use model = modelWith config [ copy ] 5L
                    (nonNull copy.Initialise).Invoke(model, 5L)
                    check model copy
                }
        ]

let private final (model: ReasoningModel) (weights: DecoderWeights) =
    let rows = PaddedRows.Right(questions, model.Device)
    model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows), rows.Positions()).Final

let private copied =
    onEvery "a copy of the decoder gives its states" (fun model _ ->
        use _ = TorchSharp.torch.NewDisposeScope()
        use _ = TorchSharp.torch.no_grad ()
        Expect.equal (doubles (final model (model.WeightsOf name))) (doubles (final model (model.Weights()))) "states")

/// The values of all slots, by whether the module has them.
let private values (model: ReasoningModel) (copy: ModelModule) =
    let own = set [ for slot in copy.Slots -> slot.Name ]

    [
        for slot in model.Parameters.Slots -> own.Contains slot.Name, doubles model.Parameters[slot.Name]
    ]
    |> List.partition fst

let private learning =
    onEvery "what does not learn stays as it is, decayed or not" (fun model copy ->
        let own = set [ for slot in copy.Slots -> slot.Name ]

        for moduleLearns in [ true; false ] do
            model.Parameters.Learn(fun slot -> own.Contains slot.Name = moduleLearns)

            use optimizer =
                new AdamW(model.Parameters, OptimizerSettings(LearningRate = 0.1, WeightDecay = 0.5, DecayAll = true))

            let ofModule, ofModel = values model copy
            model.Parameters.Gradients.zero_ () |> ignore

            using (TorchSharp.torch.NewDisposeScope()) (fun _ ->
                let cubes (states: TorchSharp.torch.Tensor) = (states * states * states).sum()
                (cubes (final model (model.Weights())) + cubes (final model (model.WeightsOf name))).backward())

            optimizer.Step 0.1 |> ignore
            let moduleAfter, modelAfter = values model copy
            let changed before after = before <> after
            Expect.equal (changed ofModule moduleAfter) moduleLearns "the module"
            Expect.equal (changed ofModel modelAfter) (not moduleLearns) "the model")

[<Tests>]
let tests = testList "Modules" [ copied; learning ]
