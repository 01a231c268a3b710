using System.Text.Json.Nodes;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Adds the tokens that only the files beside a <c>tokenizer.json</c> name, as <c>transformers</c> does: those that are listed with ids, by
/// id, then the special ones by role. The id in a list is only what was expected.
/// </summary>
internal sealed class FolderTokens
{
    private readonly TokenizerFolder folder;
    private readonly AddedTokenList added;
    private readonly Dictionary<string, AddedToken> listed;
    private readonly List<(string Role, DeclaredToken Token)> special = [];

    private FolderTokens(TokenizerFolder folder, AddedTokenList added)
    {
        (this.folder, this.added) = (folder, added);
        var listed = folder.Config.ContainsKey(TokenizerFolder.Listed)
            ? folder.Declared.Select(declared => declared.Token.Properties!)
            : added.Tokens;
        this.listed = listed.GroupBy(token => token.Content)
            .ToDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);
        foreach (var role in TokenizerFolder.Roles)
        {
            Name(role, folder.Role(role) is { } token ? Known(token) : null);
        }

        folder.Others().ToList().ForEach(token => Name(TokenizerFolder.Additional, token));
        folder.Extras().ToList().ForEach(extra => Name(extra.Name, extra.Token));
    }

    /// <summary>Adds them; gives the special tokens by role, as a chat template sees them, and what is to be said.</summary>
    /// <exception cref="InputException">A file is malformed, or names more tokens than a vocabulary may have.</exception>
    public static (JsonObject Special, List<string> Notes) Add(TokenizerFolder folder, AddedTokenList added)
    {
        folder.CheckGuess(added);
        FolderTokens tokens = new(folder, added);
        var notes = folder.AddsTokens ? tokens.AddNew() : [];
        return (tokens.ByRole(), [.. folder.Notes, .. AddedTokenReader.Several(notes)]);
    }

    private static bool Same(AddedToken one, AddedToken other) => one with { Id = other.Id, Assumed = other.Assumed } == other;

    /// <summary>What a list says of a token counts before what its role says.</summary>
    private DeclaredToken Known(DeclaredToken token)
    {
        if (this.listed.TryGetValue(token.Content, out var listed))
        {
            return token with { Properties = listed };
        }

        return token.Properties is null && folder.Class?.NamesVerbatim == true
            ? token with { Properties = new AddedToken(0, token.Content) { Special = true } }
            : token;
    }

    private void Name(string role, DeclaredToken? token)
    {
        var leftOut = token is null or { Content.Length: 0 }
            || (token.Assumed && folder.ClassIsGuessed && added.IdOf(token.Content) is null);
        if (!leftOut)
        {
            special.Add((role, token!));
        }
    }

    private List<string> AddNew()
    {
        List<DeclaredToken> additions = [.. folder.Declared.Select(declared => declared.Token)
            .Where(token => token.Content.Length > 0 && !(added.Find(token.Content) is { } known && Same(token.Properties!, known)))];
        HashSet<string> names = [.. special.Select(special => special.Token.Content)];
        HashSet<string> there = [.. added.Tokens.Select(token => token.Content), .. additions.Select(token => token.Content)];
        additions.AddRange(special.Select(special => special.Token).DistinctBy(token => token.Content)
            .Where(token => token.Properties is not null || !there.Contains(token.Content)).ToList());
        foreach (var token in additions)
        {
            var added = token.ToAdd(names.Contains(token.Content) || token.Properties?.Special == true);
            _ = this.added.Add(added) ?? throw new InputException(
                $"{folder.Place(TokenizerFolder.Additional)} and the files beside it name more than {Vocabulary.LargestId} tokens; correct "
                + "them");
        }

        return [.. folder.Declared.Where(declared => added.IdOf(declared.Token.Content) is int id && id != declared.Id)
            .Select(declared =>
                AddedTokenReader.Moved(declared.File, declared.Token.Content, declared.Id, added.IdOf(declared.Token.Content)!.Value))];
    }

    private JsonObject ByRole()
    {
        JsonObject special = [];
        foreach (var role in this.special.GroupBy(named => named.Role, named => named.Token.Content))
        {
            var several = role.Key is TokenizerFolder.Additional or "extra_special_tokens";
            special[role.Key] = several ? new JsonArray([.. role.Select(content => (JsonNode)content)]) : role.First();
        }

        return special;
    }
}
