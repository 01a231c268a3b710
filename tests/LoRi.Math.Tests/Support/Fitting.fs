/// Corpora, fitted subspaces and bound objectives of generated cases, on any backend.
module LoRi.Math.Tests.Fitting

open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators

/// Raw states of one side, example level token hidden.
let teacherStates (backend: Backend) (case: CorpusCase) =
    backend.Tensor [ case.Counts.Length; case.Levels; case.Longest; case.Width ] case.Teacher

let studentStates (backend: Backend) (case: CorpusCase) =
    backend.Tensor [ case.Counts.Length; case.Levels; case.Steps; case.Width ] case.Student

let anchorStates (backend: Backend) (case: CorpusCase) =
    backend.Tensor [ case.Counts.Length; case.Levels; case.Width ] case.Anchors

/// Half of both modes.
let options (case: CorpusCase) kind standardisation : SubspaceOptions =
    {
        Kind = kind
        Standardisation = standardisation
        LayerRank = RankChoice.Exactly((case.Levels + 1) / 2)
        HiddenRank = RankChoice.Exactly((case.Width + 1) / 2)
    }

/// The subspace of a corpus, without measures.
let fit (backend: Backend) options states counts : FittedSubspace =
    CorpusStatistics.Start states counts
    |> Result.bind StandardisedCorpora.ofStatistics
    |> Result.bind (FittedSubspace.fit backend.Spectral options)
    |> ok

/// With everything that an objective of this weighting needs.
let measured (backend: Backend) (case: CorpusCase) weighting (subspace: FittedSubspace) =
    let measures =
        SubspaceMeasures(subspace, MeasuredVariances.every weighting subspace, backend.Like)

    measures.AddTrajectories (teacherStates backend case) case.Counts |> ok
    measures.AddAnchors(anchorStates backend case) |> ok
    measures.Finish()

/// What a measured subspace keeps of its corpus's energy.
let keptOf (subspace: MeasuredSubspace) = Option.get subspace.EnergyKept

/// A bound objective with a batch for it.
type Batch =
    {
        Objective: BoundObjective
        TeacherWeights: TokenWeights<TeacherToken>
        Teacher: Coordinates<TeacherToken>
        StudentWeights: TokenWeights<LatentStep>
    }

    /// Takes student states, example level step hidden.
    member this.Student(states: RawTensor) : RawTrajectory<LatentStep> =
        ok (this.Objective.Subspace.Trajectory<LatentStep> states)

    member this.Terms(states: RawTensor) =
        this.Objective.Rationale
            TermsFor.Training
            this.TeacherWeights
            this.Teacher
            this.StudentWeights
            (this.Student states)

/// The teacher's states against a bound objective, and the weights of `steps` student steps.
let against (objective: BoundObjective) (states: RawTensor) (counts: int[]) steps : Batch =
    let bound = objective.Subspace
    let tokens = states.Shape[2]

    {
        Objective = objective
        TeacherWeights = ok (TokenWeights.ofCounts (ok (Dim.create tokens)) counts states)
        Teacher = bound.Coordinates(bound.Standardise(ok (bound.Trajectory<TeacherToken> states)))
        StudentWeights = TokenWeights.uniform (ok (Dim.create steps)) counts.Length states
    }

let private anchored rationale =
    {
        Rationale = rationale
        Anchor = AnchorForm.Full
        AnchorScale = AnchorScale.Corpus
    }

/// A corpus's own subspace and objective.
let batch (backend: Backend) (case: ObjectiveCase) : Batch =
    let states = teacherStates backend case.Corpus

    let fitted =
        fit backend (options case.Corpus case.Kind case.Standardisation) states case.Corpus.Counts

    let subspace = measured backend case.Corpus case.Options.Weighting fitted

    let objective =
        ok (BoundObjective.Create subspace (anchored case.Options) backend.Like)

    against objective states case.Corpus.Counts case.Corpus.Steps

/// Mean, covariance and order terms of every example, one after another.
let numbers (terms: RationaleTerms) : float[] =
    Array.concat
        [
            for term in [ terms.Mean; terms.Covariance; terms.Order ] -> term.PerExample.ToArray()
        ]
