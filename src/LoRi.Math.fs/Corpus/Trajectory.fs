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
