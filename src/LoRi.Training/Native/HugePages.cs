using System.Runtime.InteropServices;

namespace LoRi.Training;

/// <summary>
/// Asks libtorch to put large tensors on huge pages, where the system leaves that to the program: gigabytes of weights,
/// gradients and logits then cost hundreds of page faults instead of hundreds of thousands.
/// </summary>
internal static partial class HugePages
{
    /// <summary>libtorch's own switch; it reads it from the C environment when it first allocates.</summary>
    private const string Switch = "THP_MEM_ALLOC_ENABLE";

    /// <summary>Must be called before libtorch is loaded; what the user has set stays.</summary>
    public static void Ask()
    {
        if (OperatingSystem.IsLinux())
        {
            SetEnvironment(Switch, "1", 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
