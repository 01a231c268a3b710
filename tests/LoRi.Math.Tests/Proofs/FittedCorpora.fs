/// The shared subspace of a corpus, as the product fits it, beside the corpus tensor that the theorems speak of.
module LoRi.Math.Tests.Proofs.FittedCorpora

open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors

/// A fitted corpus: level, all real tokens of all examples, component.
type FittedCorpus =
    {
        /// The standardised corpus.
        Whole: Tensor3<A, B, C>
        Subspace: MeasuredSubspace
        LayerBasis: Matrix<A, Truncated<A>>
        HiddenBasis: Matrix<C, Truncated<C>>
    }

    /// What the subspace keeps of the corpus.
    member this.Kept = this.Whole |> project1 this.LayerBasis |> project3 this.HiddenBasis

/// The tokens of a case's middle mode dealt to two examples, the shorter one padded with nonsense; one example where there is
/// one token.
let private batch (backend: Backend) (case: TensorCase) =
    let levels, tokens, width = case.Sizes

    let counts =
        [| half tokens; tokens - half tokens |] |> Array.filter (fun count -> count > 0)

    let starts = Array.scan (+) 0 counts

    let numbers =
        [|
            for example in 0 .. counts.Length - 1 do
                for level in 0 .. levels - 1 do
                    for token in 0 .. counts[0] - 1 do
                        for component' in 0 .. width - 1 do
                            if token < counts[example] then
                                case.Values[(level * tokens + starts[example] + token) * width + component']
                            else
                                case.Scale * 7.0
        |]

    backend.Tensor [ counts.Length; levels; counts[0]; width ] numbers, counts

/// Standardised states of a batch, padding left out.
let private corpusTensor backend (case: TensorCase) (bound: BoundSubspace) (states: RawTensor) (counts: int[]) =
    let levels, _, width = case.Sizes

    let x =
        bound.Standardise(ok (bound.Trajectory<TeacherToken> states))
        |> StandardisedTrajectory.tensor
        |> Tensor3.raw

    let all = x.ToArray()

    ofValues
        backend
        case.Sizes
        [|
            for level in 0 .. levels - 1 do
                for example in 0 .. counts.Length - 1 do
                    for token in 0 .. counts[example] - 1 do
                        let start = ((example * levels + level) * counts[0] + token) * width
                        yield! all[start .. start + width - 1]
        |]

/// The corpus of a case fitted at half of both outer modes, with its kept energy measured; the hypothesis that its bases are
/// orthonormal is checked.
let fitted (backend: Backend) standardisation (case: TensorCase) : FittedCorpus =
    let states, counts = batch backend case
    let levels, _, width = case.Sizes

    let options: SubspaceOptions =
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = standardisation
            LayerRank = RankChoice.Exactly(half levels)
            HiddenRank = RankChoice.Exactly(half width)
        }

    let subspace = Fitting.fit backend options states counts

    let measures = SubspaceMeasures(subspace, MeasuredVariances.Nothing, backend.Like)

    ok (measures.AddTrajectories states counts)

    {
        Whole = corpusTensor backend case (BoundSubspace(subspace, backend.Like)) states counts
        Subspace = measures.Finish()
        LayerBasis =
            subspace.LayerBasis
            |> entries
            |> backend.Tensor [ levels; half levels ]
            |> ofEntries
            |> orthonormal
        HiddenBasis =
            subspace.HiddenBasis
            |> entries
            |> backend.Tensor [ width; half width ]
            |> ofEntries
            |> orthonormal
    }
