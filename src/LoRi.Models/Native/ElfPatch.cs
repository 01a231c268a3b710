using System.Text;
using LoRi.Files;

namespace LoRi.Models.Native;

/// <summary>
/// Lets a shared library that asks for a newer C++ runtime load on an older one, where all it wants from the newer
/// one is <c>std::ios_base_library_init()</c>. That function only makes sure that the iostreams are initialised,
/// which libtorch, loaded before, has already done. Two edits, neither of which moves a byte of the file:
/// the one undefined symbol is pointed at another argument-less function that every libstdc++ has, with no version
/// asked for; and the version requirement is marked weak, so that the loader does not insist on it.
/// </summary>
internal static class ElfPatch
{
    /// <summary>The symbol that older libraries do not have.</summary>
    public const string MissingSymbol = "_ZSt21ios_base_library_initv";

    /// <summary>What stands in for it: <c>std::get_new_handler()</c>, which takes nothing and changes nothing.</summary>
    public const string StandIn = "_ZSt15get_new_handlerv";

    /// <summary>The version of libstdc++ that brought the missing symbol.</summary>
    public const string MissingVersion = "GLIBCXX_3.4.32";

    private const string CppRuntime = "libstdc++.so.6";
    private const ushort AnyVersion = 1;
    private const ushort Weak = 0x2;

    /// <summary>
    /// The bytes of <paramref name="original"/> with the two edits; bytes that have them already come back unchanged.
    /// A file whose structure is not exactly the expected one is refused with an <see cref="InputException"/> that
    /// names <paramref name="fileName"/>.
    /// </summary>
    public static byte[] Apply(ReadOnlySpan<byte> original, string fileName)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        var patched = original.ToArray();
        var elf = new ElfDynamicImage(patched, fileName);
        var version = RequiredVersion(elf);
        var users = elf.SymbolsWithVersion(version.Index);
        if (users.Count == 0 && version.Flags == Weak && elf.FindSymbols(StandIn).Count > 0)
        {
            return patched;
        }
        if (version.Flags != 0)
        {
            throw elf.Refuse($"the requirement of {MissingVersion} has flags {version.Flags}, not 0");
        }
        var symbol = OneUndefinedSymbol(elf);
        if (users.Count != 1 || users[0] != symbol.Index)
        {
            throw elf.Refuse($"{MissingVersion} is asked for by {users.Count} symbols, not only by {MissingSymbol}");
        }
        RefuseSharedName(elf, symbol);
        elf.WriteName(symbol.NameOffset, StandIn, MissingSymbol.Length);
        elf.WriteSymbolVersion(symbol.Index, AnyVersion);
        elf.WriteRequirementFlags(version, Weak);
        return patched;
    }

    private static ElfVersionRequirement RequiredVersion(ElfDynamicImage elf)
    {
        var found = elf.Requirements.Where(r => r.Name == MissingVersion).ToList();
        if (found.Count != 1)
        {
            throw elf.Refuse($"it asks {found.Count} times for {MissingVersion}, not once");
        }
        if (found[0].Library != CppRuntime)
        {
            throw elf.Refuse($"it asks {found[0].Library} for {MissingVersion}, not {CppRuntime}");
        }
        return found[0];
    }

    private static ElfSymbol OneUndefinedSymbol(ElfDynamicImage elf)
    {
        var found = elf.FindSymbols(MissingSymbol);
        if (found.Count != 1)
        {
            throw elf.Refuse($"it has {found.Count} symbols {MissingSymbol}, not one");
        }
        if (!found[0].IsUndefined)
        {
            throw elf.Refuse($"it defines {MissingSymbol} itself");
        }
        return found[0];
    }

    private static void RefuseSharedName(ElfDynamicImage elf, ElfSymbol symbol)
    {
        var start = symbol.NameOffset;
        var end = start + (uint)Encoding.ASCII.GetByteCount(MissingSymbol);
        var users = elf.NameOffsets.Count(offset => offset >= start && offset < end);
        if (users != 1)
        {
            throw elf.Refuse($"{users} entries use the name {MissingSymbol} or a part of it, not one");
        }
        if (start > 0 && !elf.NameStartsAt(start))
        {
            throw elf.Refuse($"the name {MissingSymbol} is the end of a longer one");
        }
    }
}
