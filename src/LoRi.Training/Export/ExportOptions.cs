using System.Globalization;
using LoRi.Training.Runs;

namespace LoRi.Training.Export;

/// <summary>What is handed out.</summary>
public enum ExportForm
{
    /// <summary>A plain model, adapters merged in.</summary>
    Merged,

    /// <summary>The adapter alone, in peft's form.</summary>
    Adapter,
}

/// <summary>Settings of <c>lori export</c>.</summary>
public sealed record ExportOptions
{
    /// <summary>Most bytes of tensors in one file where nothing else is asked for.</summary>
    public const long DefaultShardBytes = 5_000_000_000;

    private static readonly (string Unit, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000),
    ];

    /// <summary><c>--model</c>: a run directory, a Hub folder, or a GGUF file.</summary>
    public required string Model { get; init; }

    /// <summary><c>--output</c>: the folder to make.</summary>
    public required string Output { get; init; }

    /// <summary><c>--adapter</c>: an adapter to merge in, or to hand out.</summary>
    public string? Adapter { get; init; }

    /// <summary><c>--form</c>.</summary>
    public ExportForm Form { get; init; } = ExportForm.Merged;

    /// <summary><c>--dtype</c>: type of the weights.</summary>
    public DtypeOption Dtype { get; init; } = DtypeOption.F32;

    /// <summary><c>--max-shard-size</c>: most bytes of tensors in one file.</summary>
    public long ShardBytes { get; init; } = DefaultShardBytes;

    /// <summary><c>--tokenizer</c>: a tokenizer file or folder; left out, the one beside the weights.</summary>
    public string? Tokenizer { get; init; }

    /// <summary><c>--base-model</c>: what the Hub calls the model that training began with.</summary>
    public string? BaseModel { get; init; }

    /// <summary><c>--evaluation</c>: folders with an <c>evaluation.json</c>, for the model card.</summary>
    public IReadOnlyList<string> Evaluations { get; init; } = [];

    /// <summary>Bytes of a size such as <c>5GB</c> or <c>500MiB</c>.</summary>
    /// <exception cref="InputException">The text is no size.</exception>
    public static long ParseSize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var unit = Units.FirstOrDefault(one => text.EndsWith(one.Unit, StringComparison.OrdinalIgnoreCase));
        return unit.Unit is not null
            && double.TryParse(text.AsSpan(0, text.Length - unit.Unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * unit.Bytes is >= 1 and < 1L << 60
                ? (long)(number * unit.Bytes)
                : throw new InputException($"--max-shard-size {text}: must be a size with its unit, for example 5GB or 500MiB");
    }

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or two contradict each other.</exception>
    public void Validate()
    {
        if (Dtype == DtypeOption.F64)
        {
            throw OptionRules.Wrong("--dtype", "float64", "weights are handed out as float32 or bfloat16");
        }

        if (BaseModel is { } name && (name.Length == 0 || name.Any(char.IsWhiteSpace)))
        {
            throw OptionRules.Wrong("--base-model", name, "must be a name such as OWNER/NAME");
        }
    }
}
