namespace LoRi.Training.Methods;

/// <summary>Rows that a method adds to the embedding table, and to the head's where that is another.</summary>
/// <param name="Latent">Whether there is one for the input of a latent step before its first sweep, beside those of begin and end.</param>
/// <param name="CopyOf">A token whose row they begin as; null for the mean of all rows with a little noise.</param>
public sealed record MarkerRows(bool Latent, string? CopyOf = null)
{
    /// <summary>Whether the rows of padding and of the end of sequence are trained with theirs, where adapters are trained.</summary>
    public bool WithEnds { get; init; }

    /// <summary>Whether rows that are trained beside adapters are decayed as matrices are.</summary>
    public bool Decay { get; init; }

    /// <summary>Begin and end of the latent steps.</summary>
    public static MarkerRows Two { get; } = new(Latent: false);
}
