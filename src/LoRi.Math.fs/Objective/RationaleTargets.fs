namespace LoRi.Math

/// [ours] Whose moments a student's latent steps are pulled to. All but the first are controls: what a student gains from one of
/// them, it does not gain from the reasoning of its own row.
[<RequireQualifiedAccess>]
type RationaleTargets =
    /// Those of the row's own rationale.
    | Own
    /// Those of another row's rationale, the same one throughout: `Permutation.derangement`.
    | Shuffled
    /// Those of the row's own rationale with its tokens in another order: `TokenOrder.permuted`.
    | Permuted

/// Rationales whose tokens change places.
module TokenOrder =

    /// The purposes below are those of bases and derangements.
    let private firstPurpose = 4

    /// As a matrix: 1 where token `order[place]` comes to `place`, and the rest of the axis stays where it is.
    let private places size (order: int[]) =
        Array.init (size * size) (fun index ->
            let place = index / size
            let from = if place < order.Length then order[place] else place
            if index % size = from then 1.0 else 0.0)

    /// Coordinates with the tokens of every row in an order that the seed and the row's number draw: the same whenever the row comes.
    /// Shapes: coordinates, result : example r_L token r_d; rows, counts : example. Errors: WrongLength, TokenCountOutOfRange.
    let permuted
        (seed: int64)
        (rows: int[])
        (counts: int[])
        (Coordinates z: Coordinates<'token>)
        : Result<Coordinates<'token>, MathError> =
        let values = Tensor3.raw z
        let size = Raw.size 2 values
        let examples = if values.Shape.Length < 4 then 1 else Raw.size 4 values

        result {
            do! TokenCounts.ofRows examples counts
            do! TokenCounts.within size counts
            do! refuse (rows.Length <> examples) (WrongLength("the numbers of the rows", examples, rows.Length))

            let orders =
                Array.map2 (fun row count -> Permutation.ofSeed seed (firstPurpose + row) count) rows counts

            let matrices =
                values.Constant([| examples; 1; size; size |], Array.collect (places size) orders)

            return Coordinates(Tensor3((matrices.MatMul values).Reshape values.Shape))
        }
