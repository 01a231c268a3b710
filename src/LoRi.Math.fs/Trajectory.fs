/// From here on the method itself. [paper] marks what Solgi, Tian, Zhang 2026 (arXiv 2606.05315) state, [ours] what this
/// implementation defines where the paper leaves it open.
namespace LoRi.Math

/// Traced levels, one per decoder block.
type Level = interface end

/// Components of a state.
type Hidden = interface end

/// Rationale tokens of the teacher.
type TeacherToken = interface end

/// Latent steps of the student.
type LatentStep = interface end

/// States as the model gives them. Shape: .. level token hidden.
[<Struct>]
type RawTrajectory<'token> = internal RawTrajectory of Tensor3<Level, 'token, Hidden>

/// States after the teacher's corpus mean and scale were taken out. Shape: .. level token hidden.
[<Struct>]
type StandardisedTrajectory<'token> = internal StandardisedTrajectory of Tensor3<Level, 'token, Hidden>

/// A standardised trajectory in the subspace that teacher and student share [paper]. Shape: .. r_L token r_d.
[<Struct>]
type Coordinates<'token> = internal Coordinates of Tensor3<Truncated<Level>, 'token, Truncated<Hidden>>

/// [ours] Raw states of all traced levels at the anchor, the last prefix token. Shape: .. level hidden.
[<Struct>]
type Anchors = internal Anchors of Matrix<Level, Hidden>

module RawTrajectory =

    /// Takes states whose last axes are level, token, hidden. Errors: WrongShape.
    let create
        (levels: Dim<Level>)
        (tokens: Dim<'token>)
        (width: Dim<Hidden>)
        states
        : Result<RawTrajectory<'token>, MathError> =
        let axes = [ Axis.name<Level>; Axis.name<'token>; Axis.name<Hidden> ]

        Raw.checkTrailing "the trajectory" axes [ levels.Size; tokens.Size; width.Size ] states
        |> Result.map (Tensor3 >> RawTrajectory)

    /// The states behind: .. level token hidden.
    let states (RawTrajectory x) = Tensor3.raw x

module StandardisedTrajectory =

    /// The standardised states: .. level token hidden.
    let tensor (StandardisedTrajectory x: StandardisedTrajectory<'token>) = x

module Coordinates =

    /// Takes coordinates whose last axes are layer rank, token, hidden rank. Errors: WrongShape.
    let create
        (layers: Dim<Truncated<Level>>)
        (tokens: Dim<'token>)
        (width: Dim<Truncated<Hidden>>)
        values
        : Result<Coordinates<'token>, MathError> =
        let axes =
            [ Axis.name<Truncated<Level>>; Axis.name<'token>; Axis.name<Truncated<Hidden>> ]

        Raw.checkTrailing "the coordinates" axes [ layers.Size; tokens.Size; width.Size ] values
        |> Result.map (Tensor3 >> Coordinates)

    /// The coordinates: .. r_L token r_d.
    let tensor (Coordinates z: Coordinates<'token>) = z

    /// The tensor behind.
    let raw (Coordinates z) = Tensor3.raw z

module Anchors =

    /// Takes states whose last axes are level, hidden. Errors: WrongShape.
    let create (levels: Dim<Level>) (width: Dim<Hidden>) states : Result<Anchors, MathError> =
        Raw.checkTrailing "the anchors" [ Axis.name<Level>; Axis.name<Hidden> ] [ levels.Size; width.Size ] states
        |> Result.map (Matrix >> Anchors)

    /// The states behind: .. level hidden.
    let states (Anchors a) = Matrix.raw a

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

module TokenWeights =

    let private rows columns (counts: int[]) =
        counts
        |> Array.collect (fun count ->
            Array.init columns (fun token -> if token < count then 1.0 / float count else 0.0))

    /// Equal weights over the first `counts[row]` of `size` tokens; the rest is padding. Errors: TokenCountOutOfRange.
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

    /// Equal weights over all tokens of every example of a batch.
    let uniform (size: Dim<'token>) (examples: int) (like: RawTensor) : TokenWeights<'token> =
        match ofCounts size (Array.create examples size.Size) like with
        | Ok weights -> weights
        | Error error -> MathError.invariant (MathError.describe error)

    /// Number of examples.
    let examples (weights: TokenWeights<'token>) = weights.PerToken.Shape[0]

    /// The weights themselves. Shape: example T.
    let perToken (weights: TokenWeights<'token>) = weights.PerToken
