namespace LoRi.Models.Native;

/// <summary>What was loaded, and what the machine offers.</summary>
public sealed record NativeRuntimeReport
{
    /// <summary>The folder that libtorch was loaded from.</summary>
    public required string LibtorchFolder { get; init; }

    /// <summary>The version of that libtorch.</summary>
    public required string LibtorchVersion { get; init; }

    /// <summary>Who named the folder: <c>--libtorch</c>, <c>LORI_LIBTORCH</c> or <c>program</c>.</summary>
    public required string LibtorchSource { get; init; }

    /// <summary>The version of TorchSharp.</summary>
    public required string TorchSharpVersion { get; init; }

    /// <summary>The file of TorchSharp's native part that was loaded, itself or as an adapted copy.</summary>
    public required string TorchSharpLibrary { get; init; }

    /// <summary>Whether that file is a copy adapted to this system's C++ runtime.</summary>
    public required bool Adapted { get; init; }

    /// <summary>Why it was adapted, or why not.</summary>
    public required string AdaptedReason { get; init; }

    /// <summary>The vector instructions of the processor that matter here, most capable last.</summary>
    public required IReadOnlyList<string> CpuCapabilities { get; init; }

    /// <summary>
    /// Bits of the vectors that the program's own loops on the CPU run on (updates, norms, rotations, attention, gated activations, masks
    /// of dropout, likelihoods, products of few rows, sums of a fit); 0 where libtorch's operations run in their place.
    /// </summary>
    public required int VectorBits { get; init; }

    /// <summary>How many threads one operation may use.</summary>
    public required int Threads { get; init; }

    /// <summary>Whether a CUDA device can be used.</summary>
    public required bool CudaAvailable { get; init; }

    /// <summary>How many CUDA devices there are.</summary>
    public required int CudaDevices { get; init; }
}
