/// A decoder that is looked into computes what it computes otherwise, shows what it computes with, and takes states that are written in.
module LoRi.Training.Tests.TraceTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies
open TorchSharp

/// The same products in another order, in float64.
let private rounding = 1e-12

let private forward (model: ReasoningModel) (trace: DecoderTrace | null) (intervention: Intervention | null) =
    let weights = model.Weights()
    let rows = PaddedRows.Right(questions, model.Device)

    let pass =
        model.Decoder.Forward(
            weights,
            model.Decoder.Embed(weights, rows),
            rows.Positions(),
            null,
            true,
            trace,
            intervention
        )

    weights, pass

let private onEvery what (check: ReasoningModel -> unit) =
    testList
        what
        [
            for name, config in shapes ->
                test name {
                    NativeRuntime.Load()
                    use model = model config 5L
                    use _ = torch.NewDisposeScope()
                    check model
                }
        ]

let private traced =
    onEvery "a traced pass gives the bits of a plain one" (fun model ->
        let _, plain = forward model null null
        let trace = DecoderTrace model.Config.Layers
        let _, pass = forward model trace null
        Expect.equal (doubles pass.Final) (doubles plain.Final) "final states"

        for layer in 0 .. model.Config.Layers - 1 do
            let heads = trace[layer]
            Expect.equal heads.Queries.shape[1] (int64 model.Config.QueryHeads) "query heads"
            Expect.equal heads.Keys.shape[1] (int64 model.Config.KeyValueHeads) "key heads"

            if model.Config.LearnedPositions then
                Expect.equal (doubles heads.Keys) (doubles heads.PlainKeys) "nothing is rotated"
            else
                Expect.equal
                    (doubles (heads.PlainKeys.select (2L, 0L)))
                    (doubles (heads.Keys.select (2L, 0L)))
                    "the first position is not rotated"

                Expect.notEqual (doubles heads.PlainKeys) (doubles heads.Keys) "the others are")

/// The feed-forward half of a block adds nothing any more, so that its level is what attention leaves.
let private silence (model: ReasoningModel) layer =
    let down = (DecoderLayout.Block(model.Config, layer)).Down
    model.Parameters[down.Matrix].detach().zero_() |> ignore

    if down.Bias then
        model.Parameters[down.BiasName].detach().zero_() |> ignore

/// Softmax(Q K^T / sqrt(size)) V of the traced heads, through the output map, is what a block adds to its state.
let private explains =
    onEvery "attention follows from what is traced" (fun model ->
        let layer = 1
        silence model layer
        let trace = DecoderTrace model.Config.Layers
        let weights, pass = forward model trace null
        let heads = trace[layer]
        let group = int64 (model.Config.QueryHeads / model.Config.KeyValueHeads)

        let keys, values =
            heads.Keys.repeat_interleave (group, 1L), heads.Values.repeat_interleave (group, 1L)

        let time = heads.Queries.shape[2]

        let scores =
            heads.Queries.matmul (keys.transpose (-2L, -1L))
            / (sqrt (float model.Config.HeadSize)).ToScalar()

        let future = torch.ones(time, time, dtype = torch.ScalarType.Bool).triu(1L)

        let shares =
            torch.nn.functional.softmax (scores.masked_fill (future, (-infinity).ToScalar()), -1L)

        let mixed = (shares.matmul values).transpose(1L, 2L).reshape(3L, time, -1L)
        let levels = nonNull pass.Levels
        let attended = levels[layer] + weights.Blocks[layer].Output.Apply mixed

        for row in 0..2 do
            let real (states: torch.Tensor) =
                doubles (states[int64 row].narrow(0L, 0L, int64 questions[row].Length))

            nearArrays rounding (real levels[layer + 1]) (real attended) $"row {row}")

let private unchanged =
    onEvery "states that are written back as they were change nothing" (fun model ->
        let _, plain = forward model null null
        let columns = questions |> Array.map (fun row -> row.Length - 1)
        let seen = ResizeArray<int>()

        let write =
            Intervention(
                columns,
                fun layer state ->
                    seen.Add layer
                    state
            )

        let _, pass = forward model null write
        Expect.equal (List.ofSeq seen) [ 0 .. model.Config.Layers - 1 ] "before every block"

        for level, (wanted, found) in Seq.indexed (Seq.zip (nonNull plain.Levels) (nonNull pass.Levels)) do
            Expect.equal (doubles found) (doubles wanted) $"level {level}")

let private written =
    onEvery "what is written takes the place of the state, from that block on, in its column alone" (fun model ->
        let columns = questions |> Array.map (fun row -> row.Length - 1)
        let layer = 1

        let value =
            torch.randn ([| 3L; 16L |], dtype = torch.ScalarType.Float64, requires_grad = true)

        let write =
            Intervention(columns, (fun at state -> if at = layer then value else null))

        let _, plain = forward model null null
        let _, pass = forward model null write
        let before, after = nonNull plain.Levels, nonNull pass.Levels

        for row in 0..2 do
            for column in 0 .. questions[row].Length - 1 do
                let at (levels: torch.Tensor[]) =
                    doubles (levels[layer].[int64 row, int64 column])

                let wanted =
                    if column = columns[row] then
                        doubles value[int64 row]
                    else
                        at before

                Expect.equal (at after) wanted $"row {row}, column {column}"

        Expect.equal (doubles after[0]) (doubles before[0]) "the level before"
        // After a centred norm of unit weights, sums and sums of squares are constant.
        (pass.Final * pass.Final * pass.Final).sum().backward()
        Expect.isGreaterThan (number ((nonNull value.grad).abs().min())) 0.0 "gradient of all that was written")

[<Tests>]
let tests = testList "Trace" [ traced; explains; unchanged; written ]
