namespace LoRi.Math

/// Which subspace trajectories are compared in.
[<RequireQualifiedAccess>]
type SubspaceKind =
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
    /// The smallest rank that keeps this share of the eigenvalues' sum, at most `largest`.
    | Energy of share: float * largest: int

/// Eigenvalues of both Gram matrices, descending.
type Spectrum = { Layer: float[]; Hidden: float[] }

/// Two factor matrices and the standardisation they belong to, as plain arrays: what a subspace file holds.
type SharedSubspace =
    { Kind: SubspaceKind
      Standardisation: Standardisation
      Levels: int
      Width: int
      LayerRank: int
      HiddenRank: int
      /// L x r_L, row-major, orthonormal columns.
      LayerBasis: float[]
      /// d x r_d, row-major, orthonormal columns.
      HiddenBasis: float[]
      /// L x d.
      Mean: float[]
      /// L.
      Rms: float[]
      Spectra: Map<string, Spectrum>
      /// Variances that the weightings need, by file name: component.variance, statistic.*.
      Variances: Map<string, float[]>
      /// Unbiased deviation of the corpus's anchors, one number per level; empty where there were none.
      AnchorDeviation: float[]
      Examples: int
      Tokens: int64
      Energy: float
      EnergyKept: float }

module SharedSubspace =

    let standardisationName standardisation =
        match standardisation with
        | Standardisation.Full -> "full"
        | Standardisation.Scale -> "scale"
        | Standardisation.Off -> "none"

    /// The smallest rank that keeps a share of the energy of a descending spectrum.
    let rankForEnergy (share: float) (spectrum: float[]) =
        let total = spectrum |> Array.sumBy (max 0.0)
        let kept = spectrum |> Array.scan (fun sum value -> sum + max 0.0 value) 0.0
        let enough = kept |> Array.tryFindIndex (fun sum -> sum >= share * total * (1.0 - 1e-12))
        max 1 (defaultArg enough spectrum.Length)

    let private rank mode choice (spectrum: float[]) =
        match choice with
        | RankChoice.Exactly wanted when wanted < 1 || wanted > spectrum.Length -> Error(RankExceedsSize(mode, wanted, spectrum.Length))
        | RankChoice.Exactly wanted -> Ok wanted
        | RankChoice.Energy(share, _) when not (share > 0.0 && share <= 1.0) -> Error(EnergyOutOfRange(mode, share))
        | RankChoice.Energy(share, largest) -> Ok(min largest (rankForEnergy share spectrum))

    let private leadingColumns size count (vectors: float[]) =
        Array.init (size * count) (fun index -> vectors[(index / count) * size + index % count])

    /// Orthonormal columns from seeded normal numbers (Gram-Schmidt, twice for precision).
    let randomBasis (seed: int64) (purpose: int) size count =
        let random = System.Random(int (uint32 seed) ^^^ (purpose * 7919))
        let normal () = sqrt (-2.0 * log (1.0 - random.NextDouble())) * cos (2.0 * System.Math.PI * random.NextDouble())
        let dot (a: float[]) b = Array.fold2 (fun sum x y -> sum + x * y) 0.0 a b
        let without (v: float[]) (basis: float[] list) =
            basis |> List.fold (fun v b -> let c = dot v b in Array.map2 (fun x y -> x - c * y) v b) v

        let columns =
            (List.empty, [ 1..count ])
            ||> List.fold (fun basis _ ->
                let v = without (without (Array.init size (fun _ -> normal ())) basis) basis
                let norm = sqrt (dot v v)
                basis @ [ Array.map (fun x -> x / norm) v ])

        Array.init (size * count) (fun index -> columns[index % count][index / count])

    let private identity size = Array.init (size * size) (fun index -> if index / size = index % size then 1.0 else 0.0)

    /// Fits a subspace to a corpus whose Gram matrices are known. Kept energy and variances are added by `SubspaceMeasures` in a further reading.
    /// Errors: RankExceedsSize, EnergyOutOfRange.
    let fitCorpora (spectral: ISpectral) kind standardisation layerChoice hiddenChoice (corpora: StandardisedCorpora) : Result<SharedSubspace, MathError> =
        let levels = corpora.Full.LayerGram.Shape[0]
        let width = corpora.Full.HiddenGram.Shape[0]

        let chosen =
            match standardisation with
            | Standardisation.Full -> corpora.Full
            | Standardisation.Scale -> corpora.Scale
            | Standardisation.Off -> corpora.Off

        let eigen (corpus: StandardisedCorpus) =
            let struct (layer, layerVectors) = spectral.SymmetricEigen corpus.LayerGram
            let struct (hidden, hiddenVectors) = spectral.SymmetricEigen corpus.HiddenGram
            { Layer = layer; Hidden = hidden }, layerVectors, hiddenVectors

        let spectra =
            Map.ofList [ for corpus in [ corpora.Full; corpora.Scale; corpora.Off ] -> standardisationName corpus.Standardisation, (let s, _, _ = eigen corpus in s) ]

        let spectrum, layerVectors, hiddenVectors = eigen chosen

        match kind, rank "layer" layerChoice spectrum.Layer, rank "hidden" hiddenChoice spectrum.Hidden with
        | SubspaceKind.Identity, _, _ -> Ok(levels, width, identity levels, identity width)
        | _, Error error, _
        | _, _, Error error -> Error error
        | SubspaceKind.Random seed, Ok layer, Ok hidden -> Ok(layer, hidden, randomBasis seed 1 levels layer, randomBasis seed 2 width hidden)
        | _, Ok layer, Ok hidden ->
            Ok(layer, hidden, leadingColumns levels layer (layerVectors.ToArray()), leadingColumns width hidden (hiddenVectors.ToArray()))
        |> Result.map (fun (layerRank, hiddenRank, layerBasis, hiddenBasis) ->
            { Kind = kind
              Standardisation = standardisation
              Levels = levels
              Width = width
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
              EnergyKept = nan })

    /// Fits a subspace to statistics of a corpus, as `fitCorpora` does. Errors: EmptyCorpus, NotFinite and its own.
    let fit (spectral: ISpectral) kind standardisation layerChoice hiddenChoice (statistics: CorpusStatistics) : Result<SharedSubspace, MathError> =
        let under standardisation = StandardisedCorpus.ofStatistics standardisation statistics

        match under Standardisation.Full, under Standardisation.Scale, under Standardisation.Off with
        | Ok full, Ok scale, Ok off ->
            fitCorpora
                spectral
                kind
                standardisation
                layerChoice
                hiddenChoice
                { Full = full
                  Scale = scale
                  Off = off
                  Examples = statistics.Examples
                  Tokens = int64 statistics.Tokens }
        | Error error, _, _
        | _, Error error, _
        | _, _, Error error -> Error error

    /// Sum of the discarded eigenvalues of the cut modes: the squared error never exceeds it.
    let squaredErrorBound (subspace: SharedSubspace) =
        match subspace.Kind with
        | SubspaceKind.MultilinearSvd
        | SubspaceKind.Complement ->
            let spectrum = subspace.Spectra[standardisationName subspace.Standardisation]
            Array.sum spectrum.Layer[subspace.LayerRank ..] + Array.sum spectrum.Hidden[subspace.HiddenRank ..]
        | SubspaceKind.Identity -> 0.0
        | SubspaceKind.Random _ -> subspace.Energy

    /// Ranks of the space that coordinates live in: those of the bases, or the whole for the complement.
    let coordinateRanks (subspace: SharedSubspace) =
        match subspace.Kind with
        | SubspaceKind.Complement -> subspace.Levels, subspace.Width
        | _ -> subspace.LayerRank, subspace.HiddenRank

/// A subspace as constants of one backend, made once and used for every batch.
[<Sealed>]
type BoundSubspace(subspace: SharedSubspace, like: RawTensor) =
    let constant sizes values = like.Constant(sizes, values)
    let mean = constant [| subspace.Levels; 1; subspace.Width |] subspace.Mean
    let scale = constant [| subspace.Levels; 1; 1 |] (subspace.Rms |> Array.map (fun r -> 1.0 / r))
    let layer = constant [| subspace.Levels; subspace.LayerRank |] subspace.LayerBasis
    let hidden = constant [| subspace.Width; subspace.HiddenRank |] subspace.HiddenBasis
    let layerTransposed = layer.SwapAxes(-1, -2)

    member _.Subspace = subspace

    /// Matrices and tensors over the levels: rows of `matrix` combine levels.
    member private _.OverLevels (matrix: RawTensor) (x: RawTensor) =
        let leading = x.Shape[.. x.Shape.Length - 4]
        let levels, tokens, width = x.Shape[x.Shape.Length - 3], x.Shape[x.Shape.Length - 2], x.Shape[x.Shape.Length - 1]
        let flat = x.Reshape(Array.append leading [| levels; tokens * width |])
        (matrix.MatMul flat).Reshape(Array.append leading [| matrix.Shape[0]; tokens; width |])

    /// x_layer U_L' x_hidden U_d' (hidden first: it reduces most).
    member private this.Project(x: RawTensor) = this.OverLevels layerTransposed (x.MatMul hidden)
    member private this.Back(z: RawTensor) = this.OverLevels layer (z.MatMul(hidden.SwapAxes(-1, -2)))

    /// X = (H - mean) / rms, per level.
    member _.Standardise(RawTrajectory h: RawTrajectory<'token>) : StandardisedTrajectory<'token> =
        StandardisedTrajectory(Tensor3((Tensor3.raw h).Subtract(mean).Multiply scale))

    /// Coordinates in the subspace (in the whole space for `Identity` and `Complement`).
    member this.Coordinates(StandardisedTrajectory x: StandardisedTrajectory<'token>) : Coordinates<'token> =
        let raw = Tensor3.raw x

        match subspace.Kind with
        | SubspaceKind.Identity -> Coordinates(Tensor3 raw)
        | SubspaceKind.Complement -> Coordinates(Tensor3(raw.Subtract(this.Back(this.Project raw))))
        | _ -> Coordinates(Tensor3(this.Project raw))

    /// Energy of the part of a standardised trajectory that the bases keep, per token: .. T.
    member this.KeptEnergy(StandardisedTrajectory x: StandardisedTrajectory<'token>) : RawTensor =
        let z = this.Project(Tensor3.raw x)
        ((z.Multiply z).SwapAxes(-3, -2)).SumTrailing 2

    /// The difference of anchors, divided by the level's rms, projected (or what projection leaves, for the complement), and multiplied again.
    member this.ProjectAnchors(difference: RawTensor) : RawTensor =
        let shape = difference.Shape
        let asTrajectory = difference.Reshape(Array.append shape[.. shape.Length - 3] [| subspace.Levels; 1; subspace.Width |])
        let scaled = asTrajectory.Multiply scale
        let inside = this.Back(this.Project scaled)

        let part =
            match subspace.Kind with
            | SubspaceKind.Identity -> scaled
            | SubspaceKind.Complement -> scaled.Subtract inside
            | _ -> inside

        (part.Divide scale).Reshape shape
