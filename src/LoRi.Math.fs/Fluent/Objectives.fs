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
    static member Mean(centred: Centred<'token>) : StatisticValue = Moments.mean centred

    /// `Moments.covariance`.
    static member Covariance(form: Covariance, centred: Centred<'token>) : IReadOnlyList<StatisticValue> =
        Array.ofList (Moments.covariance form centred) :> IReadOnlyList<StatisticValue>

    /// `Moments.order`.
    static member Order(form: Order, centred: Centred<'token>) : IReadOnlyList<StatisticValue> =
        Array.ofList (Moments.order form centred) :> IReadOnlyList<StatisticValue>

module private RationaleTerms =

    let ofRows purpose (objective: BoundObjective) teacher counts student =
        let teacherWeights, studentWeights =
            objective.Weights teacher counts student |> Door.orThrow

        objective.Rationale purpose teacherWeights teacher studentWeights student

/// Evaluating the objective.
[<AbstractClass; Sealed>]
type Objectives =

    /// That a subspace has all that the options need. `ObjectiveConstants.check`.
    static member Check(subspace: MeasuredSubspace, options: ObjectiveOptions) : unit =
        ObjectiveConstants.check subspace options |> Door.orThrow

    /// Binds a subspace and options to the backend of `like`. `BoundObjective.Create`.
    static member Bind(subspace: MeasuredSubspace, options: ObjectiveOptions, like: RawTensor) : BoundObjective =
        BoundObjective.Create subspace options like |> Door.orThrow

    /// The rationale terms of every example; `counts` are the teacher's tokens of each row, the rest of its axis is padding.
    static member Rationale
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RationaleTerms =
        RationaleTerms.ofRows TermsFor.Training objective teacher counts student

    /// The same terms where no gradient is wanted, for a report: slower for full covariances, and exact near agreement.
    static member Measure
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RationaleTerms =
        RationaleTerms.ofRows TermsFor.Reporting objective teacher counts student

    /// The closed-form gradient of the weighted terms of every example with respect to the student's raw states.
    static member RationaleGradient
        (
            objective: BoundObjective,
            weights: RationaleWeights,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RawTensor =
        let teacherWeights, studentWeights =
            objective.Weights teacher counts student |> Door.orThrow

        objective.RationaleGradient weights teacherWeights teacher studentWeights student

    /// The anchor term of every example.
    static member Anchor(objective: BoundObjective, teacher: Anchors, student: Anchors) : Scalar =
        objective.CheckAnchors teacher student |> Door.orThrow
        objective.Anchor teacher student
