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

/// The one position at which reasoning passes into the answer.
type AnchorPosition = interface end

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

/// States as the model gives them.
module RawTrajectory =

    /// <summary>Takes states whose last axes are level, token, hidden. Errors: WrongShape.</summary>
    /// <param name="levels">L, the number of traced levels.</param>
    /// <param name="tokens">T, the size of the token axis, padding included.</param>
    /// <param name="width">d, the components of a state.</param>
    /// <param name="states"><c>.. level token hidden</c>; leading axes are a batch.</param>
    let create
        (levels: Dim<Level>)
        (tokens: Dim<'token>)
        (width: Dim<Hidden>)
        states
        : Result<RawTrajectory<'token>, MathError> =
        let axes = [ Axis.name<Level>; Axis.name<'token>; Axis.name<Hidden> ]

        Raw.checkTrailing "the trajectory" axes [ levels.Size; tokens.Size; width.Size ] states
        |> Result.map (Tensor3 >> RawTrajectory)

    /// <summary>The states behind.</summary>
    /// <param name="trajectory">One trajectory, or a batch of them.</param>
    /// <returns><c>.. level token hidden</c>.</returns>
    let states (trajectory: RawTrajectory<'token>) =
        let (RawTrajectory x) = trajectory in Tensor3.raw x

/// States in units of the teacher's corpus.
module StandardisedTrajectory =

    /// <summary>The standardised states.</summary>
    /// <param name="trajectory">One trajectory, or a batch of them.</param>
    /// <returns><c>.. level token hidden</c>.</returns>
    let tensor (trajectory: StandardisedTrajectory<'token>) =
        let (StandardisedTrajectory x) = trajectory in x

/// Trajectories in the shared subspace.
module Coordinates =

    /// <summary>Takes coordinates whose last axes are layer rank, token, hidden rank. Errors: WrongShape.</summary>
    /// <param name="layers">r_L, the rank of the layer mode.</param>
    /// <param name="tokens">T, the size of the token axis, padding included.</param>
    /// <param name="width">r_d, the rank of the hidden mode.</param>
    /// <param name="values"><c>.. r_L token r_d</c>; leading axes are a batch.</param>
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

    /// <summary>The coordinates, with typed modes.</summary>
    /// <param name="coordinates">Of one trajectory, or of a batch of them.</param>
    /// <returns><c>.. r_L token r_d</c>.</returns>
    let tensor (coordinates: Coordinates<'token>) = let (Coordinates z) = coordinates in z

    /// <summary>The tensor behind.</summary>
    /// <param name="coordinates">Of one trajectory, or of a batch of them.</param>
    /// <returns><c>.. r_L token r_d</c>.</returns>
    let raw (coordinates: Coordinates<'token>) = Tensor3.raw (tensor coordinates)

/// States at the anchor.
module Anchors =

    /// <summary>Takes states whose last axes are level, hidden. Errors: WrongShape.</summary>
    /// <param name="levels">L, the number of traced levels.</param>
    /// <param name="width">d, the components of a state.</param>
    /// <param name="states"><c>.. level hidden</c>; leading axes are a batch.</param>
    let create (levels: Dim<Level>) (width: Dim<Hidden>) states : Result<Anchors, MathError> =
        Raw.checkTrailing "the anchors" [ Axis.name<Level>; Axis.name<Hidden> ] [ levels.Size; width.Size ] states
        |> Result.map (Matrix >> Anchors)

    /// <summary>The states behind.</summary>
    /// <param name="anchors">Of one example, or of a batch of them.</param>
    /// <returns><c>.. level hidden</c>.</returns>
    let states (anchors: Anchors) =
        let (Anchors a) = anchors in Matrix.raw a
