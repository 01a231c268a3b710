namespace LoRi.Runs.Experiments;

/// <summary>How a claim is decided.</summary>
internal enum ClaimTest
{
    /// <summary>Student's t over differences of seeds.</summary>
    PairedT,

    /// <summary>The exact permutation of the differences' signs over seeds.</summary>
    SignFlip,

    /// <summary>The first is within the margin of the second: two one-sided t-tests.</summary>
    Equivalence,

    /// <summary>The difference grows with the stratum: the mean slope over seeds.</summary>
    Trend,
}

/// <summary>
/// A claim that is registered before its cells are run. The difference is that of the first method's metric and another's, seed by seed.
/// Confirmed is it where the 95 % interval lies above the margin and Holm's p within the claim is below 5 %; refuted where the interval
/// lies below the margin; else undecided. An equivalence is confirmed where Holm's p of both one-sided tests is below 5 %, and refuted
/// where the interval lies outside of the margin.
/// </summary>
internal sealed record MatrixClaim
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>What it says, in words.</summary>
    public required string Says { get; init; }

    /// <summary>The block whose cells decide.</summary>
    public required string Block { get; init; }

    /// <summary>The method that the claim is about.</summary>
    public required string First { get; init; }

    /// <summary>The methods that it is compared with, each by itself; <c>teacher</c> is the explicit teacher.</summary>
    public required IReadOnlyList<string> Others { get; init; }

    /// <summary>What is compared: <c>accuracy</c>, or <c>accuracy@STRATUM</c>, <c>accuracy@longest</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>The test.</summary>
    public required ClaimTest Test { get; init; }

    /// <summary>The difference that it must exceed, or that counts as none.</summary>
    public required double Margin { get; init; }

    /// <summary>How many of the comparisons must be confirmed for the whole claim; left out, all.</summary>
    public int? AtLeast { get; init; }

    /// <summary>Its content as it is registered.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The content of its block, with the seeds and budgets that the block takes from the matrix.</summary>
    public required string BlockSha256 { get; init; }
}
