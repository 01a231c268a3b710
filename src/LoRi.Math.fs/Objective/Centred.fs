namespace LoRi.Math

/// Tokens or latent steps, where it does not matter whose they are.
type internal AnyToken = interface end

/// One number per reduced layer, token and component. Shape: .. r_L T r_d.
type internal TokenTensor = Tensor3<Truncated<Level>, AnyToken, Truncated<Hidden>>

/// Coordinates around their mean over tokens, with what every moment needs of them.
type internal CentredTokens =
    {
        /// Zbar. Shape: .. r_L r_d.
        Mean: Matrix<Truncated<Level>, Truncated<Hidden>>
        /// D_t = Z_t - Zbar. Shape: .. r_L T r_d.
        Deviations: TokenTensor
        /// The weights w_t. Shape: example T.
        PerToken: RawTensor
        /// Those of successive pairs; absent where the token axis has one place. Shape: example T-1.
        PerPair: RawTensor option
        /// w_t D_t, made once for all statistics that take it.
        Weighted: Lazy<TokenTensor>
        /// p_t D_t and D_(t+1); nothing where there is one place.
        Successive: Lazy<(TokenTensor * TokenTensor) option>
    }

module internal CentredTokens =

    /// Weights `.. T` as a factor of `.. r_L T r_d`.
    let overTokens (weights: RawTensor) =
        weights.Reshape(Raw.withTrailing 1 [| 1; Raw.size 1 weights; 1 |] weights)

    /// `.. r_L r_d` as a summand of `.. r_L T r_d`.
    let alongTokens (x: RawTensor) =
        x.Reshape(Raw.withTrailing 2 [| Raw.size 2 x; 1; Raw.size 1 x |] x)

    let sumOverTokens (x: RawTensor) = (x.SwapAxes(-1, -2)).SumTrailing 1

    /// Weights w_t times what they weigh.
    let weigh (weights: RawTensor) (Tensor3 d: Tensor3<'a, 'b, 'c>) : Tensor3<'a, 'b, 'c> =
        Tensor3(d.Multiply(overTokens weights))

    let private successive (deviations: TokenTensor) (perPair: RawTensor option) =
        let d = Tensor3.raw deviations
        let pairs = Raw.size 2 d - 1

        perPair
        |> Option.map (fun weights ->
            Tensor3(d.Slice(-2, 0, pairs).Multiply(overTokens weights)), Tensor3(d.Slice(-2, 1, pairs)))

    /// Mean and deviations: Zbar = sum over t of w_t Z_t, D_t = Z_t - Zbar. Shape: z : example r_L T r_d.
    let create perToken perPair (z: RawTensor) =
        let mean = sumOverTokens (z.Multiply(overTokens perToken))
        let deviations = Tensor3(z.Subtract(alongTokens mean))

        {
            Mean = Matrix mean
            Deviations = deviations
            PerToken = perToken
            PerPair = perPair
            Weighted = lazy (weigh perToken deviations)
            Successive = lazy (successive deviations perPair)
        }

/// The coordinates of a batch of trajectories around their mean over tokens.
type Centred<'token> =
    internal
        {
            Tokens: CentredTokens
            /// 1 where the example has a token, else 0.
            Present: Scalar
        }
