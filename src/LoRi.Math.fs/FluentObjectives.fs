/// The door for C#: typed trajectories and the objective.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

/// Typed trajectories from raw tensors, checked at this door: their levels and components must be the subspace's own.
[<AbstractClass; Sealed>]
type TypedTrajectories =

    /// The teacher's raw states. Shape: example level token hidden.
    static member Teacher(subspace: BoundSubspace, states: RawTensor) : RawTrajectory<TeacherToken> =
        subspace.Trajectory<TeacherToken> states |> Door.orThrow

    /// The student's raw states. Shape: example level step hidden.
    static member Student(subspace: BoundSubspace, states: RawTensor) : RawTrajectory<LatentStep> =
        subspace.Trajectory<LatentStep> states |> Door.orThrow

    /// Raw anchor states. Shape: example level hidden.
    static member Anchors(subspace: BoundSubspace, states: RawTensor) : Anchors =
        subspace.Anchors states |> Door.orThrow

    /// Standardised and projected. Shape: example r_L token r_d.
    static member Project(subspace: BoundSubspace, trajectory: RawTrajectory<'token>) : Coordinates<'token> =
        subspace.CheckTrajectory "the trajectory" trajectory |> Door.orThrow
        subspace.Coordinates(subspace.Standardise trajectory)

    /// The teacher's coordinates as `Project` gave them before. Shape: example r_L token r_d.
    static member TeacherCoordinates(subspace: BoundSubspace, values: RawTensor) : Coordinates<TeacherToken> =
        subspace.CoordinatesOf<TeacherToken> values |> Door.orThrow

    /// The student's coordinates as `Project` gave them before. Shape: example r_L step r_d.
    static member StudentCoordinates(subspace: BoundSubspace, values: RawTensor) : Coordinates<LatentStep> =
        subspace.CoordinatesOf<LatentStep> values |> Door.orThrow

    /// The tensor behind coordinates.
    static member Values(coordinates: Coordinates<'token>) : RawTensor = Coordinates.raw coordinates

/// Moments over the tokens of a batch, the statistics that the objective compares.
[<AbstractClass; Sealed>]
type TokenMoments =

    /// Coordinates less their means; `counts` are the tokens of each row, the rest of the axis is padding. `Moments.centre`.
    static member Centre(coordinates: Coordinates<'token>, counts: int[]) : Centred<'token> =
        let values = Coordinates.raw coordinates
        let examples = if values.Shape.Length < 4 then 1 else Raw.size 4 values

        let weights =
            TokenCounts.ofRows examples counts
            |> Result.bind (fun () ->
                TokenWeights.ofCounts (Tensor3.dim2 (Coordinates.tensor coordinates)) counts values)
            |> Door.orThrow

        Moments.centre weights coordinates

    /// `Moments.mean`.
    static member Mean(centred: Centred<'token>) : Statistic = Moments.mean centred

    /// `Moments.covariance`.
    static member Covariance(form: Covariance, centred: Centred<'token>) : IReadOnlyList<Statistic> =
        Array.ofList (Moments.covariance form centred) :> IReadOnlyList<Statistic>

    /// `Moments.order`.
    static member Order(form: Order, centred: Centred<'token>) : IReadOnlyList<Statistic> =
        Array.ofList (Moments.order form centred) :> IReadOnlyList<Statistic>

/// Evaluating the objective.
[<AbstractClass; Sealed>]
type Objectives =

    /// A teacher's weights and a student's, for a batch of both that belong to the objective and to each other.
    static member private Weights
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) =
        let values, states = Coordinates.raw teacher, RawTrajectory.states student

        let examples (tensor: RawTensor) =
            if tensor.Shape.Length < 4 then 1 else Raw.size 4 tensor

        let students = examples states

        let sameExamples () =
            if examples values = students then
                Ok()
            else
                Error(ShapeMismatch("rationale loss", "example", List.ofArray values.Shape, List.ofArray states.Shape))

        let oneCountEach () =
            if counts.Length = students then
                Ok()
            else
                Error(WrongLength("the token counts of the teacher's rows", students, counts.Length))

        objective.Subspace.CheckCoordinates "the teacher's coordinates" teacher
        |> Result.bind (fun () -> objective.Subspace.CheckTrajectory "the student's trajectory" student)
        |> Result.bind sameExamples
        |> Result.bind oneCountEach
        |> Result.bind (fun () -> TokenWeights.ofCounts (Tensor3.dim2 (Coordinates.tensor teacher)) counts values)
        |> Result.map (fun teacherWeights ->
            let (RawTrajectory steps) = student
            struct (teacherWeights, TokenWeights.uniform (Tensor3.dim2 steps) students states))
        |> Door.orThrow

    /// Binds a subspace and options to the backend of `like`. `BoundObjective.Create`.
    static member Bind(subspace: SharedSubspace, options: ObjectiveOptions, like: RawTensor) : BoundObjective =
        BoundObjective.Create subspace options like |> Door.orThrow

    /// The rationale terms of every example; `counts` are the teacher's tokens of each row, the rest of its axis is padding.
    static member Rationale
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RationaleTerms =
        let struct (teacherWeights, studentWeights) =
            Objectives.Weights(objective, teacher, counts, student)

        objective.Rationale teacherWeights teacher studentWeights student

    /// The same terms where no gradient is wanted: slower for full covariances, and exact near agreement. `BoundObjective.Measure`.
    static member Measure
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RationaleTerms =
        let struct (teacherWeights, studentWeights) =
            Objectives.Weights(objective, teacher, counts, student)

        objective.Measure teacherWeights teacher studentWeights student

    /// The closed-form gradient of the weighted terms of every example with respect to the student's raw states.
    static member RationaleGradient
        (
            objective: BoundObjective,
            weights: RationaleWeights,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RawTensor =
        let struct (teacherWeights, studentWeights) =
            Objectives.Weights(objective, teacher, counts, student)

        objective.RationaleGradient weights teacherWeights teacher studentWeights student

    /// The anchor term of every example.
    static member Anchor(objective: BoundObjective, teacher: Anchors, student: Anchors) : Scalar =
        objective.CheckAnchors teacher student |> Door.orThrow
        objective.Anchor teacher student
