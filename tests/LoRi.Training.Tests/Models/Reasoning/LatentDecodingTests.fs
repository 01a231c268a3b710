/// Latent steps read as tokens: a level's reading is what a model of only the blocks up to it would write.
module LoRi.Training.Tests.LatentDecodingTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies
open TorchSharp

let private perShape what (check: string -> ReasoningModel -> unit) =
    testList
        what
        [
            for name, config in shapes ->
                test name {
                    NativeRuntime.Load()
                    use model = model config 11L
                    use _ = torch.NewDisposeScope()
                    use _ = torch.no_grad ()
                    check name model
                }
        ]

/// The model's weights without the blocks above a level.
let private upTo (level: int) (weights: DecoderWeights) =
    DecoderWeights(
        weights.Embedding,
        weights.Positions,
        Seq.take level weights.Blocks |> Array.ofSeq,
        weights.FinalNorm,
        weights.Head,
        InputRows = weights.InputRows,
        OutputRows = weights.OutputRows
    )

let private lens =
    perShape "the lens at a level is a decoder that ends there" (fun name model ->
        let weights = model.Weights()

        let rows = PaddedRows.Left([| for question in questions -> question |], torch.CPU)

        let inputs = model.Decoder.Embed(weights, rows)

        let levels =
            nonNull (model.Decoder.Forward(weights, inputs, rows.Positions(), levels = true)).Levels

        for level in 1 .. model.Decoder.Config.Layers do
            let _, config = shapesOf level |> List.find (fst >> (=) name)
            use short = new Decoder(config, torch.ScalarType.Float64, torch.CPU)

            let less = upTo level weights
            let final = short.Forward(less, inputs, rows.Positions()).Final

            nearArrays
                1e-12
                (doubles (Decoder.Logits(less, final)))
                (doubles (model.Decoder.Lens(weights, levels[level], level)))
                $"level {level}")

let private reading =
    perShape "each level's tokens are its likeliest, in order, with their shares" (fun _ model ->
        let reasoning = SequentialReasoning(3)
        let found = LatentDecoding.ByLevel(model, questions, reasoning, 4)

        let states =
            nonNull (LatentPass.Run(model, model.Weights(), questions, 3, true)).Trajectory

        Expect.hasLength found questions.Length "questions"

        for question in 0 .. questions.Length - 1 do
            Expect.equal found[question].Length 3 "steps"

            for step in 0..2 do
                let steps = found[question][step]
                Expect.hasLength steps model.Decoder.Config.Layers "levels"

                for level in 1 .. model.Decoder.Config.Layers do
                    let state =
                        states.select(0L, int64 question).select(0L, int64 (level - 1)).select(0L, int64 step)

                    let logits = doubles (model.Decoder.Lens(model.Weights(), state, level))
                    let all = logits |> Array.sumBy exp

                    let wanted =
                        logits
                        |> Array.indexed
                        |> Array.sortByDescending snd
                        |> Array.take 4
                        |> Array.map (fun (id, logit) -> id, exp logit / all)

                    let read = steps[level - 1]
                    Expect.equal [ for near in read -> near.Id ] [ for id, _ in wanted -> id ] "tokens"
                    nearArrays 1e-12 (Array.map snd wanted) [| for near in read -> near.Share |] "shares")

[<Tests>]
let tests = testList "Latent decoding" [ lens; reading ]
