namespace LoRi.Math

/// [ours] What squared errors or components are divided by.
[<RequireQualifiedAccess>]
type Weighting =
    | Off
    /// Components over the root of (their variance over the corpus's tokens + 2 % of the mean variance), before any moment.
    | Variance
    /// Squared errors over (the entry's variance across the corpus's examples + 2 % of the mean variance of that statistic).
    | Statistic

module Weighting =

    let private floorShare = 0.02

    /// Variances plus 2 % of their mean: what squared errors are divided by. Entries of a statistic that never varies are
    /// divided by one: they cannot differ in units of a variation that is not there.
    let divisors (variances: float[]) =
        let floor = floorShare * Array.average variances

        variances
        |> Array.map (fun variance -> if variance + floor > 0.0 then variance + floor else 1.0)

/// Which rationale terms are compared, and how.
type RationaleOptions =
    {
        Covariance: Covariance
        Order: Order
        Weighting: Weighting
    }

/// The rationale terms, one number per example, before their weights w_mean, w_cov, w_order.
type RationaleTerms =
    {
        /// L_mean
        Mean: Scalar
        /// L_cov
        Covariance: Scalar
        /// L_order
        Order: Scalar
    }

/// L_mean, L_cov and L_order of one example: means over entries of squared differences (no 1/2), optionally divided entry by entry.
/// Source: the moment matching of Solgi, Tian, Zhang 2026 [paper]; its precise forms [ours].
module MomentMatching =

    /// The mean over a statistic's entries of (teacher - student)^2 / divisor.
    let private distance (divisor: Statistic -> RawTensor option) (teacher: Statistic) (student: Statistic) =
        let difference = teacher.Entries.Subtract student.Entries
        let squared = difference.Multiply difference
        let axes = student.Entries.Shape.Length - student.Axes
        let entries = Array.fold (*) 1 student.Entries.Shape[axes..]

        let weighed =
            match divisor student with
            | Some divisor -> squared.Divide divisor
            | None -> squared

        Scalar((weighed.SumTrailing student.Axes).Scale(1.0 / float entries))

    /// Stops where the two sides differ in examples or in ranks, with both shapes.
    let internal comparable (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) =
        let agree axis fromEnd (left: RawTensor) (right: RawTensor) =
            Raw.agree "rationale loss" axis fromEnd left fromEnd right

        agree "example" 2 teacher.Weights.PerToken student.Weights.PerToken
        agree Axis.name<Truncated<Level>> 3 teacher.Deviations student.Deviations
        agree Axis.name<Truncated<Hidden>> 1 teacher.Deviations student.Deviations

    /// The terms of teacher and student moments, one number per example; a teacher without tokens contributes nothing.
    /// `divisor` gives what a statistic's squared errors are divided by (shape of its entries), or nothing.
    /// Shapes: means .. r_L r_d of both sides, of as many examples; others stop with both shapes.
    let terms
        (options: RationaleOptions)
        (divisor: Statistic -> RawTensor option)
        (teacher: Centred<TeacherToken>)
        (student: Centred<LatentStep>)
        : RationaleTerms =
        let present = teacher.Weights.Present
        comparable teacher student

        let compare (teachers: Statistic list) (students: Statistic list) =
            List.map2 (distance divisor) teachers students
            |> List.fold Scalar.add (Scalar.scale 0.0 present)
            |> Scalar.multiply present

        {
            Mean = compare [ Moments.mean teacher ] [ Moments.mean student ]
            Covariance =
                compare (Moments.covariance options.Covariance teacher) (Moments.covariance options.Covariance student)
            Order = compare (Moments.order options.Order teacher) (Moments.order options.Order student)
        }

    /// sum over s, t of left_s right_t (D_s . D_t)^2: the inner product of two full covariances, never formed.
    let private covarianceProduct
        (left: RawTensor, leftWeights: RawTensor)
        (right: RawTensor, rightWeights: RawTensor)
        =
        let gram = left.MatMul(right.SwapAxes(-1, -2))
        let column (w: RawTensor) = w.Reshape(Array.append w.Shape [| 1 |])
        let rows = (gram.Multiply gram).Multiply(column leftWeights)
        (rows.Multiply((column rightWeights).SwapAxes(-1, -2))).SumTrailing 2

    /// The full-covariance term without any p x p matrix, through token Grams T x T, T x M and M x M:
    /// |S_T - S_S|^2 = <S_T, S_T> + <S_S, S_S> - 2 <S_T, S_S>. `terms` with `Covariance.Full` is its oracle.
    /// Near agreement the difference cancels: what remains is rounding, 1e-7 of the covariances' squared norms in float32 and 1e-16 in
    /// float64. Where rounding leaves it below zero it is zero, and so is its derivative.
    let fullCovarianceByGrams (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) : Scalar =
        comparable teacher student
        let t = Moments.byToken teacher.Deviations, teacher.Weights.PerToken
        let s = Moments.byToken student.Deviations, student.Weights.PerToken
        let p = float (Raw.size 1 (fst s))

        let squared =
            (covarianceProduct t t).Add(covarianceProduct s s).Subtract((covarianceProduct t s).Scale 2.0)

        Scalar.multiply teacher.Weights.Present (Scalar(squared.PositivePart().Scale(1.0 / (p * p))))

/// The anchor-level alignment [paper]; its precise form [ours].
module Anchor =

    /// L_anchor: the mean over levels of smooth-L1 (beta 1, averaged over components) of the difference, over the deviation
    /// of the level's teacher anchors. Shapes: difference : .. L d; deviations : L; result : one number per example.
    let loss (deviations: RawTensor) (difference: RawTensor) : Scalar =
        let levels, width = float (Raw.size 2 difference), float (Raw.size 1 difference)
        let perLevel = (difference.SmoothL1().SumTrailing 1).Scale(1.0 / width)
        Scalar(((perLevel.Divide deviations).SumTrailing 1).Scale(1.0 / levels))

    /// The unbiased deviation per level over the anchors and components of a batch; zero for a single number, as over a corpus of
    /// one. Shapes: anchors : example L d; result : L.
    let batchDeviations (anchors: RawTensor) : RawTensor =
        let byLevel =
            (anchors.SwapAxes(-3, -2)).Reshape [| anchors.Shape[1]; anchors.Shape[0] * anchors.Shape[2] |]

        let count = float byLevel.Shape[1]

        let mean =
            ((byLevel.SumTrailing 1).Scale(1.0 / count)).Reshape [| anchors.Shape[1]; 1 |]

        ((Raw.squaredNorm 1 (byLevel.Subtract mean)).Scale(1.0 / max 1.0 (count - 1.0))).Sqrt()
