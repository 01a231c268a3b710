namespace LoRi.Math

/// A subspace as constants of one backend, with the device and dtype of `like`, made once and used for every batch of the same
/// device and dtype. Trajectories enter through its doors, which
/// check that their levels and components are the subspace's own.
[<Sealed>]
type BoundSubspace(subspace: SharedSubspace, like: RawTensor) =
    let constant sizes values = like.Constant(sizes, values)
    let mean = constant [| subspace.Levels; 1; subspace.Width |] subspace.Mean

    let scale =
        constant [| subspace.Levels; 1; 1 |] (subspace.Rms |> Array.map (fun r -> 1.0 / r))

    let layer = constant [| subspace.Levels; subspace.LayerRank |] subspace.LayerBasis
    let layerTransposed = layer.SwapAxes(-1, -2)
    let hidden = constant [| subspace.Width; subspace.HiddenRank |] subspace.HiddenBasis
    let hiddenTransposed = hidden.SwapAxes(-1, -2)
    let layerRank, hiddenRank = SharedSubspace.coordinateRanks subspace

    /// The mode-1 product with a matrix, through one product per example.
    let overLevels (matrix: RawTensor) (x: RawTensor) =
        let tokens, width = Raw.size 2 x, Raw.size 1 x
        let flat = x.Reshape(Raw.withTrailing 3 [| Raw.size 3 x; tokens * width |] x)
        (matrix.MatMul flat).Reshape(Raw.withTrailing 3 [| matrix.Shape[0]; tokens; width |] x)

    /// x x_1 U_L' x_3 U_d' (the hidden mode first: it reduces most).
    let project (x: RawTensor) =
        overLevels layerTransposed (x.MatMul hidden)

    /// z x_1 U_L x_3 U_d
    let back (z: RawTensor) =
        overLevels layer (z.MatMul hiddenTransposed)

    let trailing what axes sizes (x: RawTensor) =
        Raw.checkTrailing what axes sizes x |> Result.map ignore

    /// A trajectory has the subspace's levels and components. Errors: WrongShape.
    let checkOwn what (x: RawTensor) =
        trailing
            what
            [ Axis.name<Level>; "token"; Axis.name<Hidden> ]
            [ subspace.Levels; Raw.size 2 x; subspace.Width ]
            x

    let own operation x = Raw.orStop (checkOwn operation x)

    /// The token axis is whatever it is.
    let tokens (tensor: RawTensor) : Result<Dim<'token>, MathError> =
        if tensor.Shape.Length < 3 then
            Ok(Dim.trusted 1)
        else
            Dim.create (Raw.size 2 tensor)

    /// The subspace that is bound.
    member _.Subspace = subspace

    /// Takes raw states whose levels and components are the subspace's. Shape: .. L token d. Errors: WrongShape, SizeNotPositive.
    member _.Trajectory<'token>(states: RawTensor) : Result<RawTrajectory<'token>, MathError> =
        tokens states
        |> Result.bind (fun steps ->
            RawTrajectory.create (Dim.trusted subspace.Levels) steps (Dim.trusted subspace.Width) states)

    /// Takes coordinates in this subspace. Shape: .. r_L token r_d. Errors: WrongShape, SizeNotPositive.
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
        trailing what [ Axis.name<Level>; Axis.name<Hidden> ] [ subspace.Levels; subspace.Width ] (Matrix.raw a)

    /// Takes raw anchors whose levels and components are the subspace's. Shape: .. L d. Errors: WrongShape.
    member _.Anchors(states: RawTensor) : Result<Anchors, MathError> =
        Anchors.create (Dim.trusted subspace.Levels) (Dim.trusted subspace.Width) states

    /// X = (H - mean) / rms, per level. Trajectories of another size stop with both shapes.
    member _.Standardise(RawTrajectory h: RawTrajectory<'token>) : StandardisedTrajectory<'token> =
        own "standardisation" (Tensor3.raw h)
        StandardisedTrajectory(Tensor3((Tensor3.raw h).Subtract(mean).Multiply scale))

    /// Z = X x_layer U_L' x_hidden U_d'; for `Identity` X itself, for `Complement` X - P_L X P_d. Trajectories of
    /// another size stop with both shapes.
    member _.Coordinates(StandardisedTrajectory x: StandardisedTrajectory<'token>) : Coordinates<'token> =
        let raw = Tensor3.raw x
        own "projection" raw

        match subspace.Kind with
        | SubspaceKind.Identity -> Coordinates(Tensor3 raw)
        | SubspaceKind.Complement -> Coordinates(Tensor3(raw.Subtract(back (project raw))))
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Random _ -> Coordinates(Tensor3(project raw))

    /// The gradient with respect to raw states, given the one with respect to coordinates: the transpose of
    /// `Standardise >> Coordinates`. Shapes: .. r_L token r_d to .. L token d.
    member internal _.PullBack(gradient: RawTensor) : RawTensor =
        let standardised =
            match subspace.Kind with
            | SubspaceKind.Identity -> gradient
            | SubspaceKind.Complement -> gradient.Subtract(back (project gradient))
            | SubspaceKind.MultilinearSvd
            | SubspaceKind.Random _ -> back gradient

        standardised.Multiply scale

    /// Energy of what the bases keep of a standardised trajectory, token by token. Shape: .. token.
    member _.KeptEnergy(StandardisedTrajectory x: StandardisedTrajectory<'token>) : RawTensor =
        own "kept energy" (Tensor3.raw x)
        Raw.squaredNorm 2 ((project (Tensor3.raw x)).SwapAxes(-3, -2))

    /// A difference of anchors divided by the level's rms, projected (what projection leaves, for `Complement`), and
    /// multiplied again. Shapes: .. L d.
    member internal _.ProjectAnchors(difference: RawTensor) : RawTensor =
        let asTrajectory =
            difference.Reshape(Raw.withTrailing 2 [| subspace.Levels; 1; subspace.Width |] difference)

        let scaled = asTrajectory.Multiply scale

        let part =
            match subspace.Kind with
            | SubspaceKind.Identity -> scaled
            | SubspaceKind.Complement -> scaled.Subtract(back (project scaled))
            | SubspaceKind.MultilinearSvd
            | SubspaceKind.Random _ -> back (project scaled)

        (part.Divide scale).Reshape difference.Shape
