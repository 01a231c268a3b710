using System.Runtime.InteropServices;

namespace LoRi.Models.Native;

/// <summary>The C environment of this process, which native libraries read when they are loaded; .NET keeps one of its own.</summary>
internal static partial class NativeEnvironment
{
    /// <summary>Sets a variable that the user has not set.</summary>
    public static void Offer(string name, string value)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Set(name, value, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(string name, string value, int overwrite);
}
