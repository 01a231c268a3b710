namespace LoRi.Math

/// Eigenvalues of both Gram matrices of a corpus, descending.
type Spectrum =
    {
        /// length L
        Layer: float[]
        /// length d
        Hidden: float[]
    }

/// Eigenvalues of a corpus.
module Spectrum =

    let private eigenvalues (spectral: ISpectral) (gram: Matrix<'axis, 'axis>) =
        let struct (values, _) = spectral.SymmetricEigen(Matrix.raw gram)
        values

    /// <summary>The eigenvalues of a corpus under a standardisation.</summary>
    /// <param name="spectral">The backend's spectral operations.</param>
    /// <param name="corpus">The Gram matrices, <c>L L</c> and <c>d d</c>.</param>
    let ofCorpus (spectral: ISpectral) (corpus: StandardisedCorpus) : Spectrum =
        {
            Layer = eigenvalues spectral corpus.LayerGram
            Hidden = eigenvalues spectral corpus.HiddenGram
        }

    /// <summary>The eigenvalues of a corpus of the same mean squares whose levels and components know nothing of each other, as Gaussian
    /// numbers of these variances in the limit of many tokens: the diagonals of the Gram matrices, descending. No corpus of this energy
    /// per component fills more directions, as eigenvalues majorise diagonals (Schur 1923).</summary>
    /// <param name="corpus">The Gram matrices, of which only the diagonals are read.</param>
    let independent (corpus: StandardisedCorpus) : Spectrum =
        {
            Layer = LevelScale.diagonal (Matrix.raw corpus.LayerGram) |> Array.sortDescending
            Hidden = LevelScale.diagonal (Matrix.raw corpus.HiddenGram) |> Array.sortDescending
        }

/// How many directions the energy of a mode fills: whether trajectories are low-rank is measured, not assumed.
type EffectiveRank =
    {
        /// The exponential of the entropy (in nats) of the eigenvalues' shares (Roy and Vetterli 2007).
        EntropyRank: float
        /// The square of the eigenvalues' sum over the sum of their squares.
        Participation: float
        /// The share of the energy that the first 1, 2, .. directions hold.
        Cumulative: float[]
    }

/// Ranks from eigenvalues.
module EffectiveRank =

    /// <summary>The summary of a spectrum. All zero for a zero spectrum.</summary>
    /// <param name="eigenvalues">Descending; those below zero are rounding and count as zero.</param>
    let ofEigenvalues (eigenvalues: float[]) : EffectiveRank =
        let positive = eigenvalues |> Array.map (max 0.0)
        let total = Array.sum positive

        if total = 0.0 then
            {
                EntropyRank = 0.0
                Participation = 0.0
                Cumulative = positive
            }
        else
            let shares = positive |> Array.map (fun value -> value / total)

            let entropy =
                shares |> Array.sumBy (fun share -> if share > 0.0 then -share * log share else 0.0)

            {
                EntropyRank = exp entropy
                Participation = 1.0 / (shares |> Array.sumBy (fun share -> share * share))
                Cumulative = shares |> Array.scan (+) 0.0 |> Array.tail
            }

    /// `atEnergy` of a share that is known to be one.
    let internal keeping (share: float) (eigenvalues: float[]) =
        let total = eigenvalues |> Array.sumBy (max 0.0)
        let kept = eigenvalues |> Array.scan (fun sum value -> sum + max 0.0 value) 0.0

        let enough =
            kept |> Array.tryFindIndex (fun sum -> sum >= share * total * (1.0 - 1e-12))

        max 1 (defaultArg enough eigenvalues.Length)

    /// <summary>The smallest rank that keeps a share of the energy; 1 where there is no energy. Errors: EnergyOutOfRange.</summary>
    /// <param name="share">The share of the eigenvalues' sum that is to be kept, above 0 and at most 1.</param>
    /// <param name="eigenvalues">Descending; those below zero are rounding and count as zero.</param>
    let atEnergy (share: float) (eigenvalues: float[]) : Result<int, MathError> =
        if share > 0.0 && share <= 1.0 then
            Ok(keeping share eigenvalues)
        else
            Error(EnergyOutOfRange("given", share))
