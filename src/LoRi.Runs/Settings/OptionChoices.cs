using System.Text.Json.Serialization;

namespace LoRi.Runs.Settings;

/// <summary>The numbers that weights and arithmetic use.</summary>
public enum DtypeOption
{
    /// <summary><c>float64</c>; for checking, not for training.</summary>
    [JsonStringEnumMemberName("float64")]
    F64,

    /// <summary><c>float32</c>.</summary>
    [JsonStringEnumMemberName("float32")]
    F32,

    /// <summary><c>bfloat16</c> arithmetic; the optimizer keeps 32-bit weights.</summary>
    [JsonStringEnumMemberName("bfloat16")]
    BF16,
}

/// <summary>Where the arithmetic is done.</summary>
public enum DeviceOption
{
    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>The first CUDA device.</summary>
    Cuda,
}

/// <summary>The weights a student starts from.</summary>
public enum InitOption
{
    /// <summary>The teacher's.</summary>
    Teacher,

    /// <summary>The base model's (<c>--model</c>), as in the paper.</summary>
    Base,
}

/// <summary>How trajectories are standardised before anything else.</summary>
public enum StandardiseOption
{
    /// <summary>The level's mean is subtracted, and its root-mean-square deviation divides.</summary>
    Full,

    /// <summary>The level's root mean square divides; nothing is subtracted.</summary>
    Scale,

    /// <summary>The states stay as they are.</summary>
    None,
}

/// <summary>Which second moments are compared.</summary>
public enum CovarianceOption
{
    /// <summary>Those of the layer mode and of the hidden mode, each by itself.</summary>
    Modewise,

    /// <summary>All of them.</summary>
    Full,

    /// <summary>The hidden mode's, for every level by itself.</summary>
    PerLayer,

    /// <summary>Variances only.</summary>
    Diagonal,

    /// <summary>None.</summary>
    Off,
}

/// <summary>What weighs the entries of the moments.</summary>
public enum WeightingOption
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Components are divided by their deviation over the corpus before moments are taken.</summary>
    Variance,

    /// <summary>Squared errors are divided by the entry's variance across the corpus's examples.</summary>
    Statistic,
}

/// <summary>Which statistic beyond the second moments is compared.</summary>
public enum OrderOption
{
    /// <summary>None.</summary>
    None,

    /// <summary>Covariances between successive steps.</summary>
    [JsonStringEnumMemberName("lag-1")]
    Lag1,

    /// <summary>Third moments of the components.</summary>
    Third,
}

/// <summary>How the states at the anchor are compared.</summary>
public enum AnchorOption
{
    /// <summary>In the whole space.</summary>
    Full,

    /// <summary>In the subspace.</summary>
    Subspace,

    /// <summary>Not at all.</summary>
    Off,
}

/// <summary>Where the divisor of the anchor loss comes from.</summary>
public enum AnchorStdOption
{
    /// <summary>The corpus, once.</summary>
    Corpus,

    /// <summary>The batch, as CODI has it.</summary>
    Batch,
}

/// <summary>The subspace in which trajectories are compared.</summary>
public enum SubspaceKindOption
{
    /// <summary>The truncated multilinear SVD of the teacher's trajectories.</summary>
    MultilinearSvd,

    /// <summary>A random one of the same ranks.</summary>
    Random,

    /// <summary>The whole space.</summary>
    Identity,

    /// <summary>What the fitted one leaves out.</summary>
    Complement,
}

