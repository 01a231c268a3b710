/// How energy is spread over directions, as a table says it.
module LoRi.Cli.Commands.RankTable

open System.Globalization
open LoRi.Runs.LowRank

/// A number with two digits.
let short (value: float) =
    value.ToString("0.00", CultureInfo.InvariantCulture)

/// The columns of a row but for the standardisation, which comes before them.
let headers =
    [ "mode"; "size"; "entropy rank"; "participation"; "90 %"; "95 %"; "99 %" ]

/// The cells of a row, the standardisation first; ranks that are no whole numbers are written by `shown`.
let cells shown (row: RankRow) =
    [
        row.Standardise
        row.Mode
        string row.Size
        shown row.EntropyRank
        shown row.ParticipationRank
        string row.RankFor90
        string row.RankFor95
        string row.RankFor99
    ]
