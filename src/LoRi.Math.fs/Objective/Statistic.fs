namespace LoRi.Math

/// One statistic of a trajectory's tokens that teacher and student are compared by: everything that is known of it.
[<ReferenceEquality>]
type Statistic =
    internal
        {
            /// Its name, in messages and where its variances are kept.
            Name: string
            /// The shape of its entries for coordinates of sizes r_L and r_d.
            Shape: int -> int -> int[]
            /// How many deviations are multiplied in it: how far rounding of a coordinate reaches.
            Degree: int
            /// Its entries, .. then `Shape`.
            Value: CentredTokens -> RawTensor
            /// dL/dZ, given G = dL/dS with the shape of the entries.
            Derivative: CentredTokens -> RawTensor -> RawTensor
        }

/// The entries of a statistic of a batch of trajectories.
type StatisticValue =
    {
        /// What they are the entries of.
        Statistic: Statistic
        /// One block of entries per example: .. then the statistic's shape.
        Entries: RawTensor
    }

/// What is known of one statistic, and its entries for a batch.
module Statistic =

    /// <summary>Its name.</summary>
    /// <param name="statistic">One of <c>Moments.all</c>, or means of parts.</param>
    let name (statistic: Statistic) = statistic.Name

    /// <summary>The shape of its entries.</summary>
    /// <param name="layers">r_L, the rank of the layer mode.</param>
    /// <param name="width">r_d, the rank of the hidden mode.</param>
    /// <param name="statistic">One of <c>Moments.all</c>, or means of parts.</param>
    let shape layers width (statistic: Statistic) = statistic.Shape layers width

    /// <summary>How many entries it has.</summary>
    /// <param name="layers">r_L, the rank of the layer mode.</param>
    /// <param name="width">r_d, the rank of the hidden mode.</param>
    /// <param name="statistic">One of <c>Moments.all</c>, or means of parts.</param>
    let entries layers width (statistic: Statistic) =
        Array.fold (*) 1 (statistic.Shape layers width)

    /// <summary>Its entries for these trajectories.</summary>
    /// <param name="centred">Coordinates around their mean over tokens, <c>example r_L T r_d</c>.</param>
    /// <param name="statistic">One of <c>Moments.all</c>, or means of parts.</param>
    let value (centred: Centred<'token>) (statistic: Statistic) : StatisticValue =
        {
            Statistic = statistic
            Entries = statistic.Value centred.Tokens
        }

    /// How many trailing axes its entries have.
    let internal axes (statistic: Statistic) = (statistic.Shape 1 1).Length

    /// From dL/dD_t to dL/dZ_t = dL/dD_t - w_t sum over s of dL/dD_s, as every deviation contains the mean.
    let internal throughMean (c: CentredTokens) (toDeviations: RawTensor) : RawTensor =
        let shared = CentredTokens.alongTokens (CentredTokens.sumOverTokens toDeviations)
        toDeviations.Subtract(shared.Multiply(CentredTokens.overTokens c.PerToken))

    /// mu = Zbar, r_L x r_d. [paper]
    let mean =
        {
            Name = "mean"
            Shape = fun layers width -> [| layers; width |]
            Degree = 1
            Value = fun c -> Matrix.raw c.Mean
            Derivative = fun c g -> (CentredTokens.overTokens c.PerToken).Multiply(CentredTokens.alongTokens g)
        }
