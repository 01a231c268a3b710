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

/// How a rank is chosen.
[<RequireQualifiedAccess>]
type RankChoice =
    | Exactly of int
    /// The smallest rank that keeps this share of the eigenvalues' sum, at most `largest` (which may exceed the mode's size).
    | Energy of share: float * largest: int

/// What is fitted.
type SubspaceOptions =
    {
        Kind: SubspaceKind
        Standardisation: Standardisation
        LayerRank: RankChoice
        HiddenRank: RankChoice
    }

/// Two factor matrices and the standardisation they belong to, as plain float64 arrays, whatever the dtype of the corpus: what a
/// subspace file holds.
type SharedSubspace =
    {
        Kind: SubspaceKind
        Standardisation: Standardisation
        Levels: int
        Width: int
        LayerRank: int
        HiddenRank: int
        /// L x r_L, row-major, orthonormal columns.
        LayerBasis: float[]
        /// d x r_d, row-major, orthonormal columns.
        HiddenBasis: float[]
        /// L x d, row-major.
        Mean: float[]
        /// L, above zero.
        Rms: float[]
        /// By the name of the standardisation.
        Spectra: Map<string, Spectrum>
        /// Biased variances that the weightings need, by the name that files use: component.variance, statistic.*.
        Variances: Map<string, float[]>
        /// Unbiased deviation of the corpus's anchors, one number per level, zero where a level's never vary; empty where there were
        /// none.
        AnchorDeviation: float[]
        /// Examples with at least one token.
        Examples: int
        Tokens: int64
        /// Sum of squares of the standardised corpus.
        Energy: float
        /// What the bases keep of it; NaN until measured.
        EnergyKept: float
    }

module SharedSubspace =

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
        match options.Kind with
        | SubspaceKind.Identity -> Ok(spectrum.Layer.Length, spectrum.Hidden.Length)
        | _ ->
            rank "layer" options.LayerRank spectrum.Layer
            |> Result.bind (fun layer ->
                rank "hidden" options.HiddenRank spectrum.Hidden
                |> Result.map (fun hidden -> layer, hidden))

    let private eigen (spectral: ISpectral) (corpus: StandardisedCorpus) =
        let struct (layer, layerVectors) = spectral.SymmetricEigen corpus.LayerGram
        let struct (hidden, hiddenVectors) = spectral.SymmetricEigen corpus.HiddenGram
        { Layer = layer; Hidden = hidden }, layerVectors, hiddenVectors

    let private bases kind (levels, layerRank, layerVectors: RawTensor) (width, hiddenRank, hiddenVectors: RawTensor) =
        match kind with
        | SubspaceKind.Identity -> Flat.identity levels, Flat.identity width
        | SubspaceKind.Random seed -> Basis.random seed 1 levels layerRank, Basis.random seed 2 width hiddenRank
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Complement ->
            Basis.leading levels layerRank (layerVectors.ToArray()),
            Basis.leading width hiddenRank (hiddenVectors.ToArray())

    /// The subspace that bases span, without what a further reading measures.
    let private spanned
        (options: SubspaceOptions)
        (corpora: StandardisedCorpora)
        spectra
        (layerRank, layerBasis)
        (hiddenRank, hiddenBasis)
        =
        let chosen = corpora.Under options.Standardisation

        {
            Kind = options.Kind
            Standardisation = options.Standardisation
            Levels = chosen.Rms.Length
            Width = chosen.Mean.Length / chosen.Rms.Length
            LayerRank = layerRank
            HiddenRank = hiddenRank
            LayerBasis = layerBasis
            HiddenBasis = hiddenBasis
            Mean = chosen.Mean
            Rms = chosen.Rms
            Spectra = spectra
            Variances = Map.empty
            AnchorDeviation = [||]
            Examples = corpora.Examples
            Tokens = corpora.Tokens
            Energy = chosen.Energy
            EnergyKept = nan
        }

    /// [ours] Fits a subspace to a corpus. Kept energy, variances and anchor deviations are added by `SubspaceMeasures` in a further
    /// reading. Errors: RankOutOfRange, EnergyOutOfRange.
    let fit
        (spectral: ISpectral)
        (options: SubspaceOptions)
        (corpora: StandardisedCorpora)
        : Result<SharedSubspace, MathError> =
        let spectrum, layerVectors, hiddenVectors =
            eigen spectral (corpora.Under options.Standardisation)

        let spectrumUnder standardisation =
            if standardisation = options.Standardisation then
                spectrum
            else
                let other, _, _ = eigen spectral (corpora.Under standardisation)
                other

        ranks options spectrum
        |> Result.map (fun (layerRank, hiddenRank) ->
            let levels, width = spectrum.Layer.Length, spectrum.Hidden.Length

            let layerBasis, hiddenBasis =
                bases options.Kind (levels, layerRank, layerVectors) (width, hiddenRank, hiddenVectors)

            let spectra =
                Map.ofList [ for s in Standardisation.all -> Standardisation.name s, spectrumUnder s ]

            spanned options corpora spectra (layerRank, layerBasis) (hiddenRank, hiddenBasis))

    /// Sizes r_L and r_d of the space that coordinates live in: those of the bases, or the whole for the complement.
    let coordinateRanks (subspace: SharedSubspace) =
        match subspace.Kind with
        | SubspaceKind.Complement -> subspace.Levels, subspace.Width
        | _ -> subspace.LayerRank, subspace.HiddenRank

    let private length what expected (values: float[]) =
        if values.Length <> expected then
            Error(WrongLength(what, expected, values.Length))
        elif not (Array.forall System.Double.IsFinite values) then
            Error(NotFinite what)
        else
            Ok()

    let private positive what (values: float[]) =
        match Array.tryFind (fun value -> value <= 0.0) values with
        | Some value -> Error(NotPositive(what, value))
        | None -> Ok()

    let private nonNegative what (values: float[]) =
        match Array.tryFind (fun value -> value < 0.0) values with
        | Some value -> Error(Negative(what, value))
        | None -> Ok()

    /// Stored variances have a name that means something, their statistic's size, and no value below zero.
    let private variance layers width name (values: float[]) =
        match Variances.shape layers width name with
        | None -> Error(VarianceUnknown name)
        | Some shape ->
            length name (Array.fold (*) 1 shape) values
            |> Result.bind (fun () -> nonNegative name values)

    /// Columns that are not orthonormal are refused. Errors: RankOutOfRange, WrongLength, NotFinite, NotOrthonormal.
    let private basis what mode size rank (values: float[]) =
        if rank < 1 || rank > size then
            Error(RankOutOfRange(mode, rank, size))
        else
            length what (size * rank) values
            |> Result.bind (fun () ->
                let u: Matrix<Truncated<Level>, Truncated<Truncated<Level>>> =
                    Matrix(ReferenceTensor([| size; rank |], values))

                Subspace.checkOrthonormal what orthonormalTolerance u |> Result.map ignore)

    /// Eigenvalues under one standardisation; below zero they may be by rounding.
    let private spectrum (subspace: SharedSubspace) standardisation =
        let name = Standardisation.name standardisation

        match subspace.Spectra.TryFind name with
        | None -> Error(SpectrumMissing name)
        | Some spectrum ->
            length $"spectrum.{name}.layer" subspace.Levels spectrum.Layer
            |> Result.bind (fun () -> length $"spectrum.{name}.hidden" subspace.Width spectrum.Hidden)

    /// Counts and energies. The kept energy may be unmeasured, NaN, and below zero by rounding.
    let private totals (subspace: SharedSubspace) =
        nonNegative "examples" [| float subspace.Examples |]
        |> Result.bind (fun () -> nonNegative "tokens" [| float subspace.Tokens |])
        |> Result.bind (fun () -> length "energy" 1 [| subspace.Energy |])
        |> Result.bind (fun () -> nonNegative "energy" [| subspace.Energy |])
        |> Result.bind (fun () ->
            if System.Double.IsInfinity subspace.EnergyKept then
                Error(NotFinite "energy_kept")
            else
                Ok())

    /// The subspace, if its parts fit together: what came from outside is checked here once. Errors: SizeNotPositive,
    /// RankOutOfRange, WrongLength, NotFinite, NotPositive, Negative, NotOrthonormal, SpectrumMissing, VarianceUnknown.
    let validate (subspace: SharedSubspace) : Result<SharedSubspace, MathError> =
        let layers, width = coordinateRanks subspace

        let checks =
            [
                fun () -> Dim.create<Level> subspace.Levels |> Result.map ignore
                fun () -> Dim.create<Hidden> subspace.Width |> Result.map ignore
                fun () -> basis "layer.basis" "layer" subspace.Levels subspace.LayerRank subspace.LayerBasis
                fun () -> basis "hidden.basis" "hidden" subspace.Width subspace.HiddenRank subspace.HiddenBasis
                fun () -> length "mean" (subspace.Levels * subspace.Width) subspace.Mean
                fun () -> length "rms" subspace.Levels subspace.Rms
                fun () -> positive "rms" subspace.Rms
                fun () -> totals subspace
                for standardisation in Standardisation.all do
                    fun () -> spectrum subspace standardisation
                for KeyValue(name, values) in subspace.Variances do
                    fun () -> variance layers width name values
                if subspace.AnchorDeviation.Length > 0 then
                    fun () -> length "anchor.std" subspace.Levels subspace.AnchorDeviation
                    fun () -> nonNegative "anchor.std" subspace.AnchorDeviation
            ]

        (Ok(), checks)
        ||> List.fold (fun sofar check -> Result.bind check sofar)
        |> Result.map (fun () -> subspace)

    /// Sum of the discarded eigenvalues of the modes that are cut, those below zero by rounding counted as zero: the squared error
    /// never exceeds it. Bases that no spectrum chose are bounded by the whole energy.
    let squaredErrorBound (subspace: SharedSubspace) =
        match subspace.Kind with
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Complement ->
            let spectrum = subspace.Spectra[Standardisation.name subspace.Standardisation]

            let discarded rank (eigenvalues: float[]) =
                Array.sumBy (max 0.0) eigenvalues[rank..]

            discarded subspace.LayerRank spectrum.Layer
            + discarded subspace.HiddenRank spectrum.Hidden
        | SubspaceKind.Identity -> 0.0
        | SubspaceKind.Random _ -> subspace.Energy
