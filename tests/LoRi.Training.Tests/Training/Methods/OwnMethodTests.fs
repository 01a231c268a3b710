/// An objective whose layout depends on the step, as a user's own method may have it: any cut of a step gives the same loss.
module LoRi.Training.Tests.OwnMethodTests

open Expecto
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Tests.TensorValues
open LoRi.Training.Tests.TinyTraining
open OwnMethod
open TorchSharp

/// The same sums in another order, in float64.
let private rounding = 1e-10

let private objective: IObjective = FadingObjective 2

let private at step rows =
    objective.Prepare(rows, Moment(step, 0.0), SeededRandom(0L, "rows"))

let private cases =
    [
        test "what is graded follows from the step" {
            let rows = data 8
            let graded step = (at step rows).Totals[Totals.Task]
            let longest = rows |> Array.map _.Rationale.Length |> Array.max

            for step in 0 .. 2 * longest do
                let removed = 1 + step / 2

                let wanted =
                    rows
                    |> Array.sumBy (fun row ->
                        max 0 (row.Rationale.Length - removed) + row.Prefix.Length + row.Answer.Length)

                Expect.equal (graded step) (int64 wanted) $"step {step}"
        }
        test "any micro-batches give the loss and the gradient of the whole step" {
            NativeRuntime.Load()
            let rows = data 8
            use model = model Precision.Exact 1L

            let summed size step =
                use _ = torch.NewDisposeScope()
                model.Parameters.Gradients.zero_ () |> ignore
                let prepared = at step rows
                let mutable loss = 0.0

                for part in Array.chunkBySize size [| 0..7 |] do
                    use _ = torch.NewDisposeScope()
                    let term = prepared.Losses(model, part[0], part.Length) |> Seq.exactlyOne
                    term.Value.backward ()
                    loss <- loss + number term.Value

                loss, doubles model.Parameters.Gradients

            for step in [ 0; 3; 7 ] do
                let loss, gradient = summed 8 step

                for size in [ 1; 3; 4 ] do
                    let parts, sum = summed size step
                    near rounding loss parts $"loss of step {step} in micro-batches of {size}"
                    nearArrays rounding gradient sum $"gradient of step {step} in micro-batches of {size}"
        }
        test "a trainer goes on with the layout of its step after a checkpoint" {
            NativeRuntime.Load()
            let rows = data 8
            let folder = System.IO.Directory.CreateTempSubdirectory("lori-own").FullName

            try
                use first = model Precision.Exact 1L
                use trainer = new Trainer(first, objective, rows, plan 6 4 4 1L)

                for _ in 1..3 do
                    trainer.Step() |> ignore

                TrainerState.Write(folder, first, trainer, System.Collections.Generic.Dictionary())
                let rest = [ for _ in 1..3 -> trainer.Step() ]
                use second = model Precision.Exact 2L
                use resumed = new Trainer(second, objective, rows, plan 6 4 4 1L)
                TrainerState.Restore(folder, second, resumed)
                let again = [ for _ in 1..3 -> resumed.Step() ]
                Expect.equal [ for step in again -> step.Loss ] [ for step in rest -> step.Loss ] "losses"
                Expect.equal [ for step in again -> step.Point ] [ 2; 3; 3 ] "points of the curriculum"
            finally
                System.IO.Directory.Delete(folder, true)
        }
    ]

[<Tests>]
let tests = testList "Own method" cases
