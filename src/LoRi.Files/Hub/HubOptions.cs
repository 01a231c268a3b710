using LoRi.Files.Disk;
using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>Which Hub is asked, as whom, and how patiently.</summary>
public sealed record HubOptions
{
    /// <summary>The Hub's address.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The user's token. It goes to <see cref="Endpoint"/> and to no other host.</summary>
    public string? Token { get; init; }

    /// <summary>The folder that the Hub's tools share.</summary>
    public required string CacheFolder { get; init; }

    /// <summary>Whether the cache's snapshots are links to its blobs; copies where they cannot or must not be.</summary>
    public bool Links { get; init; } = true;

    /// <summary>The longest silence of a server.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes a second below which a server sends too slowly, counted over twice <see cref="Patience"/> and from then on.</summary>
    public int LeastBytesPerSecond { get; init; } = 1024;

    /// <summary>Pauses before each further attempt.</summary>
    public IReadOnlyList<TimeSpan> Pauses { get; init; } = [.. new[] { 1, 2, 4, 8, 16 }.Select(seconds => TimeSpan.FromSeconds(seconds))];

    /// <summary>The longest pause that is made.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest pause that a server may ask for; one that asks for a longer one is not waited for.</summary>
    public TimeSpan LongestAsked { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes that are free where a folder is or will be.</summary>
    public Func<string, long> FreeSpace { get; init; } = DiskSpace.Free;

    /// <summary>
    /// What the environment says: <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>, <c>HF_HUB_CACHE</c>, <c>HF_HOME</c>, <c>XDG_CACHE_HOME</c>,
    /// <c>HF_HUB_DISABLE_SYMLINKS</c>.
    /// </summary>
    /// <exception cref="InputException">A variable makes no sense.</exception>
    public static HubOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    /// <summary>What variables say, whose values <paramref name="variable"/> gives.</summary>
    /// <param name="variable">Gives the value of an environment variable, or null.</param>
    /// <exception cref="InputException">A variable makes no sense.</exception>
    public static HubOptions From(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string? Find(string name) => variable(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;
        var home = Find("HF_HOME") ?? Path.Combine(Find("XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");
        return new()
        {
            Endpoint = ReadEndpoint(Find("HF_ENDPOINT") ?? "https://huggingface.co"),
            Token = Find("HF_TOKEN") is { } token ? ReadToken(token) : null,
            CacheFolder = FromUserFolder(Find("HF_HUB_CACHE") ?? Path.Combine(home, "hub")),
            Links = Find("HF_HUB_DISABLE_SYMLINKS")?.ToUpperInvariant() is not ("1" or "ON" or "YES" or "TRUE"),
        };
    }

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string FromUserFolder(string path) =>
        path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? UserFolder + path[1..] : path;

    private static Uri ReadEndpoint(string text) =>
        Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var endpoint) && endpoint.Scheme is ("http" or "https")
            && endpoint.UserInfo.Length + endpoint.Query.Length + endpoint.Fragment.Length == 0
            ? endpoint
            : throw new InputException(
                $"HF_ENDPOINT is {MessageText.Quote(text)}, which is no http(s) address; unset it or name a Hub, such as "
                + "https://huggingface.co");

    private static string ReadToken(string token) => token.All(c => c is > ' ' and < '\x7f')
        ? token
        : throw new InputException("HF_TOKEN has a blank or a character that no token has; set it to the token alone");
}
