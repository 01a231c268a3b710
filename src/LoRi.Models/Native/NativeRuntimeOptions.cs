namespace LoRi.Models.Native;

/// <summary>How the native libraries are found and set up.</summary>
public sealed record NativeRuntimeOptions
{
    /// <summary>
    /// The folder with another libtorch to use, such as an installed PyTorch's <c>torch/lib</c>. Left out: what the
    /// environment variable <c>LORI_LIBTORCH</c> says, else the libtorch that comes with the program.
    /// </summary>
    public string? LibtorchFolder { get; init; }

    /// <summary>Accept a libtorch of a version that was never tried with this program.</summary>
    public bool AnyVersion { get; init; }

    /// <summary>How many threads one operation may use; left out: libtorch's own choice.</summary>
    public int? Threads { get; init; }

    /// <summary>The same with a number of threads.</summary>
    /// <param name="threads">Threads for each operation; null leaves the choice to libtorch.</param>
    public NativeRuntimeOptions WithThreads(int? threads) => this with { Threads = threads };
}
