/// The door for C#: typed trajectories and the objective.
namespace LoRi.Math.Fluent

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
        subspace.Coordinates(subspace.Standardise trajectory)

    /// The teacher's coordinates as `Project` gave them before. Shape: example r_L token r_d.
    static member TeacherCoordinates(subspace: BoundSubspace, values: RawTensor) : Coordinates<TeacherToken> =
        subspace.CoordinatesOf<TeacherToken> values |> Door.orThrow

    /// The tensor behind coordinates.
    static member Values(coordinates: Coordinates<'token>) : RawTensor = Coordinates.raw coordinates

/// Evaluating the objective.
[<AbstractClass; Sealed>]
type Objectives =

    /// A teacher's weights and a student's, for a batch of both.
    static member private Weights
        (teacher: Coordinates<TeacherToken>, counts: int[], student: RawTrajectory<LatentStep>)
        =
        let (RawTrajectory states) = student
        let values = Coordinates.raw teacher

        let examples (tensor: RawTensor) =
            if tensor.Shape.Length < 4 then 1 else Raw.size 4 tensor

        let students = examples (RawTrajectory.states student)

        if examples values <> students then
            let shapes = List.ofArray values.Shape, List.ofArray (Tensor3.raw states).Shape
            Door.orThrow (Error(ShapeMismatch("rationale loss", "example", fst shapes, snd shapes)))
        elif counts.Length <> students then
            Door.orThrow (Error(WrongLength("the token counts of the teacher's rows", students, counts.Length)))
        else
            let teacherWeights =
                TokenWeights.ofCounts (Tensor3.dim2 (Coordinates.tensor teacher)) counts values

            struct (Door.orThrow teacherWeights,
                    TokenWeights.uniform (Tensor3.dim2 states) students (Tensor3.raw states))

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
            Objectives.Weights(teacher, counts, student)

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
            Objectives.Weights(teacher, counts, student)

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
            Objectives.Weights(teacher, counts, student)

        objective.RationaleGradient weights teacherWeights teacher studentWeights student

    /// The anchor term of every example.
    static member Anchor(objective: BoundObjective, teacher: Anchors, student: Anchors) : Scalar =
        objective.Anchor teacher student
