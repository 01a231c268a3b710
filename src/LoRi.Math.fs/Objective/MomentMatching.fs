namespace LoRi.Math

/// Which rationale terms are compared, and how.
type RationaleOptions =
    {
        /// Which second moments are compared; the means always are.
        Covariance: Covariance
        /// Which statistics of the steps' order, or of the third order, are compared.
        Order: Order
        /// What squared errors or components are divided by.
        Weighting: Weighting
    }

/// What the rationale terms are multiplied by: w_mean, w_cov, w_order.
type RationaleWeights =
    {
        /// w_mean
        Mean: float
        /// w_cov
        Covariance: float
        /// w_order
        Order: float
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

/// How full covariances, p x p numbers each, are compared.
[<RequireQualifiedAccess>]
type FullCovariances =
    /// As matrices, the difference of each entry squared.
    | EntryByEntry
    /// Through products of tokens, without any p x p matrix; not where entries are divided.
    | ThroughTokenGrams

/// L_mean, L_cov and L_order of one example: means over entries of squared differences (no 1/2), optionally divided entry by entry.
/// Source: the moment matching of Solgi, Tian, Zhang 2026 [paper]; its precise forms [ours].
module MomentMatching =

    /// How many entries a statistic of these trajectories has.
    let private entries (value: StatisticValue) =
        let axes = Statistic.axes value.Statistic
        Array.fold (*) 1 value.Entries.Shape[value.Entries.Shape.Length - axes ..]

    /// Over the divisor, where the statistic has one.
    let private over (divisor: Statistic -> RawTensor option) (statistic: Statistic) (squared: RawTensor) =
        match divisor statistic with
        | Some divisor -> squared.Divide divisor
        | None -> squared

    /// The mean over a statistic's entries of (teacher - student)^2 / divisor.
    let private distance divisor (teacher: StatisticValue) (student: StatisticValue) =
        let difference = teacher.Entries.Subtract student.Entries
        let squared = over divisor student.Statistic (difference.Multiply difference)
        Scalar((squared.SumTrailing(Statistic.axes student.Statistic)).Scale(1.0 / float (entries student)))

    /// Its derivative dL/dS = 2 (S_student - S_teacher) / (divisor entries), zero for teachers without tokens.
    let private distanceDerivative divisor (present: Scalar) (teacher: StatisticValue) (student: StatisticValue) =
        let statistic = student.Statistic

        let difference =
            (student.Entries.Subtract teacher.Entries).Scale(2.0 / float (entries student))

        let mask = Scalar.raw present
        let perExample = Array.append mask.Shape (Array.create (Statistic.axes statistic) 1)
        (over divisor statistic difference).Multiply(mask.Reshape perExample)

    /// Stops where the two sides differ in examples or in ranks, with both shapes.
    let internal comparable (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) =
        let agree axis fromEnd (left: RawTensor) (right: RawTensor) =
            Raw.agree "rationale loss" axis fromEnd left fromEnd right

        agree "example" 2 teacher.Tokens.PerToken student.Tokens.PerToken

        let left, right =
            Tensor3.raw teacher.Tokens.Deviations, Tensor3.raw student.Tokens.Deviations

        agree Axis.name<Truncated<Level>> 3 left right
        agree Axis.name<Truncated<Hidden>> 1 left right

    /// The terms of a teacher's statistics, whatever they are of, against a student's moments; where `present` is zero they are.
    let internal termsAgainst
        (options: RationaleOptions)
        (divisor: Statistic -> RawTensor option)
        (present: Scalar)
        (teacher: Statistic -> StatisticValue)
        (student: Centred<LatentStep>)
        : RationaleTerms =
        let compare (statistics: Statistic list) =
            statistics
            |> List.map (fun statistic -> distance divisor (teacher statistic) (Statistic.value student statistic))
            |> List.fold Scalar.add (Scalar.scale 0.0 present)
            |> Scalar.multiply present

        {
            Mean = compare [ Statistic.mean ]
            Covariance = compare (Covariance.statistics options.Covariance)
            Order = compare (Order.statistics options.Order)
        }

    /// <summary>The terms of teacher and student moments; a teacher without tokens contributes nothing. Sides of other examples or ranks
    /// stop with both shapes.</summary>
    /// <param name="options">Which covariance and which order are compared.</param>
    /// <param name="divisor">What a statistic's squared errors are divided by, in the shape of its entries; nothing where they are
    /// not.</param>
    /// <param name="teacher">The teacher's coordinates, means <c>example r_L r_d</c>.</param>
    /// <param name="student">The student's coordinates, of as many examples and the same ranks; its number of steps is its own.</param>
    /// <returns>One number per example and term.</returns>
    let terms
        (options: RationaleOptions)
        (divisor: Statistic -> RawTensor option)
        (teacher: Centred<TeacherToken>)
        (student: Centred<LatentStep>)
        : RationaleTerms =
        comparable teacher student
        termsAgainst options divisor teacher.Present (Statistic.value teacher) student

    /// sum over s, t of left_s right_t (D_s . D_t)^2: the inner product of two full covariances, never formed.
    let private covarianceProduct
        (left: Matrix<AnyToken, 'p>, leftWeights: RawTensor)
        (right: Matrix<AnyToken, 'p>, rightWeights: RawTensor)
        =
        let gram = Matrix.raw (Matrix.product left (Matrix.transpose right))
        let column (w: RawTensor) = w.Reshape(Array.append w.Shape [| 1 |])
        let rows = (gram.Multiply gram).Multiply(column leftWeights)
        (rows.Multiply((column rightWeights).SwapAxes(-1, -2))).SumTrailing 2

    /// <summary>The full-covariance term without any p x p matrix, through token Grams T x T, T x M and M x M: |S_T - S_S|^2 = &lt;S_T,
    /// S_T&gt; + &lt;S_S, S_S&gt; - 2 &lt;S_T, S_S&gt;. <c>terms</c> with <c>Covariance.Full</c> is its oracle. Near agreement the
    /// difference cancels: what remains is rounding, 1e-7 of the covariances' squared norms in float32 and 1e-16 in float64. Where
    /// rounding leaves it below zero it is zero, and so is its derivative.</summary>
    /// <param name="teacher">The teacher's coordinates around their mean over tokens.</param>
    /// <param name="student">The student's coordinates, of as many examples and the same ranks; others stop with both shapes.</param>
    /// <returns>One number per example, not below zero.</returns>
    let fullCovarianceByGrams (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) : Scalar =
        comparable teacher student

        let own (c: CentredTokens) =
            Tensor3.unfold2 c.Deviations, c.PerToken

        let t, s = own teacher.Tokens, own student.Tokens
        let p = float (Matrix.columns (fst s)).Size

        let squared =
            (covarianceProduct t t).Add(covarianceProduct s s).Subtract((covarianceProduct t s).Scale 2.0)

        Scalar.multiply teacher.Present (Scalar(squared.PositivePart().Scale(1.0 / (p * p))))

    /// dL/dZ of the same: with dL/dD_t = 4 w_t / p^2 times (sum over s of w_s D_s (D_s . D_t) of the student, less the same of the
    /// teacher).
    let private fullByGramsDerivative (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) =
        let d = student.Tokens.Deviations
        let own = Tensor3.unfold2 d

        let through (c: CentredTokens) =
            let gram = Matrix.product own (Matrix.transpose (Tensor3.unfold2 c.Deviations))
            Matrix.product gram (Tensor3.unfold2 (CentredTokens.weigh c.PerToken c.Deviations))

        let p = float (Matrix.columns own).Size
        let difference = Matrix.subtract (through student.Tokens) (through teacher.Tokens)
        let mask = Scalar.raw teacher.Present
        let present = mask.Reshape(Array.append mask.Shape [| 1; 1 |])

        let tokens =
            Matrix((Matrix.raw (Matrix.scale (4.0 / (p * p)) difference)).Multiply present)

        Tensor3.fold2 (Tensor3.dim1 d) (Tensor3.dim3 d) (tokens: Matrix<AnyToken, Merged<_, _>>)
        |> CentredTokens.weigh student.Tokens.PerToken
        |> Tensor3.raw
        |> Statistic.throughMean student.Tokens

    /// <summary>The closed-form d (w_mean L_mean + w_cov L_cov + w_order L_order) / dZ of every example; autograd finds the same one, and
    /// this is its oracle, and serves backends that cannot differentiate. Sides of other examples or ranks stop with both
    /// shapes.</summary>
    /// <param name="options">Which covariance and which order are compared.</param>
    /// <param name="weights">w_mean, w_cov and w_order.</param>
    /// <param name="divisor">What a statistic's squared errors are divided by, in the shape of its entries; nothing where they are
    /// not.</param>
    /// <param name="full">How full covariances are compared; without effect on other forms. Through token Grams no divisor is applied to
    /// them.</param>
    /// <param name="teacher">The teacher's coordinates around their mean over tokens.</param>
    /// <param name="student">The student's coordinates, of as many examples and the same ranks, with M steps each.</param>
    /// <returns><c>example r_L M r_d</c>.</returns>
    let gradient
        (options: RationaleOptions)
        (weights: RationaleWeights)
        (divisor: Statistic -> RawTensor option)
        (full: FullCovariances)
        (teacher: Centred<TeacherToken>)
        (student: Centred<LatentStep>)
        : RawTensor =
        comparable teacher student

        let ofStatistic (statistic: Statistic) =
            distanceDerivative
                divisor
                teacher.Present
                (Statistic.value teacher statistic)
                (Statistic.value student statistic)
            |> statistic.Derivative student.Tokens

        let ofCovariance =
            match options.Covariance, full with
            | Covariance.Full, FullCovariances.ThroughTokenGrams -> [ fullByGramsDerivative teacher student ]
            | form, _ -> Covariance.statistics form |> List.map ofStatistic

        [
            [ ofStatistic Statistic.mean ], weights.Mean
            ofCovariance, weights.Covariance
            Order.statistics options.Order |> List.map ofStatistic, weights.Order
        ]
        |> List.collect (fun (parts, weight) -> parts |> List.map (fun part -> part.Scale weight))
        |> List.reduce (fun total part -> total.Add part)
