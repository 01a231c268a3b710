namespace LoRi.Math.Fluent

open LoRi.Math

/// Results become exceptions with the same text: the door for C#.
module internal Door =
    let orThrow result =
        match result with
        | Ok value -> value
        | Error error -> raise (System.ArgumentException(MathError.describe error))

/// Fitting a shared subspace.
[<AbstractClass; Sealed>]
type Subspaces =

    /// The subspace of a corpus; `layerRank` and `hiddenRank` choose its ranks.
    static member Fit(spectral: ISpectral, kind: SubspaceKind, standardisation: Standardisation, layerRank: RankChoice, hiddenRank: RankChoice, statistics: CorpusStatistics) : SharedSubspace =
        SharedSubspace.fit spectral kind standardisation layerRank hiddenRank statistics |> Door.orThrow

    /// The subspace of a corpus whose Gram matrices are known.
    static member Fit(spectral: ISpectral, kind: SubspaceKind, standardisation: Standardisation, layerRank: RankChoice, hiddenRank: RankChoice, corpora: StandardisedCorpora) : SharedSubspace =
        SharedSubspace.fitCorpora spectral kind standardisation layerRank hiddenRank corpora |> Door.orThrow

    /// The coordinates of raw trajectories, .. level token hidden.
    static member Coordinates(subspace: BoundSubspace, trajectories: RawTensor) : RawTensor =
        let raw: RawTrajectory<TeacherToken> = RawTrajectory(Tensor3 trajectories)
        let (Coordinates z) = subspace.Coordinates(subspace.Standardise raw)
        Tensor3.raw z

/// Evaluating the objective.
[<AbstractClass; Sealed>]
type Objectives =

    static member Bind(subspace: SharedSubspace, options: ObjectiveOptions, like: RawTensor) : BoundObjective =
        BoundObjective.Create subspace options like |> Door.orThrow

    /// Mean, covariance and order terms per example: teacher coordinates .. rL T rd with their lengths, student states .. L M d.
    static member Rationale(objective: BoundObjective, teacher: RawTensor, lengths: int[], student: RawTensor) : struct (RawTensor * RawTensor * RawTensor) =
        let steps (x: RawTensor) = x.Shape[x.Shape.Length - 2]
        let teacherWeights = TokenWeights.ofLengths (Dim.create<TeacherToken> (steps teacher) |> Door.orThrow) lengths teacher |> Door.orThrow
        let studentWeights = TokenWeights.uniform (Dim.create<LatentStep> (steps student) |> Door.orThrow) lengths.Length student
        let terms = objective.Rationale teacherWeights (Coordinates(Tensor3 teacher)) studentWeights (RawTrajectory(Tensor3 student))
        struct (Scalar.raw terms.Mean, Scalar.raw terms.Covariance, Scalar.raw terms.Order)

    /// The anchor term per example: raw anchors .. L d.
    static member Anchor(objective: BoundObjective, teacher: RawTensor, student: RawTensor) : RawTensor =
        Scalar.raw (objective.Anchor (Matrix teacher) (Matrix student))
