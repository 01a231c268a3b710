using System.Net;
using System.Net.Http.Headers;
using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>
/// Speaks HTTP with a Hub. Redirects are followed here, hop by hop, so that the token goes to the Hub's own address only; whatever
/// may go better the next time becomes a <see cref="HubInterruption"/>.
/// </summary>
internal sealed class HubClient : IDisposable
{
    private const int MostRedirects = 10;
    private const int LargestListing = 1 << 28;

    private readonly HubOptions options;
    private readonly DownloadRequest request;
    private readonly HttpClient http;

    /// <summary>A client for one repository.</summary>
    public HubClient(HubOptions options, DownloadRequest request)
    {
        (this.options, this.request) = (options, request);
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.Patience,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.Add(
            new ProductInfoHeaderValue("lori", typeof(HubClient).Assembly.GetName().Version?.ToString(3)));
        http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
    }

    /// <summary>The files of the revision.</summary>
    public async Task<RepositoryListing> List()
    {
        var url = new Uri(options.Endpoint, $"{request.Repository.ApiPath}/revision/{Uri.EscapeDataString(request.Revision)}?blobs=true");
        using var response = await Send(HttpMethod.Get, url, 0, _ => false).ConfigureAwait(false);
        using var content = new MemoryStream();
        await Read(response, bytes =>
        {
            if (content.Length + bytes.Length > LargestListing)
            {
                throw new InputException($"{url}: the list of files is longer than {LargestListing} bytes; choose another repository");
            }

            content.Write(bytes.Span);
        }).ConfigureAwait(false);
        return RepositoryListing.Parse(content.ToArray(), url.ToString());
    }

    /// <summary>Checks that the server still has the file that was listed, where its headers say anything about that.</summary>
    /// <exception cref="InputException">It has another one.</exception>
    public async Task Check(RemoteFile file, string commit)
    {
        // The Hub itself describes a file that lies elsewhere; the store's own headers say nothing about its hash.
        using var response =
            await Send(HttpMethod.Head, FileUrl(file, commit), 0, answer => answer.Headers.Contains("X-Linked-Etag")).ConfigureAwait(false);
        var etag = (Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? string.Empty).Replace(
            "W/", string.Empty, StringComparison.Ordinal).Trim('"');
        var size = Header(response, "X-Linked-Size");
        var found = Header(response, "X-Repo-Commit");
        var other = RemoteFile.IsHash(etag) && etag != file.Hash ? $"content {etag} instead of {file.Hash}"
            : long.TryParse(size, out var bytes) && bytes != file.Size ? $"{bytes} bytes instead of {file.Size}"
            : found is not null && found != commit ? $"commit {MessageText.Quote(found)} instead of {commit}"
            : null;
        if (other is not null)
        {
            throw new InputException(
                $"{request.Repository.Shown}: the server has {file.Path} with {other}, which it listed; run the command again, or do not "
                + "trust this endpoint");
        }
    }

    /// <summary>Receives what is still missing of a file.</summary>
    public async Task Receive(RemoteFile file, string commit, PartialFile part, Action<long> progress)
    {
        using var response = await Send(
            HttpMethod.Get, FileUrl(file, commit), part.Length, answer => answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            .ConfigureAwait(false);
        var range = response.Content.Headers.ContentRange;
        if (response.StatusCode == HttpStatusCode.OK)
        {
            part.Restart();
        }
        else if (range?.From != part.Length || (range.HasLength && range.Length != file.Size))
        {
            part.Restart();
            throw new HubInterruption($"{file.Path}: the server sent another part of the file than was asked for");
        }

        if (response.Content.Headers.ContentLength is { } announced && announced != file.Size - part.Length)
        {
            throw new InputException(
                $"{file.Path}: the server announces {announced} bytes where {file.Size - part.Length} of the {file.Size} listed ones are "
                + "missing; try again later, or do not trust this endpoint");
        }

        await Read(response, bytes =>
        {
            part.Append(bytes.Span);
            progress(part.Length);
        }).ConfigureAwait(false);
        if (!part.IsWhole)
        {
            throw new HubInterruption($"{file.Path}: the connection ended after {part.Length} of {file.Size} bytes");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : null;

    private Uri FileUrl(RemoteFile file, string commit)
    {
        var path = string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString));
        return new Uri(options.Endpoint, $"{request.Repository.PagePath}/resolve/{commit}/{path}");
    }

    /// <summary>Sends a request and follows redirects until an answer comes that is none, or that suffices.</summary>
    private async Task<HttpResponseMessage> Send(HttpMethod method, Uri url, long from, Func<HttpResponseMessage, bool> suffices)
    {
        for (var hop = 0; hop <= MostRedirects; hop++)
        {
            var response = await SendOnce(method, url, from).ConfigureAwait(false);
            if (response.IsSuccessStatusCode || suffices(response))
            {
                return response;
            }

            using (response)
            {
                url = response.StatusCode switch
                {
                    HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect
                        or HttpStatusCode.PermanentRedirect =>
                        Target(url, response.Headers.Location),
                    _ => throw HubRefusal.Of(response, request, options, IsHub(url)),
                };
            }
        }

        throw new InputException(
            $"{request.Repository.Shown}: {options.Endpoint.Host} redirects more than {MostRedirects} times; check HF_ENDPOINT");
    }

    private async Task<HttpResponseMessage> SendOnce(HttpMethod method, Uri url, long from)
    {
        using var message = new HttpRequestMessage(method, url);
        if (options.Token is not null && IsHub(url))
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.Token);
        }

        if (from > 0)
        {
            message.Headers.Range = new RangeHeaderValue(from, null);
        }

        using var limit = new CancellationTokenSource(options.Patience);
        try
        {
            return await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            throw Interrupted(url.Host, e);
        }
    }

    private async Task Read(HttpResponseMessage response, Action<ReadOnlyMemory<byte>> take)
    {
        var host = response.RequestMessage?.RequestUri?.Host ?? string.Empty;
        var buffer = new byte[1 << 18];
        using var limit = new CancellationTokenSource();
        var rate = new ReceivedRate(options);
        var stream = await Guarded(() => response.Content.ReadAsStreamAsync(limit.Token)).ConfigureAwait(false);
        int count;
        do
        {
            limit.CancelAfter(options.Patience);
            count = await Guarded(() => stream.ReadAsync(buffer, limit.Token).AsTask()).ConfigureAwait(false);
            take(buffer.AsMemory(0, count));
            if (rate.IsTooLow(count))
            {
                throw new HubInterruption($"{host} sends fewer than {options.LeastBytesPerSecond} bytes a second");
            }
        }
        while (count > 0);

        async Task<T> Guarded<T>(Func<Task<T>> receive)
        {
            try
            {
                return await receive().ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                throw Interrupted(host, e);
            }
        }
    }

    private HubInterruption Interrupted(string host, Exception e)
    {
        var reason = e is OperationCanceledException
            ? $"nothing came within {options.Patience.TotalSeconds:0} s"
            : (e.InnerException ?? e).Message.TrimEnd('.');
        return new($"the connection to {host} failed ({reason})", null, e);
    }

    private bool IsHub(Uri url) =>
        Uri.Compare(url, options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static Uri Target(Uri from, Uri? location)
    {
        Uri.TryCreate(from, location, out var target);
        return target is { Scheme: "https" } || (target is { Scheme: "http" } && from.Scheme == "http")
            ? target
            : throw new InputException(
                $"{from.Host}: redirects to {MessageText.Quote(location?.OriginalString ?? "nowhere")}, which is not followed; check "
                + "HF_ENDPOINT");
    }
}
