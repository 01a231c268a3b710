using System.Text.Json.Nodes;

namespace LoRi.Files.Tokenizers;

/// <summary>
/// Adds the tokens that only the files beside a <c>tokenizer.json</c> name, as <c>transformers</c> does: those that are listed with ids, by
/// id, then the special ones by role. The id in a list is only what was expected.
/// </summary>
internal sealed class FolderTokens
{
    private readonly TokenizerFolder _folder;
    private readonly AddedTokenList _added;
    private readonly Dictionary<string, AddedToken> _listed;
    private readonly List<(string Role, DeclaredToken Token)> _special = [];

    private FolderTokens(TokenizerFolder folder, AddedTokenList added)
    {
        (_folder, _added) = (folder, added);
        IEnumerable<AddedToken> listed = folder.Config.ContainsKey(TokenizerFolder.Listed)
            ? folder.Declared.Select(declared => declared.Token.Properties!)
            : added.Tokens;
        _listed = listed.GroupBy(token => token.Content).ToDictionary(group => group.Key, group => group.Last(), StringComparer.Ordinal);
        foreach (string role in TokenizerFolder.Roles)
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
        List<string> notes = folder.AddsTokens ? tokens.AddNew() : [];
        return (tokens.ByRole(), [.. folder.Notes, .. AddedTokenReader.Several(notes)]);
    }

    private static bool Same(AddedToken one, AddedToken other) => one with { Id = other.Id, Assumed = other.Assumed } == other;

    /// <summary>What a list says of a token counts before what its role says.</summary>
    private DeclaredToken Known(DeclaredToken token)
    {
        if (_listed.TryGetValue(token.Content, out AddedToken? listed))
        {
            return token with { Properties = listed };
        }

        return token.Properties is null && _folder.Class?.NamesVerbatim == true
            ? token with { Properties = new AddedToken(0, token.Content) { Special = true } }
            : token;
    }

    private void Name(string role, DeclaredToken? token)
    {
        bool leftOut = token is null or { Content.Length: 0 } || (token.Assumed && _folder.ClassIsGuessed && _added.IdOf(token.Content) is null);
        if (!leftOut)
        {
            _special.Add((role, token!));
        }
    }

    private List<string> AddNew()
    {
        List<DeclaredToken> additions = [.. _folder.Declared.Select(declared => declared.Token)
            .Where(token => token.Content.Length > 0 && !(_added.Find(token.Content) is { } known && Same(token.Properties!, known)))];
        HashSet<string> names = [.. _special.Select(special => special.Token.Content)];
        HashSet<string> there = [.. _added.Tokens.Select(token => token.Content), .. additions.Select(token => token.Content)];
        additions.AddRange(_special.Select(special => special.Token).DistinctBy(token => token.Content)
            .Where(token => token.Properties is not null || !there.Contains(token.Content)).ToList());
        foreach (DeclaredToken token in additions)
        {
            AddedToken added = token.ToAdd(names.Contains(token.Content) || token.Properties?.Special == true);
            _ = _added.Add(added) ?? throw new InputException(
                $"{_folder.Place(TokenizerFolder.Additional)} and the files beside it name more than {Vocabulary.LargestId} tokens; correct them");
        }

        return [.. _folder.Declared.Where(declared => _added.IdOf(declared.Token.Content) is int id && id != declared.Id)
            .Select(declared => AddedTokenReader.Moved(declared.File, declared.Token.Content, declared.Id, _added.IdOf(declared.Token.Content)!.Value))];
    }

    private JsonObject ByRole()
    {
        JsonObject special = [];
        foreach (IGrouping<string, string> role in _special.GroupBy(named => named.Role, named => named.Token.Content))
        {
            bool several = role.Key is TokenizerFolder.Additional or "extra_special_tokens";
            special[role.Key] = several ? new JsonArray([.. role.Select(content => (JsonNode)content)]) : role.First();
        }

        return special;
    }
}
