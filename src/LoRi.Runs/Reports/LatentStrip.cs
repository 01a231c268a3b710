using LoRi.Models.Reasoning;

namespace LoRi.Runs.Reports;

/// <summary>Where a latent step's likeliest token occurs in the chain.</summary>
internal enum TokenPlace
{
    /// <summary>It is what the chain has next at the step's own place.</summary>
    Own,

    /// <summary>Elsewhere in the chain.</summary>
    Elsewhere,

    /// <summary>Nowhere in the chain.</summary>
    Nowhere,
}

/// <summary>
/// Latent steps under a chain of thought. A state is read as the token that it would write next, so the first step stands under the
/// chain's second token: one token to a step where there are as many, an even part of the chain where it is longer.
/// </summary>
/// <param name="ChainOf">Whose chain it is.</param>
/// <param name="Chain">Its tokens, as text.</param>
/// <param name="After">The token that follows the chain; null where none does.</param>
/// <param name="Steps">The likeliest tokens, [step][level][token], likeliest first; the last level is what the model writes from.</param>
internal sealed record LatentStrip(
    string ChainOf, IReadOnlyList<string> Chain, string? After, IReadOnlyList<IReadOnlyList<IReadOnlyList<LatentToken>>> Steps)
{
    private readonly string[] next = After is null ? [.. Chain.Skip(1)] : [.. Chain.Skip(1), After];
    private readonly HashSet<string> known =
        [.. Chain.Append(After ?? "").Select(Bare).Where(token => token.Length > 0)];

    /// <summary>The chain's first token, which no latent step comes before; null where there is no chain.</summary>
    public string? Lead => Chain.Count > 0 ? Chain[0] : null;

    /// <summary>The likeliest token of a step.</summary>
    public string Read(int step) => Steps[step][^1][0].Text;

    /// <summary>What the chain has next at the step's place.</summary>
    public IReadOnlyList<string> Above(int step) => next.Length <= Steps.Count
        ? [.. next.Skip(step).Take(1)]
        : next[(step * next.Length / Steps.Count)..((step + 1) * next.Length / Steps.Count)];

    /// <summary>
    /// Where the step's likeliest token occurs. Spaces around tokens do not count; a blank one occurs nowhere, and one without a letter
    /// or digit only where it is all that the chain has next, as marks are met by chance in any long chain.
    /// </summary>
    public TokenPlace PlaceOf(int step)
    {
        var (token, above) = (Bare(Read(step)), Above(step));
        return !known.Contains(token) || (above.Count != 1 && !token.Any(char.IsLetterOrDigit)) ? TokenPlace.Nowhere
            : above.Any(one => Bare(one) == token) ? TokenPlace.Own
            : token.Any(char.IsLetterOrDigit) ? TokenPlace.Elsewhere : TokenPlace.Nowhere;
    }

    /// <summary>How many steps read as a token of the chain.</summary>
    public string Summary()
    {
        var places = Enumerable.Range(0, Steps.Count).Select(PlaceOf).ToArray();
        var own = places.Count(place => place == TokenPlace.Own);
        var all = places.Count(place => place != TokenPlace.Nowhere);
        return $"{all} of {places.Length} latent steps read as a token of the chain, {own} at their own place";
    }

    private static string Bare(string token) => token.Trim();
}
