namespace LoRi.Math

/// What can be wrong with input to the core. Every case carries the facts that its message needs.
type MathError =
    /// A size that is not positive: what it is the size of, and the number found.
    | SizeNotPositive of axis: string * size: int
    /// Two operands disagree along an axis: the operation, the axis, and both whole shapes.
    | ShapeMismatch of operation: string * axis: string * left: int list * right: int list
    /// A tensor does not have the shape that its dimensions ask for.
    | WrongShape of what: string * expected: int list * found: int list
    /// Values and sizes disagree in number.
    | WrongLength of what: string * expected: int * found: int
    /// A rank above the size of its mode.
    | RankExceedsSize of mode: string * rank: int * size: int
    /// An energy threshold that is not in (0, 1].
    | EnergyOutOfRange of mode: string * energy: float
    /// NaN or infinity.
    | NotFinite of what: string
    /// Statistics of no token at all.
    | EmptyCorpus
    /// A weighting needs variances that the subspace was fitted without.
    | VarianceMissing of name: string
    /// Columns that are not orthonormal: the largest deviation of U'U from the identity.
    | NotOrthonormal of what: string * deviation: float

module MathError =

    let private shape (sizes: int list) =
        sizes |> List.map string |> String.concat " x "

    /// The whole story in one line.
    let describe error =
        match error with
        | SizeNotPositive(axis, size) -> $"the size of axis {axis} is {size}; it must be at least 1"
        | ShapeMismatch(operation, axis, left, right) ->
            $"{operation}: the operands disagree along axis {axis}: {shape left} against {shape right}"
        | WrongShape(what, expected, found) -> $"{what} has shape {shape found}, expected {shape expected}"
        | WrongLength(what, expected, found) -> $"{what} has {found} values, expected {expected}"
        | RankExceedsSize(mode, rank, size) ->
            $"rank {rank} of the {mode} mode must lie between 1 and the mode's size, {size}"
        | EnergyOutOfRange(mode, energy) -> $"energy {energy} of the {mode} mode must lie above 0 and at most at 1"
        | NotFinite what -> $"{what} holds NaN or infinity"
        | EmptyCorpus -> "the corpus has no rationale token, so there is nothing to fit"
        | VarianceMissing name ->
            $"the subspace has no '{name}'; fit it again with the weighting and the statistics that the objective uses"
        | NotOrthonormal(what, deviation) ->
            $"the columns of {what} are not orthonormal: their products differ from the identity by up to %.3g{deviation}"

    /// Stops the program for a broken promise of its own; never for input.
    let invariant (message: string) : 'a =
        raise (System.InvalidOperationException("invariant: " + message))
