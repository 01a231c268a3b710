using System.Runtime.Intrinsics.X86;

namespace LoRi.Models.Native;

/// <summary>The processor's vector instructions that decide how fast libtorch's kernels are.</summary>
internal static class CpuCapabilities
{
    private static readonly string[] Interesting = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"];

    /// <summary>
    /// Whether a processor with these multiplies bfloat16; elsewhere libtorch's bfloat16 products are up to a hundred times slower.
    /// </summary>
    /// <param name="capabilities">Names as <see cref="Detect"/> gives them.</param>
    internal static bool HasBrainArithmetic(IReadOnlyList<string> capabilities) =>
        capabilities.Contains("avx512_bf16") || capabilities.Contains("amx_bf16");

    /// <summary>Those of the known ones that the processor has.</summary>
    internal static IReadOnlyList<string> Detect()
    {
        const string LinuxFile = "/proc/cpuinfo";
        if (File.Exists(LinuxFile))
        {
            var line = File.ReadLines(LinuxFile).FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal));
            var flags = (line ?? "").Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries).ToHashSet();
            return [.. Interesting.Where(flags.Contains)];
        }
        var found = new List<string>();
        if (Avx2.IsSupported)
        {
            found.Add("avx2");
        }
        if (Avx512F.IsSupported)
        {
            found.Add("avx512f");
        }
        return found;
    }
}
