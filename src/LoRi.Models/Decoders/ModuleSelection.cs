using System.Text.RegularExpressions;
using LoRi.Files;
using LoRi.Files.Text;

namespace LoRi.Models.Decoders;

/// <summary>
/// Which modules a configuration means, by peft's rule: a list of names matches a module of that name and every module whose
/// name ends in a dot and that name; one text is a regular expression for the whole name.
/// </summary>
public sealed class ModuleSelection
{
    private const int LongestPattern = 512;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Regex? pattern;

    private ModuleSelection(IReadOnlyList<string> names, string? text, Regex? pattern) =>
        (Names, Pattern, this.pattern) = (names, text, pattern);

    /// <summary>The names of a list; empty where there is a pattern.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The regular expression, as it was written; null where there is a list.</summary>
    public string? Pattern { get; }

    /// <summary>A selection by names.</summary>
    /// <param name="names">Names of modules, or their last parts.</param>
    public static ModuleSelection Of(IReadOnlyList<string> names) => new(names, null, null);

    /// <summary>A selection by a regular expression for the whole name; <paramref name="place"/> names it in errors.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="place">The file or option that it comes from, for messages.</param>
    /// <exception cref="InputException">The expression is none, or uses what cannot be matched in bounded time.</exception>
    public static ModuleSelection OfPattern(string text, string place) => new([], text, Compile($"^(?:{text})$", text, place));

    /// <summary>The expression by which peft's patterns of ranks and alphas match: the end of a name, from a dot on.</summary>
    /// <exception cref="InputException">The expression is none, or uses what cannot be matched in bounded time.</exception>
    internal static Regex Ending(string text, string place) => Compile($@"^(?:.*\.)?(?:{text})$", text, place);

    /// <summary>Whether a name is one of a list or ends in one of it.</summary>
    /// <param name="module">The full name of a module.</param>
    /// <param name="name">A name of the list, or the last parts of one.</param>
    public static bool IsNamed(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);

    /// <summary>Whether a module is meant.</summary>
    /// <param name="module">The full name of a module.</param>
    public bool Matches(string module) => pattern is null ? Names.Any(name => IsNamed(module, name)) : pattern.IsMatch(module);

    /// <summary>A file from outside must not choose how long matching takes: no backtracking, and no counted repetition.</summary>
    private static Regex Compile(string whole, string text, string place)
    {
        if (text.Length > LongestPattern || text.Contains('{', StringComparison.Ordinal))
        {
            throw new InputException(
                $"{place} {MessageText.Quote(text)}: patterns of up to {LongestPattern} characters without {{..}} are supported; list the "
                + "modules' names instead");
        }

        try
        {
            return new Regex(whole, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline, Patience);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new InputException($"{place} {MessageText.Quote(text)}: this pattern is not supported; list the modules' names instead",
                e);
        }
    }
}
