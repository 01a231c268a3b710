namespace LoRi.Math

/// The anchor-level alignment [paper]; its precise form [ours].
module Anchor =

    /// <summary>L_anchor: the mean over levels of smooth-L1 (beta 1, averaged over components) of the difference, over the deviation of
    /// the level's teacher anchors.</summary>
    /// <param name="deviations">One number per level, above zero. Shape: <c>L</c>.</param>
    /// <param name="difference">The student's anchors minus the teacher's, <c>.. L d</c>.</param>
    /// <returns>One number per example.</returns>
    let loss (deviations: RawTensor) (difference: RawTensor) : Scalar =
        let levels, width = float (Raw.size 2 difference), float (Raw.size 1 difference)
        let perLevel = (difference.SmoothL1().SumTrailing 1).Scale(1.0 / width)
        Scalar(((perLevel.Divide deviations).SumTrailing 1).Scale(1.0 / levels))

    /// <summary>The unbiased deviation per level over the anchors and components of a batch; zero for a single number, as over a corpus
    /// of one.</summary>
    /// <param name="anchors">The teacher's raw anchors, <c>example L d</c>.</param>
    /// <returns><c>L</c>.</returns>
    let batchDeviations (anchors: RawTensor) : RawTensor =
        let byLevel =
            (anchors.SwapAxes(-3, -2)).Reshape [| anchors.Shape[1]; anchors.Shape[0] * anchors.Shape[2] |]

        let count = float byLevel.Shape[1]

        let mean =
            ((byLevel.SumTrailing 1).Scale(1.0 / count)).Reshape [| anchors.Shape[1]; 1 |]

        ((Raw.squaredNorm 1 (byLevel.Subtract mean)).Scale(1.0 / max 1.0 (count - 1.0))).Sqrt()
