namespace LoRi.Math

/// Traced levels, one per decoder block.
type Level = interface end
/// Components of a state.
type Hidden = interface end
/// Rationale tokens of the teacher.
type TeacherToken = interface end
/// Latent steps of the student.
type LatentStep = interface end

/// States as the model gives them: levels by tokens by components.
[<Struct>]
type RawTrajectory<'token> = internal | RawTrajectory of Tensor3<Level, 'token, Hidden>

/// States after the teacher's corpus mean and scale were taken out.
[<Struct>]
type StandardisedTrajectory<'token> = internal | StandardisedTrajectory of Tensor3<Level, 'token, Hidden>

/// A standardised trajectory in the shared subspace.
[<Struct>]
type Coordinates<'token> = internal | Coordinates of Tensor3<Truncated<Level>, 'token, Truncated<Hidden>>

/// Raw states of all traced levels at the anchor.
[<Struct>]
type Anchors = internal | Anchors of Matrix<Level, Hidden>

/// How much each token counts in a mean: rows of weights that add to one, zero for padding; a row without tokens is all zero.
/// For statistics of successive tokens the weights of the pairs (t, t + 1) likewise.
type TokenWeights<'token> =
    internal
        { Tokens: RawTensor // .. T
          Pairs: RawTensor option // .. T-1
          /// 1 where the row has a token, else 0.
          Present: Scalar }

module TokenWeights =

    /// Equal weights over the first `lengths[row]` of `size` tokens. Errors: SizeNotPositive, WrongLength (a length above the size).
    let ofLengths (size: Dim<'token>) (lengths: int[]) (like: RawTensor) : Result<TokenWeights<'token>, MathError> =
        match Array.tryFind (fun length -> length < 0 || length > size.Size) lengths with
        | Some wrong -> Error(WrongLength("the number of tokens of a row", size.Size, wrong))
        | None ->
            let rows columns count =
                lengths
                |> Array.collect (fun length ->
                    let real = count length
                    Array.init columns (fun token -> if token < real then 1.0 / float real else 0.0))

            let pairs = size.Size - 1

            Ok
                { Tokens = like.Constant([| lengths.Length; size.Size |], rows size.Size id)
                  Pairs =
                    if pairs = 0 then
                        None
                    else
                        Some(like.Constant([| lengths.Length; pairs |], rows pairs (fun length -> max 0 (length - 1))))
                  Present =
                    Scalar.ofRaw (like.Constant([| lengths.Length |], lengths |> Array.map (fun n -> if n > 0 then 1.0 else 0.0))) }

    /// Equal weights over all tokens of every row of a batch.
    let uniform (size: Dim<'token>) (rows: int) (like: RawTensor) : TokenWeights<'token> =
        match ofLengths size (Array.create rows size.Size) like with
        | Ok weights -> weights
        | Error error -> MathError.invariant (MathError.describe error)
