namespace LoRi.Math

/// Which subspace trajectories are compared in. The others than the first are [ours]: they isolate what the first contributes.
[<RequireQualifiedAccess>]
type SubspaceKind =
    /// The leading eigenvectors of both Gram matrices [ours]: the truncated multilinear SVD [paper] with the token mode left whole.
    | MultilinearSvd
    /// Random orthonormal bases of the same ranks.
    | Random of seed: int64
    /// No reduction.
    | Identity
    /// What the fitted subspace leaves out, X - P_L X P_d, in L x d coordinates.
    | Complement
    /// The leading eigenvectors of both Gram matrices of the gradient of the answer's loss with respect to the standardised states, of the
    /// ranks that the states' own spectra choose: what the answer depends on, whether it varies or not.
    | Gradient

/// How a rank is chosen.
[<RequireQualifiedAccess>]
type RankChoice =
    /// This many directions, 1 to the mode's size.
    | Exactly of int
    /// The smallest rank that keeps this share of the eigenvalues' sum, at most `largest` (which may exceed the mode's size).
    | Energy of share: float * largest: int

/// What is fitted.
type SubspaceOptions =
    {
        /// Where the directions come from.
        Kind: SubspaceKind
        /// What is taken out of every state before.
        Standardisation: Standardisation
        /// How r_L is chosen, at most L; of kind `Identity` without effect.
        LayerRank: RankChoice
        /// How r_d is chosen, at most d; of kind `Identity` without effect.
        HiddenRank: RankChoice
    }

/// Two factor matrices, the standardisation that they belong to and the spectra that they were chosen from: all that one reading of
/// a corpus tells. Everything is float64 on the reference backend, whatever the dtype of the corpus.
type FittedSubspace =
    {
        /// Where the directions come from.
        Kind: SubspaceKind
        /// What is taken out of every state before it is projected.
        Standardisation: Standardisation
        /// U_L, orthonormal columns. Shape: L r_L.
        LayerBasis: Matrix<Level, Truncated<Level>>
        /// U_d, orthonormal columns. Shape: d r_d.
        HiddenBasis: Matrix<Hidden, Truncated<Hidden>>
        /// What standardisation takes out of every state. Shape: L d.
        Mean: Matrix<Level, Hidden>
        /// What it divides by: one number per level, above zero.
        Rms: float[]
        /// Eigenvalues of both Gram matrices under each standardisation.
        Spectra: Map<Standardisation, Spectrum>
        /// Examples with at least one token.
        Examples: int
        /// Tokens of all examples.
        Tokens: int64
        /// Sum of squares of the standardised corpus.
        Energy: float
    }

    /// L, the number of traced levels.
    member this.Levels = (Matrix.rows this.LayerBasis).Size
    /// d, the number of components of a state.
    member this.Width = (Matrix.rows this.HiddenBasis).Size
    /// Columns of the layer basis.
    member this.LayerRank = (Matrix.columns this.LayerBasis).Size
    /// Columns of the hidden basis.
    member this.HiddenRank = (Matrix.columns this.HiddenBasis).Size

    /// r_L and r_d, the sizes of the space that coordinates live in: those of the bases, or the whole for the complement.
    member this.CoordinateRanks =
        match this.Kind with
        | SubspaceKind.Complement -> this.Levels, this.Width
        | _ -> this.LayerRank, this.HiddenRank

/// Fitting a subspace, checking one, and what follows from it.
module FittedSubspace =

    let private orthonormalTolerance = 1e-6

    let private rank mode choice (spectrum: float[]) =
        match choice with
        | RankChoice.Exactly wanted when wanted < 1 || wanted > spectrum.Length ->
            Error(RankOutOfRange(mode, wanted, spectrum.Length))
        | RankChoice.Exactly wanted -> Ok wanted
        | RankChoice.Energy(share, _) when not (share > 0.0 && share <= 1.0) -> Error(EnergyOutOfRange(mode, share))
        | RankChoice.Energy(_, largest) when largest < 1 -> Error(RankOutOfRange(mode, largest, spectrum.Length))
        | RankChoice.Energy(share, largest) -> Ok(min largest (EffectiveRank.keeping share spectrum))

    /// Ranks of the two modes. Errors: RankOutOfRange, EnergyOutOfRange.
    let private ranks (options: SubspaceOptions) (spectrum: Spectrum) =
        result {
            match options.Kind with
            | SubspaceKind.Identity -> return spectrum.Layer.Length, spectrum.Hidden.Length
            | _ ->
                let! layer = rank "layer" options.LayerRank spectrum.Layer
                let! hidden = rank "hidden" options.HiddenRank spectrum.Hidden
                return layer, hidden
        }

    /// Eigenvalues and eigenvectors of a Gram matrix.
    let private eigen (spectral: ISpectral) (gram: Matrix<'axis, 'axis>) : float[] * Matrix<'axis, 'axis> =
        let struct (values, vectors) = spectral.SymmetricEigen(Matrix.raw gram)
        values, Matrix vectors

    let private bases kind (layerRank, layerVectors) (hiddenRank, hiddenVectors) =
        let levels, width =
            (Matrix.rows layerVectors).Size, (Matrix.rows hiddenVectors).Size

        match kind with
        | SubspaceKind.Identity -> Basis.whole levels, Basis.whole width
        | SubspaceKind.Random seed -> Basis.random seed 1 levels layerRank, Basis.random seed 2 width hiddenRank
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Complement
        | SubspaceKind.Gradient -> Basis.leading layerRank layerVectors, Basis.leading hiddenRank hiddenVectors

    /// The values of a matrix on the reference backend.
    let private onReference (matrix: Matrix<'r, 'c>) : Matrix<'r, 'c> =
        let raw = Matrix.raw matrix
        Matrix(ReferenceTensor(raw.Shape, raw.ToArray()))

    /// The eigenvectors that bases are chosen from: the states' own, or those of gradients.
    let private eigenvectors spectral kind (chosen: StandardisedCorpus) own (gradients: CorpusStatistics option) =
        match kind, gradients with
        | SubspaceKind.Gradient, None -> Error GradientsMissing
        | SubspaceKind.Gradient, Some given ->
            StandardisedCorpus.ofGradients chosen given
            |> Result.map (fun grams -> snd (eigen spectral grams.LayerGram), snd (eigen spectral grams.HiddenGram))
        | _ -> Ok own

    let private fitTo
        (spectral: ISpectral)
        (options: SubspaceOptions)
        (gradients: CorpusStatistics option)
        (corpora: StandardisedCorpora)
        : Result<FittedSubspace, MathError> =
        let chosen = corpora.Under options.Standardisation
        let layer, layerVectors = eigen spectral chosen.LayerGram
        let hidden, hiddenVectors = eigen spectral chosen.HiddenGram
        let own = { Layer = layer; Hidden = hidden }

        let spectrum standardisation =
            if standardisation = options.Standardisation then
                own
            else
                Spectrum.ofCorpus spectral (corpora.Under standardisation)

        result {
            let! layerRank, hiddenRank = ranks options own

            let! layerVectors, hiddenVectors =
                eigenvectors spectral options.Kind chosen (layerVectors, hiddenVectors) gradients

            let layerBasis, hiddenBasis =
                bases options.Kind (layerRank, layerVectors) (hiddenRank, hiddenVectors)

            return
                {
                    Kind = options.Kind
                    Standardisation = options.Standardisation
                    LayerBasis = layerBasis
                    HiddenBasis = hiddenBasis
                    Mean = onReference chosen.Mean
                    Rms = chosen.Rms
                    Spectra = Map.ofList [ for s in Standardisation.all -> s, spectrum s ]
                    Examples = corpora.Examples
                    Tokens = corpora.Tokens
                    Energy = chosen.Energy
                }
        }

    /// <summary>[ours] Fits a subspace to a corpus. Errors: RankOutOfRange, EnergyOutOfRange, GradientsMissing.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="options">Kind, standardisation and ranks. <c>Gradient</c> needs <c>fitByGradients</c>.</param>
    /// <param name="corpora">The corpus under all three standardisations.</param>
    let fit (spectral: ISpectral) (options: SubspaceOptions) (corpora: StandardisedCorpora) =
        fitTo spectral options None corpora

    /// <summary>[ours] Fits a subspace to a corpus, of kind <c>Gradient</c> to the gradients of the answer's loss with respect to its raw
    /// states, read as states are. Errors: RankOutOfRange, EnergyOutOfRange, WrongShape, NotFinite, GradientsVanish.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="options">Kind, standardisation and ranks; of every kind but <c>Gradient</c> the gradients are not looked at.</param>
    /// <param name="gradients">Statistics of the answer's loss's gradients with respect to raw states, of the same levels and components;
    /// not zero throughout.</param>
    /// <param name="corpora">The corpus under all three standardisations.</param>
    let fitByGradients
        (spectral: ISpectral)
        (options: SubspaceOptions)
        (gradients: CorpusStatistics)
        (corpora: StandardisedCorpora)
        =
        fitTo spectral options (Some gradients) corpora

    /// Columns that are not orthonormal are refused. Errors: WrongAxes, RankOutOfRange, NotFinite, NotOrthonormal.
    let private checkBasis what mode (basis: Matrix<'axis, Truncated<'axis>>) =
        let size, rank = (Matrix.rows basis).Size, (Matrix.columns basis).Size

        result {
            do! Raw.checkAxes what [ Axis.name<'axis>; Axis.name<Truncated<'axis>> ] (Matrix.raw basis)
            let! _ = Dim.create<'axis> size
            do! refuse (rank < 1 || rank > size) (RankOutOfRange(mode, rank, size))
            do! Raw.checkFinite what (Matrix.raw basis)
            let! _ = Subspace.checkOrthonormal what orthonormalTolerance basis
            return ()
        }

    /// Eigenvalues under one standardisation; below zero they may be by rounding.
    let private checkSpectrum (subspace: FittedSubspace) standardisation =
        let name = Standardisation.name standardisation

        match subspace.Spectra.TryFind standardisation with
        | None -> Error(SpectrumMissing name)
        | Some spectrum ->
            result {
                do! Values.check $"the layer spectrum under {name}" subspace.Levels spectrum.Layer
                do! Values.check $"the hidden spectrum under {name}" subspace.Width spectrum.Hidden
            }

    /// <summary>The subspace, if its parts fit together: what came from outside is checked here once. Errors: SizeNotPositive,
    /// RankOutOfRange, WrongAxes, WrongShape, WrongLength, NotFinite, NotPositive, Negative, NotOrthonormal, SpectrumMissing.</summary>
    /// <param name="subspace">As it came from a file or was put together.</param>
    let validate (subspace: FittedSubspace) : Result<FittedSubspace, MathError> =
        let sizes = [ subspace.Levels; subspace.Width ]
        let mean = Matrix.raw subspace.Mean

        result {
            do! checkBasis "the layer basis" "layer" subspace.LayerBasis
            do! checkBasis "the hidden basis" "hidden" subspace.HiddenBasis

            let! _ =
                Raw.checkTrailing "the mean" [ Axis.name<Level>; Axis.name<Hidden> ] sizes mean

            do! Raw.checkFinite "the mean" mean
            do! Values.check "the scale" subspace.Levels subspace.Rms
            do! Values.positive "the scale" subspace.Rms
            do! Values.notBelowZero "the number of examples" [| float subspace.Examples |]
            do! Values.notBelowZero "the number of tokens" [| float subspace.Tokens |]
            do! Values.check "the energy" 1 [| subspace.Energy |]
            do! Values.notBelowZero "the energy" [| subspace.Energy |]

            for standardisation in Standardisation.all do
                do! checkSpectrum subspace standardisation

            return subspace
        }

    /// <summary>[ours] The projector on the hidden directions and the mean state of the last traced level: U U' + q q', where q is what
    /// the mean has outside the directions, normalised. What a student's feedback starts from where it is to begin in the
    /// subspace.</summary>
    /// <param name="subspace">A subspace that <c>fit</c> made or <c>validate</c> passed.</param>
    /// <returns><c>d d</c>, float64 on the reference backend.</returns>
    let feedback (subspace: FittedSubspace) : Matrix<Hidden, Hidden> =
        let width = subspace.Width
        let projector = (Matrix.raw (Subspace.projector subspace.HiddenBasis)).ToArray()
        let mean = (Matrix.raw subspace.Mean).ToArray()[(subspace.Levels - 1) * width ..]

        let outside =
            Array.init width (fun row -> mean[row] - Flat.dot (Array.sub projector (row * width) width) mean)

        let squared, whole = Flat.dot outside outside, Flat.dot mean mean

        // A mean within the directions leaves rounding outside.
        if squared <= 1e-20 * whole then
            Matrix(ReferenceTensor([| width; width |], projector))
        else
            let values =
                Array.init (width * width) (fun index ->
                    projector[index] + outside[index / width] * outside[index % width] / squared)

            Matrix(ReferenceTensor([| width; width |], values))

    /// <summary>Sum of the discarded eigenvalues of the modes that are cut, those below zero by rounding counted as zero: the squared
    /// error never exceeds it. Bases that no spectrum chose are bounded by the whole energy.</summary>
    /// <param name="subspace">A subspace that <c>fit</c> made or <c>validate</c> passed.</param>
    let squaredErrorBound (subspace: FittedSubspace) =
        match subspace.Kind with
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Complement ->
            let spectrum = subspace.Spectra[subspace.Standardisation]

            let discarded rank (eigenvalues: float[]) =
                Array.sumBy (max 0.0) eigenvalues[rank..]

            discarded subspace.LayerRank spectrum.Layer
            + discarded subspace.HiddenRank spectrum.Hidden
        | SubspaceKind.Identity -> 0.0
        | SubspaceKind.Gradient
        | SubspaceKind.Random _ -> subspace.Energy
