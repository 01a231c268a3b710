namespace LoRi.Math

/// What squared errors or components are divided by.
[<RequireQualifiedAccess>]
type Weighting =
    | Off
    /// Components over the root of (their variance over the corpus's tokens + 2 % of the mean variance), before any moment.
    | Variance
    /// Squared errors over (the entry's variance across the corpus's examples + 2 % of the mean variance of that statistic).
    | Statistic

/// Which rationale terms are compared, and how.
type RationaleOptions =
    { Covariance: Covariance
      Order: Order
      Weighting: Weighting }

/// The rationale terms, unweighted, one number per example.
type RationaleTerms =
    { Mean: Scalar
      Covariance: Scalar
      Order: Scalar }

module Weighting =
    let private floorShare = 0.02

    /// Variances plus 2 % of their mean.
    let divisors (variances: float[]) =
        let floor = floorShare * Array.average variances
        // Entries that never vary, in a statistic that never varies, cannot differ in units of their variation.
        variances |> Array.map (fun variance -> if variance + floor > 0.0 then variance + floor else 1.0)

module MomentMatching =

    /// Mean over the entries of a statistic of (teacher - student)^2 / divisor: L_mean, and the parts of L_cov and L_order.
    let private distance (divisor: RawTensor option) (teacher: Statistic) (student: Statistic) =
        let difference = teacher.Entries.Subtract student.Entries
        let squared = difference.Multiply difference

        let entries =
            student.Entries.Shape[student.Entries.Shape.Length - student.Axes ..] |> Array.fold (*) 1

        let weighed =
            match divisor with
            | Some divisor -> squared.Divide divisor
            | None -> squared

        Scalar((weighed.SumTrailing student.Axes).Scale(1.0 / float entries))

    /// The terms of teacher and student moments. A teacher without tokens contributes nothing.
    let terms (options: RationaleOptions) (divisor: Statistic -> RawTensor option) (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) : RationaleTerms =
        let zero = Scalar.scale 0.0 teacher.Weights.Present
        let compare (t: Statistic list) (s: Statistic list) =
            List.map2 (fun t s -> distance (divisor s) t s) t s
            |> List.fold Scalar.add zero
            |> Scalar.multiply teacher.Weights.Present

        { Mean = compare [ Moments.mean teacher ] [ Moments.mean student ]
          Covariance = compare (Moments.covariance options.Covariance teacher) (Moments.covariance options.Covariance student)
          Order = compare (Moments.order options.Order teacher) (Moments.order options.Order student) }

    /// The full-covariance term through token Grams alone, without any p x p matrix:
    /// |S_T - S_S|^2 = w_T'(G_TT o G_TT) w_T + w_S'(G_SS o G_SS) w_S - 2 w_T'(G_TS o G_TS) w_S, with G = D D' over tokens.
    let fullCovarianceByGrams (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) : Scalar =
        let flat (d: RawTensor) = Moments.byToken d
        let t, s = flat teacher.Deviations, flat student.Deviations
        let p = float s.Shape[s.Shape.Length - 1]

        let energy (left: RawTensor, leftWeights: RawTensor) (right: RawTensor, rightWeights: RawTensor) =
            let gram = left.MatMul(right.SwapAxes(-1, -2))
            let column (w: RawTensor) = w.Reshape(Array.append w.Shape [| 1 |])
            let row (w: RawTensor) = (column w).SwapAxes(-1, -2)
            ((gram.Multiply gram).Multiply(column leftWeights).Multiply(row rightWeights)).SumTrailing 2

        let teacher' = t, teacher.Weights.Tokens
        let student' = s, student.Weights.Tokens
        let sum = (energy teacher' teacher').Add(energy student' student').Subtract((energy teacher' student').Scale 2.0)
        Scalar.multiply teacher.Weights.Present (Scalar(sum.Scale(1.0 / (p * p))))

module Anchor =

    /// Mean over levels of smooth-L1(a_T - a_S) / deviation of the level's teacher anchors; smooth-L1 with beta 1, averaged over components.
    /// Shapes: difference : .. L d, deviations : L. One number per example.
    let loss (deviations: RawTensor) (difference: RawTensor) : Scalar =
        let width = float difference.Shape[difference.Shape.Length - 1]
        let levels = float difference.Shape[difference.Shape.Length - 2]
        let perLevel = (difference.SmoothL1().SumTrailing 1).Scale(1.0 / width)
        Scalar(((perLevel.Divide deviations).SumTrailing 1).Scale(1.0 / levels))
