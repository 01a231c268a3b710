namespace LoRi.Math

/// Second-order statistics that are compared.
[<RequireQualifiedAccess>]
type Covariance =
    /// Layer-mode and hidden-mode covariance, each over the other mode's rank.
    | Modewise
    /// The whole `p x p` covariance.
    | Full
    /// The hidden-mode covariance of every reduced layer by itself.
    | PerLayer
    /// Variances of the components.
    | Diagonal
    | Off

/// Statistics beyond the second order, or of the order of the steps.
[<RequireQualifiedAccess>]
type Order =
    | Off
    /// Mode-wise covariance of successive steps.
    | Lag1
    /// Third central moments of the components.
    | Third

/// One statistic of a trajectory: entries with trailing axes (leading ones are the batch), under the name that files use.
type Statistic =
    { Name: string
      Entries: RawTensor
      Axes: int }

/// The deviations of coordinates from their mean over tokens, with what every moment needs.
type Centred<'token> =
    internal
        { Mean: RawTensor // .. rL rd
          Deviations: RawTensor // .. rL T rd
          Weights: TokenWeights<'token> }

module Moments =

    let private size fromEnd (tensor: RawTensor) = tensor.Shape[tensor.Shape.Length - fromEnd]
    let private leading count (tensor: RawTensor) = tensor.Shape[.. tensor.Shape.Length - 1 - count]
    let private withTrailing count trailing tensor = Array.append (leading count tensor) trailing

    /// Weights `.. T` as a factor of `.. rL T rd`.
    let internal overTokens (weights: RawTensor) =
        weights.Reshape(withTrailing 1 [| 1; size 1 weights; 1 |] weights)

    let private sumOverTokens (x: RawTensor) = (x.SwapAxes(-1, -2)).SumTrailing 1

    /// Mean and deviations: Zbar = sum over t of w_t Z_t, D_t = Z_t - Zbar.
    let centre (weights: TokenWeights<'token>) (Coordinates z: Coordinates<'token>) : Centred<'token> =
        let raw = Tensor3.raw z
        let mean = sumOverTokens (raw.Multiply(overTokens weights.Tokens))
        let broadcast = mean.Reshape(withTrailing 2 [| size 2 mean; 1; size 1 mean |] mean)

        { Mean = mean
          Deviations = raw.Subtract broadcast
          Weights = weights }

    /// rows : .. rL (T rd), so that a product with a transpose sums over tokens and the other mode.
    let internal byLayer (d: RawTensor) =
        d.Reshape(withTrailing 3 [| size 3 d; size 2 d * size 1 d |] d)

    /// .. (rL T) rd
    let internal byHidden (d: RawTensor) =
        d.Reshape(withTrailing 3 [| size 3 d * size 2 d; size 1 d |] d)

    /// .. T (rL rd): z_t = vec Z[:, t, :]
    let internal byToken (d: RawTensor) =
        let swapped = d.SwapAxes(-3, -2)
        swapped.Reshape(withTrailing 3 [| size 2 d; size 3 d * size 1 d |] d)

    let private crossLayer (left: RawTensor) (right: RawTensor) =
        ((byLayer left).MatMul((byLayer right).SwapAxes(-1, -2))).Scale(1.0 / float (size 1 left))

    let private crossHidden (left: RawTensor) (right: RawTensor) =
        (((byHidden left).SwapAxes(-1, -2)).MatMul(byHidden right)).Scale(1.0 / float (size 3 left))

    let private square (x: RawTensor) = x.Multiply x
    let private weighted (c: Centred<'token>) = c.Deviations.Multiply(overTokens c.Weights.Tokens)

    /// The mean over tokens, r_L x r_d.
    let mean (c: Centred<'token>) = { Name = "mean"; Entries = c.Mean; Axes = 2 }

    /// The second-order statistics of a form.
    let covariance form (c: Centred<'token>) : Statistic list =
        let d = c.Deviations

        match form with
        | Covariance.Off -> []
        | Covariance.Modewise ->
            [ { Name = "covariance.layer"; Entries = crossLayer (weighted c) d; Axes = 2 }
              { Name = "covariance.hidden"; Entries = crossHidden (weighted c) d; Axes = 2 } ]
        | Covariance.PerLayer ->
            [ { Name = "covariance.per-layer"; Entries = ((weighted c).SwapAxes(-1, -2)).MatMul d; Axes = 3 } ]
        | Covariance.Diagonal ->
            [ { Name = "covariance.diagonal"; Entries = sumOverTokens ((square d).Multiply(overTokens c.Weights.Tokens)); Axes = 2 } ]
        | Covariance.Full ->
            [ { Name = "covariance.full"; Entries = ((byToken (weighted c)).SwapAxes(-1, -2)).MatMul(byToken d); Axes = 2 } ]

    /// Statistics of successive steps, or of the third order. A single token has neither: zero.
    let order form (c: Centred<'token>) : Statistic list =
        let d = c.Deviations

        match form with
        | Order.Off -> []
        | Order.Third ->
            [ { Name = "order.third"; Entries = sumOverTokens (((square d).Multiply d).Multiply(overTokens c.Weights.Tokens)); Axes = 2 } ]
        | Order.Lag1 ->
            let names = "order.lag-1.layer", "order.lag-1.hidden"

            match c.Weights.Pairs with
            | None ->
                let zero name rank = { Name = name; Entries = d.Constant(withTrailing 3 [| rank; rank |] d, Array.zeroCreate (Array.fold (*) (rank * rank) (leading 3 d))); Axes = 2 }
                [ zero (fst names) (size 3 d); zero (snd names) (size 1 d) ]
            | Some pairs ->
                let here = d.Slice(-2, 0, size 2 d - 1).Multiply(overTokens pairs)
                let next = d.Slice(-2, 1, size 2 d - 1)

                [ { Name = fst names; Entries = crossLayer here next; Axes = 2 }
                  { Name = snd names; Entries = crossHidden here next; Axes = 2 } ]
