using System.Net;
using System.Net.Http.Headers;
using LoRi.Files.Text;

namespace LoRi.Files.Hub;

/// <summary>What a server's refusal means, and what to do about it.</summary>
internal static class HubRefusal
{
    /// <summary>The error for an answer that is none.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="options">Who asked.</param>
    /// <param name="fromHub">Whether the Hub itself answered, not a store that it pointed to.</param>
    public static Exception Of(HttpResponseMessage response, DownloadRequest request, HubOptions options, bool fromHub)
    {
        var status = response.StatusCode;
        if (!fromHub || status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout || (int)status >= 500)
        {
            return new HubInterruption($"{response.RequestMessage?.RequestUri?.Host} answers {Shown(response)}",
                Pause(response.Headers.RetryAfter));
        }

        var repository = request.Repository;
        var page = new Uri(options.Endpoint, repository.PagePath);
        var code = Header(response, "X-Error-Code");
        return new InputException(status switch
        {
            HttpStatusCode.Unauthorized
                or HttpStatusCode.Forbidden when code == "GatedRepo" || (status == HttpStatusCode.Forbidden && code != "RepoNotFound") =>
                $"{repository.Shown} is gated ({Shown(response)}): accept its terms at {page}, then "
                + (options.Token is null
                    ? "set HF_TOKEN to a token of that account"
                    : "check that HF_TOKEN is of that account and may read gated repositories"),
            HttpStatusCode.Unauthorized when options.Token is null =>
                $"{repository.Shown} does not exist or is private ({Shown(response)}): check the name and --repo-type, or set HF_TOKEN to "
                + "a token that may read it",
            HttpStatusCode.Unauthorized =>
                $"{repository.Shown} is refused ({Shown(response)}): it does not exist, or HF_TOKEN is not valid for it; check the name, "
                + "--repo-type and the token",
            HttpStatusCode.NotFound when code == "RevisionNotFound" =>
                $"{repository.Shown} has no revision {MessageText.Quote(request.Revision)} ({Shown(response)}): {page} lists its branches "
                + "and tags; correct --revision",
            HttpStatusCode.NotFound when code == "EntryNotFound" =>
                $"{repository.Shown} lists a file that it does not have ({Shown(response)}): it may have changed just now; run the command "
                + "again",
            HttpStatusCode.NotFound or HttpStatusCode.Forbidden =>
                $"{repository.Shown} does not exist ({Shown(response)}): check the name and --repo-type",
            _ => $"{repository.Shown} is refused ({Shown(response)}): look at {page}",
        });
    }

    private static string Shown(HttpResponseMessage response)
    {
        var message = Header(response, "X-Error-Message");
        return $"HTTP {(int)response.StatusCode}" + (message is null ? string.Empty : $", {MessageText.Quote(message)}");
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static TimeSpan? Pause(RetryConditionHeaderValue? after)
    {
        var pause = after?.Delta ?? (after?.Date is { } date ? date - DateTimeOffset.UtcNow : null);
        return pause is { } asked && asked < TimeSpan.Zero ? TimeSpan.Zero : pause;
    }
}
