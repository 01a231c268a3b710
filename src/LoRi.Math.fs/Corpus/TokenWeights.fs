namespace LoRi.Math

/// Numbers of tokens per row of a batch whose token axis is padded.
module internal TokenCounts =

    /// Every number lies between 0 and the size of the token axis. Errors: TokenCountOutOfRange.
    let within size (counts: int[]) =
        match Array.tryFindIndex (fun count -> count < 0 || count > size) counts with
        | Some row -> Error(TokenCountOutOfRange(row, counts[row], size))
        | None -> Ok()

    /// One number per row. Errors: WrongLength.
    let ofRows rows (counts: int[]) =
        if counts.Length = rows then
            Ok()
        else
            Error(WrongLength("the token counts of the trajectories' rows", rows, counts.Length))

/// How much each token counts in a mean over tokens: a row of weights per example that add to one, zero for padding; a row
/// without tokens is all zero. For statistics of successive tokens the weights of the pairs (t, t + 1) likewise.
type TokenWeights<'token> =
    internal
        {
            /// example T
            PerToken: RawTensor
            /// example T-1; absent where the token axis has one place.
            PerPair: RawTensor option
            /// 1 where the example has a token, else 0.
            Present: Scalar
        }

/// Weights of tokens, from their numbers.
module TokenWeights =

    let private rows columns (counts: int[]) =
        counts
        |> Array.collect (fun count ->
            Array.init columns (fun token -> if token < count then 1.0 / float count else 0.0))

    /// <summary>Equal weights over the first tokens of each row; the rest is padding. Errors: TokenCountOutOfRange.</summary>
    /// <param name="size">T, the size of the token axis, padding included.</param>
    /// <param name="counts">How many tokens each row has, 0 to T. Length: example.</param>
    /// <param name="like">A tensor of the backend, device and dtype that the weights are to have; its numbers are not read.</param>
    let ofCounts (size: Dim<'token>) (counts: int[]) (like: RawTensor) : Result<TokenWeights<'token>, MathError> =
        TokenCounts.within size.Size counts
        |> Result.map (fun () ->
            let examples, pairs = counts.Length, size.Size - 1
            let pairCounts = counts |> Array.map (fun count -> max 0 (count - 1))
            let present = counts |> Array.map (fun count -> if count > 0 then 1.0 else 0.0)

            {
                PerToken = like.Constant([| examples; size.Size |], rows size.Size counts)
                PerPair =
                    if pairs = 0 then
                        None
                    else
                        Some(like.Constant([| examples; pairs |], rows pairs pairCounts))
                Present = Scalar(like.Constant([| examples |], present))
            })

    /// <summary>Equal weights over all tokens of every example of a batch.</summary>
    /// <param name="size">T, the size of the token axis, all of it tokens.</param>
    /// <param name="examples">How many rows there are.</param>
    /// <param name="like">A tensor of the backend, device and dtype that the weights are to have; its numbers are not read.</param>
    let uniform (size: Dim<'token>) (examples: int) (like: RawTensor) : TokenWeights<'token> =
        match ofCounts size (Array.create examples size.Size) like with
        | Ok weights -> weights
        | Error error -> MathError.invariant (MathError.describe error)

    /// <summary>Number of examples.</summary>
    /// <param name="weights">Those of a batch, <c>example T</c>.</param>
    let examples (weights: TokenWeights<'token>) = weights.PerToken.Shape[0]

    /// <summary>The weights themselves.</summary>
    /// <param name="weights">Those of a batch.</param>
    /// <returns><c>example T</c>; a row adds to one, or is zero throughout.</returns>
    let perToken (weights: TokenWeights<'token>) = weights.PerToken
