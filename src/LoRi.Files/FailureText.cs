using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoRi.Files.Text;

namespace LoRi.Files;

/// <summary>
/// What a failure that nobody foresaw means to the user: one line without names of the framework, frames of libtorch or traces.
/// Failures that were foreseen are <see cref="InputException"/>s, whose line is shown as it is.
/// </summary>
public static partial class FailureText
{
    private const string PlaceKey = "lori.place";

    private const string Fault = "this is a fault of lori itself; run the same command with --verbose to see where, and report that";

    /// <summary>Where the work was that failed, for the message; a filter of a <c>catch</c> that catches nothing.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="place">The file, the row or the step; the innermost place counts.</param>
    /// <returns>Always false.</returns>
    internal static bool Note(Exception failure, string place)
    {
        if (failure is not (InputException or OperationCanceledException) && !failure.Data.Contains(PlaceKey))
        {
            failure.Data[PlaceKey] = place;
        }

        return false;
    }

    /// <summary>What <paramref name="work"/> gives; a failure that nobody foresaw is reported with its place.</summary>
    /// <param name="place">What is being done, as the message will name it.</param>
    /// <param name="work">What may fail.</param>
    public static T At<T>(string place, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (Note(e, place))
        {
            throw;
        }
    }

    /// <summary>The line of a failure.</summary>
    /// <param name="failure">The failure.</param>
    /// <param name="stage">The command that was carried out; empty where none was yet.</param>
    public static string Of(Exception failure, string stage)
    {
        ArgumentNullException.ThrowIfNull(failure);
        ArgumentNullException.ThrowIfNull(stage);
        var cause = Unwrapped(failure);
        if (cause is InputException)
        {
            return cause.Message;
        }

        var place = Chain(failure).Select(e => e.Data[PlaceKey] as string).LastOrDefault(text => text is not null);
        return MessageText.OneLine(string.Join(": ", new[] { stage, place, Cause(cause) }.Where(part => !string.IsNullOrEmpty(part))));
    }

    private static IEnumerable<Exception> Chain(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
        {
            yield return e;
        }
    }

    /// <summary>The failure behind those that only say that there was one.</summary>
    private static Exception Unwrapped(Exception failure) => failure switch
    {
        AggregateException { InnerExceptions: [var first, ..] } => Unwrapped(first),
        TargetInvocationException { InnerException: { } inner } => Unwrapped(inner),
        TypeInitializationException { InnerException: { } inner } => Unwrapped(inner),
        InvalidOperationException { InnerException: { } inner } => Unwrapped(inner),
        _ => failure,
    };

    private static string Cause(Exception e) => e switch
    {
        OutOfMemoryException => "there is not enough memory; take smaller batches, shorter rows or a smaller model",
        FileNotFoundException or FileLoadException or BadImageFormatException or DllNotFoundException or EntryPointNotFoundException
            or TypeLoadException or MissingMemberException or TypeInitializationException when AssemblyOf(e) is { } part =>
            $"a part of the program, {part}, cannot be loaded; allow more open files (ulimit -n 1024), else build or install lori again",
        IOException or UnauthorizedAccessException => $"{OfSystem(e)}; check the path, its permissions and the free space",
        ExternalException => OfTorch(e.Message),
        InsufficientExecutionStackException => "something in the input is nested too deeply; simplify it",
        OverflowException or ArithmeticException =>
            $"a number is too large to be computed with; look for sizes and counts in the input that cannot be ({Fault})",
        RegexMatchTimeoutException => "a pattern took too long to match; simplify it",
        JsonException => $"JSON is malformed ({Plain(e.Message)}); write the file again",
        OperationCanceledException => "was stopped before its end",
        TimeoutException => "took too long and was stopped; try again",
        _ => $"stopped by an error that was not foreseen ({Plain(e.Message)}); {Fault}",
    };

    /// <summary>The part of the program that a failure to load is about; null where it is about a file of the user's.</summary>
    private static string? AssemblyOf(Exception e)
    {
        var name = e switch
        {
            FileNotFoundException file => file.FileName,
            FileLoadException file => file.FileName,
            BadImageFormatException file => file.FileName ?? "its library",
            DllNotFoundException or EntryPointNotFoundException =>
                Quoted().Match(e.Message) is { Success: true } quoted ? quoted.Groups[1].Value : "a native library",
            TypeInitializationException or TypeLoadException or MissingMemberException => "one of its libraries",
            _ => null,
        };
        var isFile = e is FileNotFoundException && name?.Contains(", Version=", StringComparison.Ordinal) != true;
        return name is null || isFile ? null : Path.GetFileName(name.Split(',')[0]);
    }

    /// <summary>A failure of the file system: what the system says, and of which file.</summary>
    private static string OfSystem(Exception e)
    {
        var message = Plain(e.Message).TrimEnd('.');
        return e is UnauthorizedAccessException && !message.Contains('\'', StringComparison.Ordinal) && e.InnerException is { } inner
            ? Plain(inner.Message).TrimEnd('.')
            : message;
    }

    private static string Asked(string written, double number, string unit) =>
        unit.EndsWith("iB", StringComparison.Ordinal) ? $"{written} {unit}" : MessageText.Bytes((long)number);

    /// <summary>What libtorch says, without the frames of its stack; memory that it does not get is named as such.</summary>
    private static string OfTorch(string message)
    {
        var said = Plain(Frames().Split(message, 2)[0]).Trim().TrimEnd('.');
        if (!Allocation().IsMatch(said))
        {
            return $"libtorch refuses an operation ({said}); {Fault}";
        }

        var asked = Tried().Match(said) is { Success: true } tried
            && double.TryParse(tried.Groups[1].Value, CultureInfo.InvariantCulture, out var number)
            ? $" ({Asked(tried.Groups[1].Value, number, tried.Groups[2].Value)} more were asked for)"
            : "";
        return $"there is not enough memory{asked}; take smaller batches, shorter rows or a smaller model";
    }

    /// <summary>A message of the framework without its names for types.</summary>
    private static string Plain(string message)
    {
        var line = Blanks().Replace(message, " ").Trim();
        return FrameworkName()
            .Replace(line,
                match => match.Value.Split('.')[^1] is var last && last.EndsWith("Exception", StringComparison.Ordinal)
                    ? "an error"
                    : "a value").TrimEnd();
    }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();

    [GeneratedRegex(
        @"\b(?:System|Microsoft|TorchSharp|FSharp|LoRi|Parquet|Argu|Spectre)(?:\.[A-Z][A-Za-z0-9_+`]*)+(?:\[[^\]]*\])?"
        + @"|\b[A-Z][A-Za-z]+Exception\b",
        RegexOptions.CultureInvariant)]
    private static partial Regex FrameworkName();

    [GeneratedRegex(@"'([^']+)'", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\s*(?:Exception raised from|\(most recent call first\)|frame #\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Frames();

    [GeneratedRegex(
        "can't allocate memory|out of memory|not enough memory|Cannot allocate memory|bad_alloc|Storage size calculation overflowed",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Allocation();

    [GeneratedRegex(@"tried to allocate ([0-9.]+) ?(bytes|B|[KMGT]iB)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Tried();
}
