/// Each function makes one mistake that the types must catch; the comment after it names the compiler's error.
module LoRi.Math.Tests.Mistakes

open LoRi.Math

let layerForHidden (u: Matrix<Truncated<Level>, Level>) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct3 u x // FS0001

let tokenModeProjected (u: Matrix<Truncated<Hidden>, Hidden>) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct2 u x // FS0001

let forgottenTranspose (basis: Matrix<Level, Truncated<Level>>) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct1 basis x // FS0001

let foldedByTheWrongMode
    (tokens: Dim<TeacherToken>)
    (width: Dim<Hidden>)
    (unfolded: Matrix<Level, Merged<TeacherToken, Hidden>>)
    : Tensor3<Level, TeacherToken, Hidden> =
    Tensor3.fold1 width tokens unfolded // FS0001

let swappedFactors (subspace: FittedSubspace) =
    { subspace with
        LayerBasis = subspace.HiddenBasis // FS0001
    }

let swappedGrams (corpus: StandardisedCorpus) =
    { corpus with
        LayerGram = corpus.HiddenGram // FS0001
    }

let hiddenFactorOnLayers (subspace: FittedSubspace) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct1 (Matrix.transpose subspace.HiddenBasis) x // FS0001

let projectedTwice (subspace: FittedSubspace) (z: Coordinates<TeacherToken>) =
    Coordinates.tensor z |> Tensor3.modeProduct1 (Matrix.transpose subspace.LayerBasis) // FS0001

let projectorOfTheOtherMode (subspace: FittedSubspace) (x: Tensor3<Level, TeacherToken, Hidden>) =
    Tensor3.modeProduct3 (Subspace.projector subspace.LayerBasis) x // FS0001

let fittedForMeasured (subspace: FittedSubspace) (options: ObjectiveOptions) (like: RawTensor) =
    BoundObjective.Create subspace options like // FS0001

let measuredForFitted (subspace: MeasuredSubspace) (like: RawTensor) = BoundSubspace(subspace, like) // FS0001

let teacherForStudent
    (objective: BoundObjective)
    (weights: TokenWeights<TeacherToken>)
    (teacher: Coordinates<TeacherToken>)
    (steps: TokenWeights<LatentStep>)
    (student: RawTrajectory<TeacherToken>)
    =
    objective.Rationale TermsFor.Training weights teacher steps student // FS0001

let weightsOfTheOtherSide (weights: TokenWeights<LatentStep>) (z: Coordinates<TeacherToken>) = Moments.centre weights z // FS0001

let rawForStandardised (subspace: BoundSubspace) (x: RawTrajectory<LatentStep>) = subspace.Coordinates x // FS0001

let rawForCoordinates (weights: TokenWeights<LatentStep>) (x: RawTrajectory<LatentStep>) = Moments.centre weights x // FS0001

let trajectoryForAnchors (objective: BoundObjective) (teacher: Anchors) (student: RawTrajectory<LatentStep>) =
    objective.Anchor teacher student // FS0001

let sizeMadeUp () : Dim<Level> = Dim<Level>(3) // FS0801

let unchecked (states: RawTensor) : RawTrajectory<LatentStep> = RawTrajectory(Tensor3 states) // FS1093

let escapingBrand (size: int) =
    Dim.fresh
        size
        { new IDimReceiver<obj> with
            member _.Receive<'fresh>(dim: Dim<'fresh>) : Dim<Level> = dim // FS0001
        }

let brandCarriedOut (size: int) =
    Dim.fresh
        size
        { new IDimReceiver<_> with
            member _.Receive<'fresh>(dim: Dim<'fresh>) = dim // FS0670
        }

let brandKept (size: int) =
    let kept = ref None

    Dim.fresh
        size
        { new IDimReceiver<int> with
            member _.Receive<'fresh>(dim: Dim<'fresh>) = // FS0670
                kept.Value <- Some dim
                dim.Size
        }
