/// Every mistake of `Mistakes.fs` has its correct twin here, under the same name: this file must compile.
module LoRi.Math.Tests.Twins

open LoRi.Math

let layerForHidden (u: Matrix<Truncated<Level>, Level>) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct1 u x

let tokenModeProjected (u: Matrix<Truncated<Hidden>, Hidden>) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct3 u x

let forgottenTranspose (basis: Matrix<Level, Truncated<Level>>) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct1 (Matrix.transpose basis) x

let foldedByTheWrongMode
    (tokens: Dim<TeacherToken>)
    (width: Dim<Hidden>)
    (unfolded: Matrix<Level, Merged<TeacherToken, Hidden>>)
    : Tensor3<Level, TeacherToken, Hidden> =
    Tensor3.fold1 tokens width unfolded

let swappedFactors (subspace: FittedSubspace) (basis: Matrix<Level, Truncated<Level>>) =
    { subspace with LayerBasis = basis }

let swappedGrams (corpus: StandardisedCorpus) (gram: Matrix<Level, Level>) = { corpus with LayerGram = gram }

let hiddenFactorOnLayers (subspace: FittedSubspace) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct1 (Matrix.transpose subspace.LayerBasis) x

let projectedTwice (subspace: FittedSubspace) (z: Coordinates<TeacherToken>) =
    Coordinates.tensor z |> Tensor3.modeProduct1 subspace.LayerBasis

let projectorOfTheOtherMode (subspace: FittedSubspace) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct3 (Subspace.projector subspace.HiddenBasis) x

let fittedForMeasured (subspace: FittedSubspace) (options: ObjectiveOptions) (like: RawTensor) =
    BoundObjective.Create (MeasuredSubspace.unmeasured subspace) options like

let measuredForFitted (subspace: MeasuredSubspace) (like: RawTensor) = BoundSubspace(subspace.Fitted, like)

let teacherForStudent
    (objective: BoundObjective)
    (weights: TokenWeights<TeacherToken>)
    (teacher: Coordinates<TeacherToken>)
    (steps: TokenWeights<LatentStep>)
    (student: RawTrajectory<LatentStep>)
    =
    objective.Rationale TermsFor.Training weights teacher steps student

let weightsOfTheOtherSide (weights: TokenWeights<TeacherToken>) (z: Coordinates<TeacherToken>) =
    Moments.centre weights z

let rawForStandardised (subspace: BoundSubspace) (x: RawTrajectory<LatentStep>) =
    subspace.Coordinates(subspace.Standardise x)

let rawForCoordinates (subspace: BoundSubspace) (weights: TokenWeights<LatentStep>) (x: RawTrajectory<LatentStep>) =
    Moments.centre weights (subspace.Coordinates(subspace.Standardise x))

let trajectoryForAnchors (objective: BoundObjective) (teacher: Anchors) (student: Anchors) =
    objective.Anchor teacher student

let sizeMadeUp () : Result<Dim<Level>, MathError> = Dim.create<Level> 3

let unchecked (levels: Dim<Level>) (steps: Dim<LatentStep>) (width: Dim<Hidden>) (states: RawTensor) =
    RawTrajectory.create levels steps width states

let escapingBrand (size: int) =
    Dim.fresh
        size
        { new IDimReceiver<int> with
            member _.Receive<'fresh>(dim: Dim<'fresh>) = dim.Size
        }

let brandCarriedOut (size: int) =
    Dim.fresh
        size
        { new IDimReceiver<_> with
            member _.Receive<'fresh>(dim: Dim<'fresh>) = dim.Size
        }

let brandKept (size: int) =
    let kept = ref None

    Dim.fresh
        size
        { new IDimReceiver<int> with
            member _.Receive<'fresh>(dim: Dim<'fresh>) =
                kept.Value <- Some dim.Size
                dim.Size
        }
