/// Latent steps by Jacobi sweeps: after as many sweeps as steps they are those of the sequential pass; rows do not see each other.
module LoRi.Training.Tests.JacobiTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyFamilies
open TorchSharp

/// The same sums in another order, in float64.
let private rounding = 1e-12

let private steps = 4

let private run (model: ReasoningModel) questions sweeps =
    JacobiPass.Run(model, model.Weights(), questions, steps, sweeps, true)

let private compare what (wanted: LatentSteps) (found: LatentSteps) =
    nearArrays rounding (doubles (nonNull wanted.Latents)) (doubles (nonNull found.Latents)) $"{what}: inputs"
    nearArrays rounding (doubles (nonNull wanted.Trajectory)) (doubles (nonNull found.Trajectory)) $"{what}: levels"
    Expect.equal found.Progress.RealTokens wanted.Progress.RealTokens $"{what}: positions"

    for wanted, found in Seq.zip wanted.Cache.Tensors found.Cache.Tensors do
        nearArrays rounding (doubles wanted) (doubles found) $"{what}: cache"

let private perShape what (check: ReasoningModel -> unit) =
    testList
        what
        [
            for name, config in shapes ->
                test name {
                    NativeRuntime.Load()
                    use model = model config 7L
                    use _ = torch.NewDisposeScope()
                    use _ = torch.no_grad ()
                    check model
                }
        ]

let private converged =
    perShape "as many sweeps as steps give the sequential pass, and more change nothing" (fun model ->
        let sequential = LatentPass.Run(model, model.Weights(), questions, steps, true)

        for sweeps in [ steps; steps + 1; steps + 3 ] do
            compare $"{sweeps} sweeps" sequential (run model questions sweeps))

let private prefix =
    perShape "the inputs that are settled after a sweep are one more than before" (fun model ->
        let sequential = LatentPass.Run(model, model.Weights(), questions, steps, false)
        let wanted = nonNull sequential.Latents

        for sweeps in 1 .. steps - 1 do
            let found = nonNull (run model questions sweeps).Latents

            let settled (inputs: torch.Tensor) =
                doubles (inputs.narrow (1L, 0L, int64 sweeps))

            nearArrays rounding (settled wanted) (settled found) $"after {sweeps} sweeps"
            Expect.notEqual (doubles wanted) (doubles found) $"after {sweeps} sweeps, the last input")

let private alone =
    perShape "a row alone is what it is among others" (fun model ->
        let together = nonNull (run model questions 2).Latents

        for row in 0 .. questions.Length - 1 do
            let found = nonNull (run model [| questions[row] |] 2).Latents
            nearArrays rounding (doubles together[int64 row]) (doubles found[0L]) $"row {row}")

[<Tests>]
let tests = testList "Jacobi sweeps" [ converged; prefix; alone ]
