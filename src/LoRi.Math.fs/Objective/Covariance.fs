namespace LoRi.Math

/// Second-order statistics that are compared.
[<RequireQualifiedAccess>]
type Covariance =
    /// Layer-mode and hidden-mode covariance, each over the other mode's rank.
    | Modewise
    /// The whole `p x p` covariance, p = r_L r_d.
    | Full
    /// The hidden-mode covariance of every reduced layer by itself.
    | PerLayer
    /// Variances of the components.
    | Diagonal
    /// None is compared.
    | Off

/// The covariances over tokens, divided by their number (1/n). That second moments are compared is [paper]; the forms are [ours].
module Covariance =

    /// G + G'
    let private symmetric (g: RawTensor) = g.Add(g.SwapAxes(-1, -2))

    /// dL/dZ, given dL/dD_t but for the weights w_t.
    let private weighted (c: CentredTokens) (toDeviations: TokenTensor) =
        Statistic.throughMean c (Tensor3.raw (CentredTokens.weigh c.PerToken toDeviations))

    let internal perLayerRank (d: Tensor3<'a, 'b, 'c>) = 1.0 / float (Tensor3.dim1 d).Size
    let internal perHiddenRank (d: Tensor3<'a, 'b, 'c>) = 1.0 / float (Tensor3.dim3 d).Size

    /// sum over t of left_t right_t' / r_d, by the unfoldings of the layer mode.
    let internal crossLayer (left: Tensor3<'a, 'b, 'c>) (right: Tensor3<'a, 'b, 'c>) : Matrix<'a, 'a> =
        Matrix.product (Tensor3.unfold1 left) (Matrix.transpose (Tensor3.unfold1 right))
        |> Matrix.scale (perHiddenRank left)

    /// sum over t of left_t' right_t / r_L, by the unfoldings of the hidden mode.
    let internal crossHidden (left: Tensor3<'a, 'b, 'c>) (right: Tensor3<'a, 'b, 'c>) : Matrix<'c, 'c> =
        Matrix.product (Tensor3.unfold3 left) (Matrix.transpose (Tensor3.unfold3 right))
        |> Matrix.scale (perLayerRank left)

    /// Sigma_layer = mean of D_t D_t' / r_d, r_L x r_L; its derivative (G + G') D_t / r_d.
    let layer =
        {
            Name = "covariance.layer"
            Shape = fun layers _ -> [| layers; layers |]
            Degree = 2
            Value = fun c -> Matrix.raw (crossLayer (c.Weighted.Force()) c.Deviations)
            Derivative =
                fun c g ->
                    let product = c.Deviations |> Tensor3.modeProduct1 (Matrix(symmetric g))

                    weighted c (Tensor3.scale (perHiddenRank c.Deviations) product)
        }

    /// Sigma_hidden = mean of D_t' D_t / r_L, r_d x r_d; its derivative D_t (G + G') / r_L.
    let hidden =
        {
            Name = "covariance.hidden"
            Shape = fun _ width -> [| width; width |]
            Degree = 2
            Value = fun c -> Matrix.raw (crossHidden (c.Weighted.Force()) c.Deviations)
            Derivative =
                fun c g ->
                    let product = c.Deviations |> Tensor3.modeProduct3 (Matrix(symmetric g))

                    weighted c (Tensor3.scale (perLayerRank c.Deviations) product)
        }

    /// Sigma_a = mean of D_t[a]' D_t[a] of every reduced layer a, r_L x r_d x r_d; its derivative D_t[a] (G_a + G_a').
    let perLayer =
        {
            Name = "covariance.per-layer"
            Shape = fun layers width -> [| layers; width; width |]
            Degree = 2
            Value = fun c -> ((Tensor3.raw (c.Weighted.Force())).SwapAxes(-1, -2)).MatMul(Tensor3.raw c.Deviations)
            Derivative = fun c g -> weighted c (Tensor3((Tensor3.raw c.Deviations).MatMul(symmetric g)))
        }

    /// v = mean of D_t o D_t, r_L x r_d; its derivative 2 D_t o G.
    let diagonal =
        {
            Name = "covariance.diagonal"
            Shape = fun layers width -> [| layers; width |]
            Degree = 2
            Value =
                fun c ->
                    CentredTokens.sumOverTokens ((Tensor3.raw (c.Weighted.Force())).Multiply(Tensor3.raw c.Deviations))
            Derivative =
                fun c g ->
                    let product = (Tensor3.raw c.Deviations).Multiply(CentredTokens.alongTokens g)
                    weighted c (Tensor3(product.Scale 2.0))
        }

    /// Sigma = mean of vec D_t (vec D_t)', p x p, by the unfoldings of the token mode; its derivative (G + G') vec D_t.
    let full =
        {
            Name = "covariance.full"
            Shape = fun layers width -> [| layers * width; layers * width |]
            Degree = 2
            Value =
                fun c ->
                    Matrix.product
                        (Matrix.transpose (Tensor3.unfold2 (c.Weighted.Force())))
                        (Tensor3.unfold2 c.Deviations)
                    |> Matrix.raw
            Derivative =
                fun c g ->
                    let d = c.Deviations
                    let tokens = Matrix.product (Tensor3.unfold2 d) (Matrix(symmetric g))
                    weighted c (Tensor3.fold2 (Tensor3.dim1 d) (Tensor3.dim3 d) tokens)
        }

    /// The largest p = r_L r_d whose full covariance, p x p entries an example, is formed where something else would do.
    let internal largestFull = 512

    /// <summary>The statistics that a form compares.</summary>
    /// <param name="form">Which covariance is compared.</param>
    /// <returns>Two for <c>Modewise</c>, none for <c>Off</c>, else one.</returns>
    let statistics form =
        match form with
        | Covariance.Modewise -> [ layer; hidden ]
        | Covariance.Full -> [ full ]
        | Covariance.PerLayer -> [ perLayer ]
        | Covariance.Diagonal -> [ diagonal ]
        | Covariance.Off -> []
