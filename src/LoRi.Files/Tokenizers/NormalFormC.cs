using System.Globalization;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Unicode's normal form C with its own tables: under invariant globalization <see cref="string.Normalize()"/> leaves text
/// outside ASCII as it is.
/// </summary>
internal static class NormalFormC
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TrailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Trails = 28;

    /// <summary>Text below this is in normal form C whatever it is.</summary>
    private const char FirstThatMatters = '\u0300';

    private static readonly Lazy<Tables> Data = new(Tables.Read);

    /// <summary>A code point and the range of the original text, in UTF-16 units, that it came from.</summary>
    public readonly record struct Traced(int Code, int Start, int End);

    /// <summary>Whether a text cannot change under normalisation; false says nothing.</summary>
    public static bool IsSurely(ReadOnlySpan<char> text) => !text.ContainsAnyInRange(FirstThatMatters, char.MaxValue);

    /// <summary>
    /// Normalises a text without surrogates that stand alone. A composed code point points at what its first part came from.
    /// </summary>
    public static List<Traced> Compose(string text)
    {
        List<(Traced Code, byte Class)> parts = new(text.Length);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            Decompose(rune.Value, at, at + rune.Utf16SequenceLength, parts);
            at += rune.Utf16SequenceLength;
        }

        Reorder(parts);
        return Recompose(parts);
    }

    private static void Decompose(int code, int start, int end, List<(Traced Code, byte Class)> parts)
    {
        var syllable = code - HangulBase;
        if (syllable is >= 0 and < Leads * Vowels * Trails)
        {
            parts.Add((new(LeadBase + (syllable / (Vowels * Trails)), start, end), 0));
            parts.Add((new(VowelBase + (syllable / Trails % Vowels), start, end), 0));
            if (syllable % Trails != 0)
            {
                parts.Add((new(TrailBase + (syllable % Trails), start, end), 0));
            }
        }
        else if (Data.Value.Decompositions.TryGetValue(code, out var pair))
        {
            Decompose(pair.First, start, end, parts);
            if (pair.Second >= 0)
            {
                Decompose(pair.Second, start, end, parts);
            }
        }
        else
        {
            parts.Add((new(code, start, end), Data.Value.Classes.GetValueOrDefault(code)));
        }
    }

    /// <summary>Sorts every run of combining marks by class, keeping the order within a class.</summary>
    private static void Reorder(List<(Traced Code, byte Class)> parts)
    {
        for (var start = 0; start < parts.Count; start++)
        {
            var end = start;
            while (end < parts.Count && parts[end].Class != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                var sorted = parts.GetRange(start, end - start).OrderBy(part => part.Class).ToList();
                for (var i = 0; i < sorted.Count; i++)
                {
                    parts[start + i] = sorted[i];
                }
            }

            start = end;
        }
    }

    private static List<Traced> Recompose(List<(Traced Code, byte Class)> parts)
    {
        List<Traced> composed = new(parts.Count);
        int starter = -1, lastClass = -1;
        foreach ((var part, var combining) in parts)
        {
            if (starter >= 0 && lastClass < combining && Pair(composed[starter].Code, part.Code) is int whole)
            {
                composed[starter] = composed[starter] with { Code = whole };
                continue;
            }

            if (combining == 0)
            {
                starter = composed.Count;
                lastClass = -1;
            }
            else
            {
                lastClass = combining;
            }

            composed.Add(part);
        }

        return composed;
    }

    private static int? Pair(int first, int second)
    {
        int lead = first - LeadBase, vowel = second - VowelBase;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            return HangulBase + (((lead * Vowels) + vowel) * Trails);
        }

        int syllable = first - HangulBase, trail = second - TrailBase;
        if (syllable is >= 0 and < Leads * Vowels * Trails && syllable % Trails == 0 && trail is > 0 and < Trails)
        {
            return first + trail;
        }

        return Data.Value.Compositions.TryGetValue((first, second), out var whole) ? whole : null;
    }

    private sealed class Tables
    {
        public Dictionary<int, byte> Classes { get; } = [];

        public Dictionary<int, (int First, int Second)> Decompositions { get; } = [];

        public Dictionary<(int First, int Second), int> Compositions { get; } = [];

        /// <summary>Reads the table that is part of the assembly.</summary>
        public static Tables Read()
        {
            Tables tables = new();
            using var stream = typeof(NormalFormC).Assembly.GetManifestResourceStream("LoRi.Files.Tokenizers.CanonicalData.txt")
                ?? throw new InvalidOperationException("invariant: the assembly holds CanonicalData.txt");
            using StreamReader reader = new(stream);
            for (var line = reader.ReadLine(); line is not null; line = reader.ReadLine())
            {
                foreach (var entry in line.StartsWith('#') ? [] : line.Split(' '))
                {
                    tables.Add(entry);
                }
            }

            return tables;
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        private void Add(string entry)
        {
            var split = entry.AsSpan().IndexOfAny(":=>");
            var code = Hex(entry[..split]);
            var value = entry[(split + 1)..];
            if (entry[split] == ':')
            {
                Classes[code] = byte.Parse(value, CultureInfo.InvariantCulture);
                return;
            }

            int[] parts = [.. value.Split('+').Select(Hex)];
            Decompositions[code] = (parts[0], parts.Length > 1 ? parts[1] : -1);
            if (entry[split] == '=')
            {
                Compositions[(parts[0], parts[1])] = code;
            }
        }
    }
}
