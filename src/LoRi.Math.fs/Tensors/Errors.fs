namespace LoRi.Math

/// What can be wrong with input to the core. Every case carries the facts that its message needs.
type MathError =
    /// A size that is not positive: what it is the size of, and the number found.
    | SizeNotPositive of axis: string * size: int
    /// Two operands disagree along an axis: the operation, the axis, and both whole shapes.
    | ShapeMismatch of operation: string * axis: string * left: int list * right: int list
    /// A tensor does not have the shape that its dimensions ask for: what it is, the axis that disagrees, both shapes.
    | WrongShape of what: string * axis: string * expected: int list * found: int list
    /// A tensor with another number of axes: what it is, the axes that it must have, its shape.
    | WrongAxes of what: string * axes: string list * found: int list
    /// Values and sizes disagree in number.
    | WrongLength of what: string * expected: int * found: int
    /// A number of tokens outside 0 .. the size of the token axis: the row, the number, and the size.
    | TokenCountOutOfRange of row: int * count: int * size: int
    /// A rank above the size of its mode, or below 1.
    | RankOutOfRange of mode: string * rank: int * size: int
    /// An energy threshold that is not in (0, 1].
    | EnergyOutOfRange of mode: string * energy: float
    /// NaN or infinity.
    | NotFinite of what: string
    /// A number that must be above zero and is not.
    | NotPositive of what: string * value: float
    /// A number below zero that must not be.
    | Negative of what: string * value: float
    /// Statistics of no token at all.
    | EmptyCorpus
    /// A weighting needs the variances of a statistic (or of the components) that were not measured: its name.
    | VarianceMissing of statistic: string
    /// A weighting needs the variances of a full covariance that is too large to be measured with every other form's: p = r_L r_d, and
    /// the largest p that is.
    | FullVarianceMissing of components: int * largest: int
    /// The anchor term needs deviations, and the subspace was fitted without anchors.
    | AnchorsMissing
    /// Anchors of a level that are one number throughout: the level, counted from 1, and the number of levels.
    | AnchorsNeverVary of level: int * levels: int
    /// A subspace without the eigenvalues of one standardisation: its name.
    | SpectrumMissing of standardisation: string
    /// A name that no statistic has.
    | StatisticUnknown of name: string
    /// Columns that are not orthonormal: the largest deviation of U'U from the identity.
    | NotOrthonormal of what: string * deviation: float
    /// A subspace of gradients was asked for where there are none.
    | GradientsMissing
    /// Gradients that are zero throughout.
    | GradientsVanish
    /// A full covariance that is too large to be averaged over a corpus: p = r_L r_d, and the largest p that is.
    | FullMeanTooLarge of components: int * largest: int
    /// Fewer than two rows cannot change places: how many there are.
    | TooFewToShuffle of count: int

/// The words of errors.
module MathError =

    let private shape (sizes: int list) =
        if sizes.IsEmpty then
            "scalar"
        else
            sizes |> List.map string |> String.concat " x "

    /// <summary>The whole story in one line: what, where, what was found, what is expected.</summary>
    /// <param name="error">What is wrong, with the sizes or values that were found.</param>
    let describe error =
        match error with
        | SizeNotPositive(axis, size) -> $"the size of axis {axis} is {size}; it must be at least 1"
        | ShapeMismatch(operation, axis, left, right) ->
            $"{operation}: the operands disagree along axis {axis}: {shape left} against {shape right}"
        | WrongShape(what, axis, expected, found) ->
            $"{what}: found shape {shape found}, expected {shape expected} for the last axes; they disagree along axis {axis}"
        | WrongAxes(what, axes, found) ->
            let names = String.concat " x " axes
            $"{what}: found shape {shape found}, expected {axes.Length} axes: {names}"
        | WrongLength(what, expected, found) -> $"{what}: found {found}, expected {expected}"
        | TokenCountOutOfRange(row, count, size) ->
            $"row {row} is said to have {count} tokens; its token axis has room for 0 to {size}"
        | RankOutOfRange(mode, rank, size) ->
            $"rank {rank} of the {mode} mode must lie between 1 and the mode's size, {size}"
        | EnergyOutOfRange(mode, energy) -> $"energy {energy} of the {mode} mode must lie above 0 and at most at 1"
        | NotFinite what -> $"{what} holds NaN or infinity; every value must be finite"
        | NotPositive(what, value) -> $"{what} holds {value}; every value must be above 0"
        | Negative(what, value) -> $"{what} holds {value}; no value may be below 0"
        | EmptyCorpus ->
            "the corpus has no rationale token, so there is nothing to fit; it needs an example with a rationale"
        | VarianceMissing statistic ->
            $"the subspace has no variances of {statistic}; fit it again with the weighting and the statistics that the objective uses"
        | FullVarianceMissing(components, largest) ->
            $"the subspace has no variances of covariance.full: p = r_L r_d is {components} and a fit for every covariance stores it "
            + $"up to p = {largest}; weight by none or variance, or fit again with lower ranks"
        | AnchorsMissing ->
            "the subspace has no deviations of anchors; fit it again on trajectories with anchors, or leave the anchor term off"
        | AnchorsNeverVary(level, levels) ->
            $"the teacher's anchors at level {level} (of {levels}) are all the same number, so the anchor term cannot be divided by "
            + "their deviation; leave the term off, trace other levels, or fit on more anchors"
        | SpectrumMissing standardisation ->
            $"the subspace has no eigenvalues under standardisation {standardisation}; fit it again"
        | StatisticUnknown name -> $"'{name}' is no statistic whose variance is known"
        | NotOrthonormal(what, deviation) ->
            $"the columns of {what} are not orthonormal: their products differ from the identity by up to %.3g{deviation}"
        | GradientsMissing ->
            "a subspace of gradients needs those of the answer's loss with respect to the states; give them, or fit another kind"
        | GradientsVanish ->
            "the gradients of the answer's loss are all zero, so that no direction is theirs; give answers that depend on the states"
        | FullMeanTooLarge(components, largest) ->
            $"p = r_L r_d is {components}, and full covariances are averaged over a corpus up to p = {largest}; compare another form of "
            + "the covariance, or lower the ranks"
        | TooFewToShuffle count ->
            $"{count} rows have a rationale, and each is to get another row's; it takes at least 2"

    /// <summary>Stops the program for a broken promise of its own; never for input.</summary>
    /// <param name="message">What was promised and not kept, after the word invariant.</param>
    /// <returns>Nothing: it always raises InvalidOperationException.</returns>
    let invariant (message: string) : 'a =
        raise (System.InvalidOperationException("invariant: " + message))
