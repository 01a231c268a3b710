using System.Text.Json.Nodes;

namespace LoRi.Files.Tokenizers;

/// <summary>What a tokenizer puts around a text.</summary>
/// <param name="Before">Ids in front of it.</param>
/// <param name="After">Ids after it.</param>
/// <param name="Trim">What offsets leave out.</param>
internal sealed record TextFrame(IReadOnlyList<int> Before, IReadOnlyList<int> After, OffsetTrim Trim)
{
    /// <summary>What the class of a tokenizer makes of what its file says.</summary>
    /// <param name="folder">What stands beside the file.</param>
    /// <param name="special">Special tokens by role.</param>
    /// <param name="added">The added tokens; one that is put around texts is one that a model needs a row for.</param>
    /// <exception cref="InputException">A token is to be put there that no file names.</exception>
    public TextFrame Of(TokenizerFolder folder, JsonObject special, AddedTokenList added)
    {
        const string first = "add_bos_token", last = "add_eos_token";
        if (folder.Class is not { } kind || !(kind.OwnTemplate || kind.RefusesFirst))
        {
            return this;
        }

        var begins = folder.Flag(first, kind.AddsFirst);
        if (kind.RefusesFirst)
        {
            return !begins
                ? this
                : throw new InputException(
                    $"{folder.Place(first)} is true, which {kind.Name}Fast refuses; remove it, or name the class PreTrainedTokenizerFast");
        }

        return new TextFrame(begins ? [Id(first, "bos_token")] : [], folder.Flag(last, false) ? [Id(last, "eos_token")] : [],
            OffsetTrim.Off);

        int Id(string setting, string role)
        {
            var token = special[role]?.GetValue<string>() ?? throw new InputException(
                $"{folder.Place(setting)} is true for {kind.Name}, but no {role} is named; name one there, or set {setting} to false");
            var found = added.Find(token)!;
            added.Add(found with { Assumed = false });
            return found.Id;
        }
    }
}
