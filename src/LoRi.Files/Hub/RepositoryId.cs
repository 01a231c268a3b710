using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>What a repository of the Hub holds.</summary>
public enum RepositoryKind
{
    /// <summary>A model.</summary>
    Model,

    /// <summary>A data set.</summary>
    Dataset,
}

/// <summary>A repository of the Hub. Its name is checked, so that it can stand in addresses and in folder names.</summary>
public sealed partial record RepositoryId
{
    private RepositoryId(RepositoryKind kind, string name) => (Kind, Name) = (kind, name);

    /// <summary>What it holds.</summary>
    public RepositoryKind Kind { get; }

    /// <summary><c>OWNER/NAME</c>, or <c>NAME</c> alone for the oldest models.</summary>
    public string Name { get; }

    /// <summary>The folder that the Hub's tools keep it in, within their cache.</summary>
    public string CacheFolder => $"{Plural}--{Name.Replace("/", "--", StringComparison.Ordinal)}";

    /// <summary>The path of the repository's description, within the endpoint.</summary>
    internal string ApiPath => $"api/{Plural}/{Name}";

    /// <summary>The path of its page and files, within the endpoint.</summary>
    internal string PagePath => Kind == RepositoryKind.Dataset ? $"datasets/{Name}" : Name;

    /// <summary>In words, for messages.</summary>
    internal string Shown => Kind == RepositoryKind.Dataset ? $"the data set {Name}" : $"the model {Name}";

    private string Plural => Kind == RepositoryKind.Dataset ? "datasets" : "models";

    /// <summary>Whether a text could name a repository.</summary>
    /// <param name="text">A text such as <c>OWNER/NAME</c>.</param>
    public static bool IsName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return NamePattern().IsMatch(text)
            && !text.Contains("--", StringComparison.Ordinal)
            && !text.Contains("..", StringComparison.Ordinal)
            && !text.EndsWith(".git", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A repository by its name.</summary>
    /// <param name="kind">Whether a model or a data set is meant.</param>
    /// <param name="name"><c>OWNER/NAME</c>, or NAME alone for the Hub's oldest repositories.</param>
    /// <exception cref="InputException">No repository can have that name.</exception>
    public static RepositoryId Parse(RepositoryKind kind, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsName(name)
            ? new(kind, name)
            : throw new InputException(
                $"{MessageText.Quote(name)} is no repository of the Hub; name it OWNER/NAME, with letters, digits, '-', '_' and '.'");
    }

    [GeneratedRegex(@"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();
}
