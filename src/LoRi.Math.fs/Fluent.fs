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

    /// One batch for the second reading, in parts of as many examples as `ExamplesAtOnce` allows. Shapes as in `Fit`;
    /// anchors may be of no example at all.
    static member Measure
        (measures: SubspaceMeasures, trajectories: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        for part in Seq.chunkBySize measures.ExamplesAtOnce (seq { 0 .. counts.Length - 1 }) do
            let slice (all: RawTensor) fromEnd =
                all.Slice(-fromEnd, part[0], part.Length)

            let own = Array.sub counts part[0] part.Length

            measures.AddTrajectories (slice trajectories 4) own |> Door.orThrow

            if anchors.Shape[0] > 0 then
                measures.AddAnchors(slice anchors 3) |> Door.orThrow

    /// The same for coordinates that were projected before. Shapes: coordinates : example r_L token r_d; anchors : example level
    /// hidden, or of no example at all.
    static member MeasureCoordinates
        (measures: SubspaceMeasures, coordinates: RawTensor, counts: int[], anchors: RawTensor)
        : unit =
        for part in Seq.chunkBySize measures.ExamplesAtOnce (seq { 0 .. counts.Length - 1 }) do
            let slice (all: RawTensor) fromEnd =
                all.Slice(-fromEnd, part[0], part.Length)

            measures.AddCoordinates (slice coordinates 4) (Array.sub counts part[0] part.Length)
            |> Door.orThrow

            if anchors.Shape[0] > 0 then
                measures.AddAnchors(slice anchors 3) |> Door.orThrow

    /// Sizes r_L and r_d of the space that coordinates live in. `SharedSubspace.coordinateRanks`.
    static member CoordinateRanks(subspace: SharedSubspace) : struct (int * int) =
        let layers, width = SharedSubspace.coordinateRanks subspace
        struct (layers, width)

    /// The shape of stored variances for coordinates of these sizes, by their name in files; null for an unknown name.
    static member VarianceShape(name: string, layers: int, width: int) : int[] | null =
        match Variances.shape layers width name with
        | Some shape -> shape
        | None -> null

    /// A subspace from outside, if its parts fit together. `SharedSubspace.validate`.
    static member Validate(subspace: SharedSubspace) : SharedSubspace =
        SharedSubspace.validate subspace |> Door.orThrow

/// How many directions a spectrum fills, and the names of standardisations.
[<AbstractClass; Sealed>]
type Spectra =

    /// Names of the three standardisations, in the order of reports. `Standardisation.all`.
    static member Standardisations: IReadOnlyList<string> =
        [|
            for standardisation in Standardisation.all -> Standardisation.name standardisation
        |]
        :> IReadOnlyList<string>

    /// The name of one. `Standardisation.name`.
    static member Name(standardisation: Standardisation) : string = Standardisation.name standardisation

    /// `EffectiveRank.ofEigenvalues`.
    static member EffectiveRank(eigenvalues: float[]) : EffectiveRank = EffectiveRank.ofEigenvalues eigenvalues

    /// `EffectiveRank.atEnergy`.
    static member RankAtEnergy(share: float, eigenvalues: float[]) : int =
        EffectiveRank.atEnergy share eigenvalues

/// Orthonormal bases of subspaces.
[<AbstractClass; Sealed>]
type Bases =

    /// U U'. `Subspace.projector`.
    static member Projector(u: Matrix<'axis, Truncated<'axis>>) : Matrix<'axis, 'axis> = Subspace.projector u

    /// Ascending, in radians. `Subspace.principalAngles`.
    static member PrincipalAngles
        (spectral: ISpectral, u: Matrix<'axis, Truncated<'axis>>, v: Matrix<'axis, Truncated<'axis>>)
        : float[] =
        Subspace.principalAngles spectral u v

/// Unfoldings, their inverses and mode products of order-3 tensors.
[<AbstractClass; Sealed>]
type Modes =

    /// `Tensor3.unfold1`.
    static member Unfold1(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m1, Merged<'m2, 'm3>> = Tensor3.unfold1 x

    /// `Tensor3.unfold2`.
    static member Unfold2(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m2, Merged<'m1, 'm3>> = Tensor3.unfold2 x

    /// `Tensor3.unfold3`.
    static member Unfold3(x: Tensor3<'m1, 'm2, 'm3>) : Matrix<'m3, Merged<'m1, 'm2>> = Tensor3.unfold3 x

    /// `Tensor3.modeProduct1`.
    static member Product1(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm1>) : Tensor3<'j, 'm2, 'm3> =
        Tensor3.modeProduct1 u x

    /// `Tensor3.modeProduct2`.
    static member Product2(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm2>) : Tensor3<'m1, 'j, 'm3> =
        Tensor3.modeProduct2 u x

    /// `Tensor3.modeProduct3`.
    static member Product3(x: Tensor3<'m1, 'm2, 'm3>, u: Matrix<'j, 'm3>) : Tensor3<'m1, 'm2, 'j> =
        Tensor3.modeProduct3 u x

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
