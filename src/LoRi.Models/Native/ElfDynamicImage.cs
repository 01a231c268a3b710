using System.Buffers.Binary;
using System.Text;
using LoRi.Files;

namespace LoRi.Models.Native;

/// <summary>One dynamic symbol: its place in the table, where its name starts, and whether another file defines it.</summary>
internal readonly record struct ElfSymbol(int Index, uint NameOffset, bool IsUndefined);

/// <summary>One version that the file asks another library for.</summary>
internal readonly record struct ElfVersionRequirement(
    string Library, string Name, ushort Index, ushort Flags, int FlagsPosition);

/// <summary>
/// The dynamic-linking tables of a 64-bit little-endian x86-64 shared library, read strictly: every offset is checked
/// against the file, and the section headers must agree with the dynamic section that the loader goes by.
/// </summary>
internal sealed class ElfDynamicImage
{
    private const int HeaderSize = 64;
    private const int SectionHeaderSize = 64;
    private const int SymbolSize = 24;
    private const uint TypeDynamic = 6;
    private const uint TypeDynamicSymbols = 11;
    private const uint TypeVersionNeed = 0x6ffffffe;
    private const uint TypeVersionSymbols = 0x6fffffff;
    private const ulong TagNeeded = 1, TagStrings = 5, TagSymbols = 6, TagStringsSize = 10, TagSoname = 14,
        TagRunpathOld = 15, TagRunpath = 29, TagVersionSymbols = 0x6ffffff0, TagVersionNeed = 0x6ffffffe,
        TagVersionNeedCount = 0x6fffffff;

    private readonly record struct Section(uint Type, ulong Address, int Offset, int Size, uint Link, uint Info);

    private readonly byte[] bytes;
    private readonly string fileName;
    private readonly Section strings;
    private readonly Section symbols;
    private readonly Section versions;

    /// <summary>Reads the tables of <paramref name="bytes"/>, which later writes change in place.</summary>
    internal ElfDynamicImage(byte[] bytes, string fileName)
    {
        this.bytes = bytes;
        this.fileName = fileName;
        CheckHeader();
        var sections = ReadSections();
        symbols = Only(sections, TypeDynamicSymbols, "dynamic symbol table");
        versions = Only(sections, TypeVersionSymbols, "symbol version table");
        var needs = Only(sections, TypeVersionNeed, "table of required versions");
        var dynamic = Only(sections, TypeDynamic, "dynamic section");
        if (symbols.Link >= sections.Count)
        {
            throw Refuse("its symbol table has no string table");
        }
        strings = sections[(int)symbols.Link];
        CheckTables(needs, dynamic);
        ReadDynamicEntries(dynamic, needs);
        Requirements = ReadRequirements(needs);
        Symbols = ReadSymbols();
    }

    /// <summary>Every dynamic symbol, in the table's order.</summary>
    internal IReadOnlyList<ElfSymbol> Symbols { get; }

    /// <summary>Every version that is asked for, in the file's order.</summary>
    internal IReadOnlyList<ElfVersionRequirement> Requirements { get; }

    /// <summary>The string-table offset of every name in use, once per use.</summary>
    internal List<uint> NameOffsets { get; } = [];

    /// <summary>The error for a file that does not look as it must.</summary>
    internal InputException Refuse(string reason) =>
        new($"{fileName}: not a library that can be adapted to this system's C++ runtime: {reason}; "
            + "install libstdc++ of GCC 13 or newer, or reinstall the program");

    /// <summary>The symbols of this name.</summary>
    internal IReadOnlyList<ElfSymbol> FindSymbols(string name) => [.. Symbols.Where(s => NameAt(s.NameOffset) == name)];

    /// <summary>The indices of the symbols that ask for version <paramref name="version"/>.</summary>
    internal IReadOnlyList<int> SymbolsWithVersion(ushort version) =>
        [.. Symbols.Where(s => (U16(versions.Offset + (2 * s.Index)) & 0x7fff) == version).Select(s => s.Index)];

    /// <summary>Whether a name begins at this offset, and is not the tail of a longer one.</summary>
    internal bool NameStartsAt(uint offset) => bytes[strings.Offset + (int)offset - 1] == 0;

    /// <summary>Replaces a name by a shorter one and clears the rest of its room.</summary>
    internal void WriteName(uint offset, string name, int room)
    {
        var target = bytes.AsSpan(strings.Offset + (int)offset, room);
        target.Clear();
        Encoding.ASCII.GetBytes(name, target);
    }

    /// <summary>Sets the version that a symbol asks for.</summary>
    internal void WriteSymbolVersion(int symbol, ushort version) =>
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(versions.Offset + (2 * symbol)), version);

    /// <summary>Sets the flags of a required version.</summary>
    internal void WriteRequirementFlags(ElfVersionRequirement requirement, ushort flags) =>
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(requirement.FlagsPosition), flags);

    private void CheckHeader()
    {
        if (bytes.Length < HeaderSize || !bytes.AsSpan(0, 4).SequenceEqual("\u007fELF"u8))
        {
            throw Refuse("it is not an ELF file");
        }
        if (bytes[4] != 2 || bytes[5] != 1 || bytes[6] != 1)
        {
            throw Refuse("it is not 64-bit little-endian ELF");
        }
        if (U16(16) != 3 || U16(18) != 62)
        {
            throw Refuse("it is not a shared library for x86-64");
        }
        if (U16(58) != SectionHeaderSize || U16(60) == 0)
        {
            throw Refuse("it has no section headers of the usual size");
        }
    }

    private List<Section> ReadSections()
    {
        var count = U16(60);
        var start = Range(U64(40), (ulong)(count * SectionHeaderSize), "section headers");
        var sections = new List<Section>(count);
        for (var i = 0; i < count; i++)
        {
            var at = start + (i * SectionHeaderSize);
            var type = U32(at + 4);
            var wanted = type is TypeDynamic or TypeDynamicSymbols or TypeVersionNeed or TypeVersionSymbols or 3;
            var offset = wanted ? Range(U64(at + 24), U64(at + 32), "a section") : 0;
            var size = wanted ? (int)U64(at + 32) : 0;
            sections.Add(new Section(type, U64(at + 16), offset, size, U32(at + 40), U32(at + 44)));
        }
        return sections;
    }

    private Section Only(List<Section> sections, uint type, string what)
    {
        var found = sections.Where(s => s.Type == type).ToList();
        return found.Count == 1 ? found[0] : throw Refuse($"it has {found.Count} of: {what}");
    }

    private void CheckTables(Section needs, Section dynamic)
    {
        if (strings.Type != 3 || strings.Size == 0 || bytes[strings.Offset + strings.Size - 1] != 0)
        {
            throw Refuse("its dynamic string table does not end with a zero");
        }
        if (symbols.Size % SymbolSize != 0 || versions.Size != symbols.Size / SymbolSize * 2)
        {
            throw Refuse("its symbol table and version table differ in length");
        }
        if (needs.Link != symbols.Link || dynamic.Link != symbols.Link)
        {
            throw Refuse("its dynamic tables use different string tables");
        }
        if (needs.Info > needs.Size / 16)
        {
            throw Refuse("its table of required versions is shorter than its count says");
        }
        if (dynamic.Size % 16 != 0)
        {
            throw Refuse("its dynamic section has a broken length");
        }
    }

    private void ReadDynamicEntries(Section dynamic, Section needs)
    {
        for (var at = dynamic.Offset; at < dynamic.Offset + dynamic.Size; at += 16)
        {
            var (tag, value) = (U64(at), U64(at + 8));
            if (tag == 0)
            {
                break;
            }
            if (tag is TagNeeded or TagSoname or TagRunpathOld or TagRunpath)
            {
                NameOffsets.Add((uint)value);
            }
            ulong? expected = tag switch
            {
                TagStrings => strings.Address,
                TagSymbols => symbols.Address,
                TagStringsSize => (ulong)strings.Size,
                TagVersionSymbols => versions.Address,
                TagVersionNeed => needs.Address,
                TagVersionNeedCount => needs.Info,
                _ => null,
            };
            if (expected is not null && expected != value)
            {
                throw Refuse("its section headers disagree with its dynamic section");
            }
        }
    }

    private List<ElfVersionRequirement> ReadRequirements(Section needs)
    {
        var requirements = new List<ElfVersionRequirement>();
        var entry = needs.Offset;
        for (var i = 0; i < needs.Info; i++)
        {
            Inside(needs, entry);
            var library = UseName(U32(entry + 4));
            var item = entry + CheckedStep(U32(entry + 8));
            var count = U16(entry + 2);
            for (var j = 0; j < count; j++)
            {
                Inside(needs, item);
                var (flags, index) = (U16(item + 4), U16(item + 6));
                requirements.Add(new(library, UseName(U32(item + 8)), index, flags, item + 4));
                item += CheckedStep(U32(item + 12));
            }
            entry += CheckedStep(U32(entry + 12));
        }
        return requirements;
    }

    private ElfSymbol[] ReadSymbols()
    {
        var symbols = new ElfSymbol[this.symbols.Size / SymbolSize];
        for (var i = 0; i < symbols.Length; i++)
        {
            var at = this.symbols.Offset + (i * SymbolSize);
            UseName(U32(at));
            symbols[i] = new ElfSymbol(i, U32(at), U16(at + 6) == 0);
        }
        return symbols;
    }

    private string UseName(uint offset)
    {
        NameOffsets.Add(offset);
        return NameAt(offset);
    }

    private string NameAt(uint offset)
    {
        if (offset >= strings.Size)
        {
            throw Refuse("a name lies outside its string table");
        }
        var rest = bytes.AsSpan(strings.Offset + (int)offset, strings.Size - (int)offset);
        return Encoding.Latin1.GetString(rest[..rest.IndexOf((byte)0)]);
    }

    private void Inside(Section section, int position)
    {
        if (position < section.Offset || position + 16 > section.Offset + section.Size)
        {
            throw Refuse("its table of required versions runs past its end");
        }
    }

    private int CheckedStep(uint step) => step < 1 << 20 ? (int)step : throw Refuse("a table entry points too far");

    private int Range(ulong offset, ulong size, string what)
    {
        var length = (ulong)bytes.Length;
        return offset <= length && size <= length - offset
            ? (int)offset
            : throw Refuse($"{what} lie past the end of the file ({length} bytes)");
    }

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
}
