namespace LoRi.Math

/// <summary>A subspace as constants of one backend, with the device and dtype of <c>like</c>, made once and used for every batch of the
/// same device and dtype. Trajectories enter through its doors, which check that their levels and components are the subspace's
/// own.</summary>
/// <param name="subspace">What is bound.</param>
/// <param name="like">A tensor of the backend, device and dtype that the constants are to have; its numbers are not read.</param>
[<Sealed>]
type BoundSubspace(subspace: FittedSubspace, like: RawTensor) =
    let onBackend (matrix: Matrix<'r, 'c>) : Matrix<'r, 'c> =
        Matrix(like.Constant((Matrix.raw matrix).Shape, (Matrix.raw matrix).ToArray()))

    let levels, width = subspace.Levels, subspace.Width
    let mean = (Matrix.raw (onBackend subspace.Mean)).Reshape [| levels; 1; width |]

    let scale =
        like.Constant([| levels; 1; 1 |], subspace.Rms |> Array.map (fun r -> 1.0 / r))

    let layer, hidden = onBackend subspace.LayerBasis, onBackend subspace.HiddenBasis

    let layerTransposed, hiddenTransposed =
        Matrix.transpose layer, Matrix.transpose hidden

    let layerRank, hiddenRank = subspace.CoordinateRanks

    /// x x_1 U_L' x_3 U_d' (the hidden mode first: it reduces most).
    let project (x: Tensor3<Level, 'token, Hidden>) : Tensor3<Truncated<Level>, 'token, Truncated<Hidden>> =
        x |> Tensor3.modeProduct3 hiddenTransposed |> Tensor3.modeProduct1 layerTransposed

    /// z x_1 U_L x_3 U_d
    let back (z: Tensor3<Truncated<Level>, 'token, Truncated<Hidden>>) : Tensor3<Level, 'token, Hidden> =
        z |> Tensor3.modeProduct3 hidden |> Tensor3.modeProduct1 layer

    /// X - P_L X P_d
    let remainder (x: Tensor3<Level, 'token, Hidden>) : Tensor3<Level, 'token, Hidden> =
        Tensor3.subtract x (back (project x))

    let trailing what axes sizes (x: RawTensor) =
        Raw.checkTrailing what axes sizes x |> Result.map ignore

    /// A trajectory has the subspace's levels and components. Errors: WrongShape.
    let checkOwn what (x: RawTensor) =
        trailing what [ Axis.name<Level>; "token"; Axis.name<Hidden> ] [ levels; Raw.size 2 x; width ] x

    let own operation x = Raw.orStop (checkOwn operation x)

    /// The token axis is whatever it is.
    let tokens (tensor: RawTensor) : Result<Dim<'token>, MathError> =
        if tensor.Shape.Length < 3 then
            Ok(Dim.trusted 1)
        else
            Dim.create (Raw.size 2 tensor)

    /// The subspace that is bound.
    member _.Subspace = subspace

    /// <summary>Takes raw states whose levels and components are the subspace's. Errors: WrongShape, SizeNotPositive.</summary>
    /// <param name="states"><c>.. L token d</c>; leading axes are a batch.</param>
    member _.Trajectory<'token>(states: RawTensor) : Result<RawTrajectory<'token>, MathError> =
        tokens states
        |> Result.bind (fun steps -> RawTrajectory.create (Dim.trusted levels) steps (Dim.trusted width) states)

    /// <summary>Takes coordinates in this subspace. Errors: WrongShape, SizeNotPositive.</summary>
    /// <param name="values"><c>.. r_L token r_d</c>; leading axes are a batch.</param>
    member _.CoordinatesOf<'token>(values: RawTensor) : Result<Coordinates<'token>, MathError> =
        tokens values
        |> Result.bind (fun steps -> Coordinates.create (Dim.trusted layerRank) steps (Dim.trusted hiddenRank) values)

    /// A trajectory is of this subspace's sizes. Errors: WrongShape.
    member internal _.CheckTrajectory what (RawTrajectory h: RawTrajectory<'token>) = checkOwn what (Tensor3.raw h)

    /// Coordinates are of this subspace's ranks. Errors: WrongShape.
    member internal _.CheckCoordinates what (Coordinates z: Coordinates<'token>) =
        let raw = Tensor3.raw z
        let axes = [ Axis.name<Truncated<Level>>; "token"; Axis.name<Truncated<Hidden>> ]
        trailing what axes [ layerRank; Raw.size 2 raw; hiddenRank ] raw

    /// Anchors are of this subspace's sizes. Errors: WrongShape.
    member internal _.CheckAnchors what (Anchors a) =
        trailing what [ Axis.name<Level>; Axis.name<Hidden> ] [ levels; width ] (Matrix.raw a)

    /// <summary>Takes raw anchors whose levels and components are the subspace's. Errors: WrongShape.</summary>
    /// <param name="states"><c>.. L d</c>; leading axes are a batch.</param>
    member _.Anchors(states: RawTensor) : Result<Anchors, MathError> =
        Anchors.create (Dim.trusted levels) (Dim.trusted width) states

    /// <summary>X = (H - mean) / rms, per level. Trajectories of another size stop with both shapes.</summary>
    /// <param name="trajectory">Raw states, <c>.. L token d</c>.</param>
    member _.Standardise(trajectory: RawTrajectory<'token>) : StandardisedTrajectory<'token> =
        let states = RawTrajectory.states trajectory
        own "standardisation" states
        StandardisedTrajectory(Tensor3(states.Subtract(mean).Multiply scale))

    /// <summary>Z = X x_layer U_L' x_hidden U_d'; for <c>Identity</c> X itself, for <c>Complement</c> X - P_L X P_d. Trajectories of
    /// another size stop with both shapes.</summary>
    /// <param name="trajectory">Standardised states, <c>.. L token d</c>.</param>
    member _.Coordinates(trajectory: StandardisedTrajectory<'token>) : Coordinates<'token> =
        let x = StandardisedTrajectory.tensor trajectory
        let raw = Tensor3.raw x
        own "projection" raw

        match subspace.Kind with
        | SubspaceKind.Identity -> Coordinates(Tensor3 raw)
        | SubspaceKind.Complement -> Coordinates(Tensor3(Tensor3.raw (remainder x)))
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Gradient
        | SubspaceKind.Random _ -> Coordinates(project x)

    /// The gradient with respect to raw states, given the one with respect to coordinates: the transpose of
    /// `Standardise >> Coordinates`. Shapes: .. r_L token r_d to .. L token d.
    member internal _.PullBack
        (gradient: Tensor3<Truncated<Level>, 'token, Truncated<Hidden>>)
        : Tensor3<Level, 'token, Hidden> =
        let whole: Tensor3<Level, 'token, Hidden> = Tensor3(Tensor3.raw gradient)

        let standardised =
            match subspace.Kind with
            | SubspaceKind.Identity -> whole
            | SubspaceKind.Complement -> remainder whole
            | SubspaceKind.MultilinearSvd
            | SubspaceKind.Gradient
            | SubspaceKind.Random _ -> back gradient

        Tensor3((Tensor3.raw standardised).Multiply scale)

    /// <summary>Energy of what the bases keep of a standardised trajectory, token by token: the sum of squares of its projection.
    /// Trajectories of another size stop with both shapes.</summary>
    /// <param name="trajectory">Standardised states, <c>.. L token d</c>.</param>
    /// <returns><c>.. token</c>.</returns>
    member _.KeptEnergy(trajectory: StandardisedTrajectory<'token>) : RawTensor =
        let x = StandardisedTrajectory.tensor trajectory
        own "kept energy" (Tensor3.raw x)
        Raw.squaredNorm 2 ((Tensor3.raw (project x)).SwapAxes(-3, -2))

    /// A difference of anchors divided by the level's rms, projected (what projection leaves, for `Complement`), and
    /// multiplied again. Shapes: .. L d.
    member internal _.ProjectAnchors(difference: RawTensor) : RawTensor =
        let asTrajectory =
            difference.Reshape(Raw.withTrailing 2 [| levels; 1; width |] difference)

        let scaled: Tensor3<Level, AnchorPosition, Hidden> =
            Tensor3(asTrajectory.Multiply scale)

        let part =
            match subspace.Kind with
            | SubspaceKind.Identity -> scaled
            | SubspaceKind.Complement -> remainder scaled
            | SubspaceKind.MultilinearSvd
            | SubspaceKind.Gradient
            | SubspaceKind.Random _ -> back (project scaled)

        ((Tensor3.raw part).Divide scale).Reshape difference.Shape
