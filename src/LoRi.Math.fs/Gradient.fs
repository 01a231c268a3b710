namespace LoRi.Math

/// What the rationale terms are multiplied by: w_mean, w_cov, w_order.
type RationaleWeights =
    {
        Mean: float
        Covariance: float
        Order: float
    }

/// The closed-form gradient of the rationale terms with respect to the student's coordinates. Autograd finds the same one;
/// this is its oracle, and serves backends that cannot differentiate.
/// With w_t the weights over tokens, D_t the deviations and G the derivative with respect to a statistic's entries:
/// what a statistic sends to D_t is written at each form below; then dL/dZ_t = dL/dD_t - w_t sum over s of dL/dD_s.
module Gradient =

    /// dL/dS = 2 (S_student - S_teacher) / (divisor entries), zero for teachers without tokens.
    let private ofDistance
        (divisor: Statistic -> RawTensor option)
        (present: Scalar)
        (teacher: Statistic)
        (student: Statistic)
        =
        let axes = student.Entries.Shape.Length - student.Axes
        let entries = Array.fold (*) 1 student.Entries.Shape[axes..]

        let difference =
            (student.Entries.Subtract teacher.Entries).Scale(2.0 / float entries)

        let weighed =
            match divisor student with
            | Some divisor -> difference.Divide divisor
            | None -> difference

        let mask = Scalar.raw present
        weighed.Multiply(mask.Reshape(Array.append mask.Shape (Array.create student.Axes 1)))

    /// G + G'
    let private symmetric (g: RawTensor) = g.Add(g.SwapAxes(-1, -2))

    /// A mode-1 product: g D_t for every t.
    let private onLayers (g: RawTensor) (d: RawTensor) =
        (g.MatMul(Moments.byLayer d)).Reshape d.Shape

    /// A mode-3 product: D_t g for every t.
    let private onComponents (g: RawTensor) (d: RawTensor) =
        ((Moments.byHidden d).MatMul g).Reshape d.Shape

    let private perLayerRank (d: RawTensor) = 1.0 / float (Raw.size 3 d)
    let private perHiddenRank (d: RawTensor) = 1.0 / float (Raw.size 1 d)

    /// From `.. T (r_L r_d)` back to `.. r_L T r_d`.
    let private ofTokens (d: RawTensor) (flat: RawTensor) =
        let layers, tokens, width = Raw.size 3 d, Raw.size 2 d, Raw.size 1 d
        (flat.Reshape(Raw.withTrailing 3 [| tokens; layers; width |] d)).SwapAxes(-3, -2)

    /// What a change of a covariance statistic does to the deviations, but for the weights w_t:
    /// layer (G + G') D_t / r_d; hidden D_t (G + G') / r_L; per layer D_t[a] (G_a + G_a'); variances 2 D_t o G;
    /// full (G + G') vec D_t.
    let private fromCovariance (d: RawTensor) (statistic: Statistic, g: RawTensor) =
        match statistic.Kind with
        | StatisticKind.CovarianceLayer -> (onLayers (symmetric g) d).Scale(perHiddenRank d)
        | StatisticKind.CovarianceHidden -> (onComponents (symmetric g) d).Scale(perLayerRank d)
        | StatisticKind.CovariancePerLayer -> d.MatMul(symmetric g)
        | StatisticKind.CovarianceDiagonal -> (d.Multiply(Moments.alongTokens g)).Scale 2.0
        | StatisticKind.CovarianceFull -> ofTokens d ((Moments.byToken d).MatMul(symmetric g))
        | other -> MathError.invariant $"{other} is no covariance"

    /// As a matrix over tokens, T x (T-1): 1 where the row is `shift` after the column.
    let private placing shift (d: RawTensor) =
        let tokens = Raw.size 2 d
        let pairs = tokens - 1

        d.Constant(
            [| tokens; pairs |],
            Array.init (tokens * pairs) (fun i -> if i / pairs = i % pairs + shift then 1.0 else 0.0)
        )

    /// Successive steps: the earlier gets p_t G D_(t+1), the later p_t G' D_t (layer, over r_d);
    /// D_(t+1) G' and D_t G with the same weights (hidden, over r_L).
    let private fromLag1 (c: Centred<LatentStep>) (statistic: Statistic, g: RawTensor) =
        match Moments.successive c with
        | None -> c.Deviations.Scale 0.0
        | Some(here, next) ->
            let weights = Moments.overTokens (Option.get c.Weights.PerPair)
            let transposed = g.SwapAxes(-1, -2)

            let earlier, later, scale =
                if statistic.Kind = StatisticKind.Lag1Layer then
                    onLayers g next, onLayers transposed here, perHiddenRank next
                else
                    onComponents transposed next, onComponents g here, perLayerRank next

            // `here` carries the pairs' weights already.
            let placed = (placing 0 c.Deviations).MatMul(earlier.Multiply weights)
            (placed.Add((placing 1 c.Deviations).MatMul later)).Scale scale

    /// 3 w_t D_t o D_t o G
    let private fromThird (c: Centred<LatentStep>) (_: Statistic, g: RawTensor) =
        let squares = (Moments.weighted c).Multiply c.Deviations
        (squares.Multiply(Moments.alongTokens g)).Scale 3.0

    /// The same as `fromCovariance` for the full form, through token Grams: 4 / p^2 times
    /// (sum over s of w_s D_s (D_s . D_t) of the student, less the same of the teacher).
    let private fromFullByGrams (present: Scalar) (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) =
        let own = Moments.byToken student.Deviations
        let weighted (c: Centred<'token>) = Moments.byToken (Moments.weighted c)

        let through (d: RawTensor) (w: RawTensor) =
            (own.MatMul(d.SwapAxes(-1, -2))).MatMul w

        let p = float (Raw.size 1 own)

        let difference =
            (through own (weighted student)).Subtract(through (Moments.byToken teacher.Deviations) (weighted teacher))

        let mask = Scalar.raw present

        ofTokens
            student.Deviations
            (difference.Scale(4.0 / (p * p)).Multiply(mask.Reshape(Array.append mask.Shape [| 1; 1 |])))

    let private derivatives divisor present (teachers: Statistic list) (students: Statistic list) =
        List.map2 (fun t s -> s, ofDistance divisor present t s) teachers students

    let private sum (like: RawTensor) (parts: RawTensor list) =
        parts |> List.fold (fun (total: RawTensor) part -> total.Add part) (like.Scale 0.0)

    /// dL_cov / dD, but for the weights w_t. `grams` takes the full covariance through token Grams.
    let private covariance form divisor grams (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) =
        let present = teacher.Weights.Present

        if grams && form = Covariance.Full then
            fromFullByGrams present teacher student
        else
            derivatives divisor present (Moments.covariance form teacher) (Moments.covariance form student)
            |> List.map (fromCovariance student.Deviations)
            |> sum student.Deviations

    /// dL_order / dD, weights included.
    let private order form divisor (teacher: Centred<TeacherToken>) (student: Centred<LatentStep>) =
        let from =
            if form = Order.Third then
                fromThird student
            else
                fromLag1 student

        derivatives divisor teacher.Weights.Present (Moments.order form teacher) (Moments.order form student)
        |> List.map from
        |> sum student.Deviations

    /// d (w_mean L_mean + w_cov L_cov + w_order L_order) / dZ of every example. Shape: example r_L M r_d.
    /// `divisor` as in `MomentMatching.terms`; `grams` takes the full covariance through token Grams and needs it without divisor.
    let rationale
        (options: RationaleOptions)
        (weights: RationaleWeights)
        (divisor: Statistic -> RawTensor option)
        grams
        (teacher: Centred<TeacherToken>)
        (student: Centred<LatentStep>)
        : RawTensor =
        MomentMatching.comparable teacher student
        let w = Moments.overTokens student.Weights.PerToken

        let fromCovariance =
            (covariance options.Covariance divisor grams teacher student).Multiply w

        let fromOrder = order options.Order divisor teacher student

        let deviations =
            (fromCovariance.Scale weights.Covariance).Add(fromOrder.Scale weights.Order)

        let centred =
            deviations.Subtract(w.Multiply(Moments.alongTokens (Moments.sumOverTokens deviations)))

        let mean =
            ofDistance divisor teacher.Weights.Present (Moments.mean teacher) (Moments.mean student)

        centred.Add((w.Multiply(Moments.alongTokens mean)).Scale weights.Mean)
