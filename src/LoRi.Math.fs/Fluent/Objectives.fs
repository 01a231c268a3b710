/// The door for C#: typed trajectories and the objective.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

/// Typed trajectories from raw tensors, checked at this door: their levels and components must be the subspace's own.
[<AbstractClass; Sealed>]
type TypedTrajectories =

    /// <summary>The teacher's raw states. Shape: example level token hidden.</summary>
    /// <param name="subspace">The subspace that an objective is bound to.</param>
    /// <param name="states">Raw states, example x level x token x hidden.</param>
    static member Teacher(subspace: BoundSubspace, states: RawTensor) : RawTrajectory<TeacherToken> =
        subspace.Trajectory<TeacherToken> states |> Door.orThrow

    /// <summary>The student's raw states. Shape: example level step hidden.</summary>
    /// <param name="subspace">The subspace that an objective is bound to.</param>
    /// <param name="states">Raw states, example x level x step x hidden.</param>
    static member Student(subspace: BoundSubspace, states: RawTensor) : RawTrajectory<LatentStep> =
        subspace.Trajectory<LatentStep> states |> Door.orThrow

    /// <summary>Raw anchor states. Shape: example level hidden.</summary>
    /// <param name="subspace">The subspace that an objective is bound to.</param>
    /// <param name="states">Raw states, example x level x hidden.</param>
    static member Anchors(subspace: BoundSubspace, states: RawTensor) : Anchors =
        subspace.Anchors states |> Door.orThrow

    /// <summary>Standardised and projected. Shape: example r_L token r_d.</summary>
    /// <param name="subspace">The subspace that an objective is bound to.</param>
    /// <param name="trajectory">Raw states with their type: what <c>Teacher</c> or <c>Student</c> gave.</param>
    static member Project(subspace: BoundSubspace, trajectory: RawTrajectory<'token>) : Coordinates<'token> =
        subspace.CheckTrajectory "the trajectory" trajectory |> Door.orThrow
        subspace.Coordinates(subspace.Standardise trajectory)

    /// <summary>The teacher's coordinates as <c>Project</c> gave them before. Shape: example r_L token r_d.</summary>
    /// <param name="subspace">The subspace that an objective is bound to.</param>
    /// <param name="values">Numbers, example x r_L x token x r_d.</param>
    static member TeacherCoordinates(subspace: BoundSubspace, values: RawTensor) : Coordinates<TeacherToken> =
        subspace.CoordinatesOf<TeacherToken> values |> Door.orThrow

    /// <summary>The student's coordinates as <c>Project</c> gave them before. Shape: example r_L step r_d.</summary>
    /// <param name="subspace">The subspace that an objective is bound to.</param>
    /// <param name="values">Numbers, example x r_L x step x r_d.</param>
    static member StudentCoordinates(subspace: BoundSubspace, values: RawTensor) : Coordinates<LatentStep> =
        subspace.CoordinatesOf<LatentStep> values |> Door.orThrow

    /// <summary>The tensor behind coordinates.</summary>
    /// <param name="coordinates">Coordinates of a teacher or a student.</param>
    static member Values(coordinates: Coordinates<'token>) : RawTensor = Coordinates.raw coordinates

/// Moments over the tokens of a batch, the statistics that the objective compares.
[<AbstractClass; Sealed>]
type TokenMoments =

    /// <summary>Coordinates less their means; <c>counts</c> are the tokens of each row, the rest of the axis is padding. <c>Moments.centre</c>.</summary>
    /// <param name="coordinates">Coordinates in the subspace, example x r_L x token x r_d.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Centre(coordinates: Coordinates<'token>, counts: int[]) : Centred<'token> =
        let values = Coordinates.raw coordinates
        let examples = if values.Shape.Length < 4 then 1 else Raw.size 4 values

        let weights =
            TokenCounts.ofRows examples counts
            |> Result.bind (fun () ->
                TokenWeights.ofCounts (Tensor3.dim2 (Coordinates.tensor coordinates)) counts values)
            |> Door.orThrow

        Moments.centre weights coordinates

    /// <summary>The mean of each example, r_L x r_d: <c>Moments.mean</c>.</summary>
    /// <param name="centred">What <c>Centre</c> gave.</param>
    static member Mean(centred: Centred<'token>) : StatisticValue = Moments.mean centred

    /// <summary>The second-order statistics of a form: <c>Moments.covariance</c>.</summary>
    /// <param name="form">Which second-order statistics.</param>
    /// <param name="centred">What <c>Centre</c> gave.</param>
    static member Covariance(form: Covariance, centred: Centred<'token>) : IReadOnlyList<StatisticValue> =
        Array.ofList (Moments.covariance form centred) :> IReadOnlyList<StatisticValue>

    /// <summary>Statistics of successive steps, of the third order, or of consecutive parts: <c>Moments.order</c>.</summary>
    /// <param name="form">Which statistics beyond them.</param>
    /// <param name="centred">What <c>Centre</c> gave.</param>
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

    /// <summary>That a subspace has all that the options need. <c>ObjectiveConstants.check</c>.</summary>
    /// <param name="subspace">The subspace with what was measured.</param>
    /// <param name="options">The objective that is to be bound to it.</param>
    static member Check(subspace: MeasuredSubspace, options: ObjectiveOptions) : unit =
        ObjectiveConstants.check subspace options |> Door.orThrow

    /// <summary>Binds a subspace and options to a backend: <c>BoundObjective.Create</c>.</summary>
    /// <param name="subspace">What <c>Subspaces.Fit</c> gave.</param>
    /// <param name="options">The rationale's statistics and weighting, and the anchor's form.</param>
    /// <param name="like">Any tensor of the backend, whose kind of numbers is taken; its values do not matter.</param>
    /// <exception cref="T:System.ArgumentException">The subspace lacks a variance or anchors that the options need.</exception>
    static member Bind(subspace: MeasuredSubspace, options: ObjectiveOptions, like: RawTensor) : BoundObjective =
        BoundObjective.Create subspace options like |> Door.orThrow

    /// <summary>The rationale terms of every example, differentiable where the backend is.</summary>
    /// <param name="objective">What <c>Bind</c> gave.</param>
    /// <param name="teacher">The teacher's coordinates, example x r_L x token x r_d.</param>
    /// <param name="counts">The teacher's tokens of each example; the rest of its axis is padding.</param>
    /// <param name="student">The student's raw states, example x level x step x hidden.</param>
    /// <returns>Mean, covariance and order terms, each a number for each example.</returns>
    /// <exception cref="T:System.ArgumentException">Numbers of examples differ, or a row has no token.</exception>
    /// <example>
    /// A student of 5 latent steps against a teacher of up to 4 tokens, in a subspace of two levels and three directions:
    /// <code lang="csharp">
    /// using LoRi.Math;
    /// using LoRi.Math.Fluent;
    ///
    /// static RationaleTerms Terms(MeasuredSubspace subspace, RawTensor teacherStates, int[] tokens, RawTensor studentStates)
    /// {
    ///     var options = new ObjectiveOptions(
    ///         new RationaleOptions(Covariance.Modewise, Order.Off, Weighting.Statistic), AnchorForm.Full, AnchorScale.Corpus);
    ///     var objective = Objectives.Bind(subspace, options, teacherStates);
    ///     var teacher = TypedTrajectories.Project(
    ///         objective.Subspace, TypedTrajectories.Teacher(objective.Subspace, teacherStates));
    ///     var student = TypedTrajectories.Student(objective.Subspace, studentStates);
    ///     return Objectives.Rationale(objective, teacher, tokens, student);
    /// }
    ///
    /// Console.WriteLine(nameof(Terms));
    /// </code>
    /// </example>
    static member Rationale
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RationaleTerms =
        RationaleTerms.ofRows TermsFor.Training objective teacher counts student

    /// <summary>
    /// The same terms where no gradient is wanted, for a report: slower for full covariances, and exact near agreement.
    /// </summary>
    /// <param name="objective">What <c>Bind</c> gave.</param>
    /// <param name="teacher">The teacher's coordinates, example x r_L x token x r_d.</param>
    /// <param name="counts">The teacher's tokens of each example.</param>
    /// <param name="student">The student's raw states, example x level x step x hidden.</param>
    static member Measure
        (
            objective: BoundObjective,
            teacher: Coordinates<TeacherToken>,
            counts: int[],
            student: RawTrajectory<LatentStep>
        ) : RationaleTerms =
        RationaleTerms.ofRows TermsFor.Reporting objective teacher counts student

    /// <summary>The closed-form gradient of the weighted terms of every example.</summary>
    /// <param name="objective">What <c>Bind</c> gave.</param>
    /// <param name="weights">The factors of mean, covariance and order.</param>
    /// <param name="teacher">The teacher's coordinates, example x r_L x token x r_d.</param>
    /// <param name="counts">The teacher's tokens of each example.</param>
    /// <param name="student">The student's raw states, example x level x step x hidden.</param>
    /// <returns>Derivatives with respect to the student's states, of their shape.</returns>
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

    /// <summary>The anchor term of every example.</summary>
    /// <param name="objective">What <c>Bind</c> gave.</param>
    /// <param name="teacher">The teacher's anchors, example x level x hidden.</param>
    /// <param name="student">The student's anchors, of the same shape.</param>
    static member Anchor(objective: BoundObjective, teacher: Anchors, student: Anchors) : Scalar =
        objective.CheckAnchors teacher student |> Door.orThrow
        objective.Anchor teacher student

/// Targets of a student that are not its own row's.
[<AbstractClass; Sealed>]
type Controls =

    /// <summary>A permutation of 0 .. count - 1 that leaves nothing in its place. <c>Permutation.derangement</c>.</summary>
    /// <param name="seed">The same seed gives the same order.</param>
    /// <param name="count">How many numbers, at least 2.</param>
    static member Derangement(seed: int64, count: int) : int[] =
        Permutation.derangement seed count |> Door.orThrow

    /// <summary>One batch of a corpus whose statistics are averaged. <c>MeanMoments.Add</c>.</summary>
    /// <param name="means">The means so far; they are changed.</param>
    /// <param name="coordinates">Coordinates of a batch, example x r_L x token x r_d.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Add(means: MeanMoments, coordinates: RawTensor, counts: int[]) : unit =
        means.Add coordinates counts |> Door.orThrow

    /// <summary>The averages, on the backend of <c>like</c>. <c>MeanMoments.Finish</c>.</summary>
    /// <param name="means">The means so far; they are changed.</param>
    /// <param name="like">Any tensor of the backend, device and dtype that are wanted.</param>
    static member Finish(means: MeanMoments, like: RawTensor) : CorpusMoments = means.Finish like |> Door.orThrow

    /// <summary>The rationale terms of a corpus's mean statistics. <c>BoundObjective.RationaleToMeans</c>.</summary>
    /// <param name="objective">What <c>Bind</c> gave.</param>
    /// <param name="means">What <c>Finish</c> gave.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    /// <param name="student">The student's raw states, example x level x step x hidden.</param>
    static member Rationale
        (objective: BoundObjective, means: CorpusMoments, counts: int[], student: RawTrajectory<LatentStep>)
        : RationaleTerms =
        objective.RationaleToMeans means counts student |> Door.orThrow

    /// <summary>The coordinates of rows, by their numbers, with their tokens in another order. <c>TokenOrder.permuted</c>.</summary>
    /// <param name="coordinates">Coordinates in the subspace, example x r_L x token x r_d.</param>
    /// <param name="seed">The same seed gives the same order.</param>
    /// <param name="rows">The number of each row in its corpus.</param>
    /// <param name="counts">The tokens of each example; the rest of its axis is padding.</param>
    static member Permuted
        (coordinates: Coordinates<'token>, seed: int64, rows: int[], counts: int[])
        : Coordinates<'token> =
        TokenOrder.permuted seed rows counts coordinates |> Door.orThrow
