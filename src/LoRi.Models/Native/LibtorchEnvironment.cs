namespace LoRi.Models.Native;

/// <summary>
/// Switches that libtorch and its thread library read from the C environment when they are loaded. What the user has set stays.
/// </summary>
internal static class LibtorchEnvironment
{
    /// <summary>Must be called before libtorch is loaded.</summary>
    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Large tensors on huge pages, where the system leaves that to the program: gigabytes of weights, gradients and logits then
        // cost hundreds of page faults instead of hundreds of thousands.
        NativeEnvironment.Offer("THP_MEM_ALLOC_ENABLE", "1");

        // Threads of an operation that is over give their core back after a few microseconds, not milliseconds: the next operation
        // may be one that runs on threads of its own.
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
        {
            NativeEnvironment.Offer("GOMP_SPINCOUNT", "1000");
        }
    }
}
