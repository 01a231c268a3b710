/// The door for C#: tupled static methods that forward to the modules of `LoRi.Math`. What is a `Result` there is a value
/// here, and its error an `ArgumentException` with the same text.
namespace LoRi.Math.Fluent

open System.Collections.Generic
open LoRi.Math

module internal Door =

    let orThrow result =
        match result with
        | Ok value -> value
        | Error error -> raise (System.ArgumentException(MathError.describe error))

/// Sizes and tensors of the core's own types.
[<AbstractClass; Sealed>]
type Tensors =

    /// A dimension of a given size. `Dim.create`.
    static member Dim<'axis>(size: int) : Dim<'axis> = Dim.create<'axis> size |> Door.orThrow

    /// A float64 tensor of the reference backend, from row-major values.
    static member Reference(shape: IReadOnlyList<int>, values: IReadOnlyList<float>) : RawTensor =
        let sizes, numbers = Array.ofSeq shape, Array.ofSeq values
        let expected = Array.fold (*) 1 sizes

        if expected <> numbers.Length then
            Door.orThrow (Error(WrongLength("the number of values", expected, numbers.Length)))
        else
            ReferenceTensor(sizes, numbers)

    /// `Matrix.ofRaw`.
    static member Matrix(rows: Dim<'row>, columns: Dim<'column>, values: RawTensor) : Matrix<'row, 'column> =
        Matrix.ofRaw rows columns values |> Door.orThrow

    /// `Tensor3.ofRaw`.
    static member Tensor3(d1: Dim<'m1>, d2: Dim<'m2>, d3: Dim<'m3>, values: RawTensor) : Tensor3<'m1, 'm2, 'm3> =
        Tensor3.ofRaw d1 d2 d3 values |> Door.orThrow

/// Decompositions of one order-3 tensor.
[<AbstractClass; Sealed>]
type Decompositions =

    /// `MultilinearSvd.truncated`.
    static member Truncated
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.truncated spectral ranks x |> Door.orThrow

    /// `MultilinearSvd.sequentiallyTruncated`.
    static member SequentiallyTruncated
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.sequentiallyTruncated spectral ranks x |> Door.orThrow

    /// `MultilinearSvd.refined`, to a relative growth of the core's energy below 1e-12 or 500 rounds.
    static member Refined
        (spectral: ISpectral, ranks: MultilinearRank, x: Tensor3<'m1, 'm2, 'm3>)
        : Tucker3<'m1, 'm2, 'm3> =
        MultilinearSvd.refined spectral 1e-12 500 ranks x |> Door.orThrow

    /// `MultilinearSvd.reconstruct`.
    static member Reconstruct(tucker: Tucker3<'m1, 'm2, 'm3>) : Tensor3<'m1, 'm2, 'm3> =
        MultilinearSvd.reconstruct tucker

/// Fitting shared subspaces and moving trajectories into them.
[<AbstractClass; Sealed>]
type Subspaces =

    /// The subspace of a corpus read once. `SharedSubspace.fit`.
    static member Fit(spectral: ISpectral, options: SubspaceOptions, statistics: CorpusStatistics) : SharedSubspace =
        StandardisedCorpora.ofStatistics statistics
        |> Result.bind (SharedSubspace.fit spectral options)
        |> Door.orThrow

    /// The subspace of a corpus whose Gram matrices are known. `SharedSubspace.fit`.
    static member Fit(spectral: ISpectral, options: SubspaceOptions, corpora: StandardisedCorpora) : SharedSubspace =
        SharedSubspace.fit spectral options corpora |> Door.orThrow

    /// The subspace of a corpus in memory, with all that an objective of a weighting needs.
    /// Shapes: trajectories : example level token hidden; counts : example; anchors : example level hidden.
    static member Fit
        (
            spectral: ISpectral,
            options: SubspaceOptions,
            weighting: Weighting,
            trajectories: RawTensor,
            counts: int[],
            anchors: RawTensor
        ) : SharedSubspace =
        let fitted =
            Subspaces.Fit(spectral, options, CorpusStatistics.Start trajectories counts)

        let measures =
            SubspaceMeasures(fitted, MeasuredVariances.every weighting fitted, trajectories)

        Subspaces.Measure(measures, trajectories, counts, anchors)
        measures.Finish()

    /// One batch for the second reading. Shapes as in `Fit`.
    static member Measure
        (measures: SubspaceMeasures, trajectories: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        measures.AddTrajectories trajectories counts |> Door.orThrow
        measures.AddAnchors anchors |> Door.orThrow

    /// A subspace from outside, if its parts fit together. `SharedSubspace.validate`.
    static member Validate(subspace: SharedSubspace) : SharedSubspace =
        SharedSubspace.validate subspace |> Door.orThrow

/// The second of two readings under all three standardisations: less memory than `CorpusStatistics`.
[<AbstractClass; Sealed>]
type Readings =

    /// Nothing read yet, one per standardisation. `GramSums.Start`.
    static member Start(sums: LevelSums) : IReadOnlyList<GramSums> =
        [|
            for standardisation in Standardisation.all -> GramSums.Start sums standardisation |> Door.orThrow
        |]
        :> IReadOnlyList<GramSums>

    /// The corpora of what was read; sums in the order that `Start` gave them.
    static member Finish(sums: LevelSums, grams: IReadOnlyList<GramSums>) : StandardisedCorpora =
        let corpus standardisation =
            grams[List.findIndex ((=) standardisation) Standardisation.all].Corpus

        StandardisedCorpora.make corpus sums.Examples sums.Tokens |> Door.orThrow

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
