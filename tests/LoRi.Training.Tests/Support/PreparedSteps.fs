/// Steps of an objective outside of a training.
module LoRi.Training.Tests.PreparedSteps

open LoRi.Models
open LoRi.Models.Sequences
open LoRi.Training.Methods

/// A step of these rows at the beginning of a training.
let prepared (objective: IObjective) (rows: EncodedExample[]) =
    objective.Prepare(rows, Moment(0, 0.0), SeededRandom(0L, "rows"))

/// The loss terms of rows that are a whole step.
let lossesOf (objective: IObjective) model (rows: EncodedExample[]) =
    (prepared objective rows).Losses(model, 0, rows.Length)
