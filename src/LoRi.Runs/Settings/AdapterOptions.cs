using LoRi.Files;
using LoRi.Models.Decoders;

namespace LoRi.Runs.Settings;

/// <summary>Training of low-rank adapters in place of all weights. Property names in snake case are the keys of <c>config.json</c>.</summary>
public sealed record AdapterOptions
{
    private const double AlphaPerRank = 2;
    private const string AllTargets = "all-linear";

    /// <summary><c>--lora-rank</c>: rank of the adapters; left out, all weights are trained.</summary>
    public int? LoraRank { get; init; }

    /// <summary><c>--lora-alpha</c>: the scaling is alpha / rank; left out, twice the rank.</summary>
    public double? LoraAlpha { get; init; }

    /// <summary><c>--lora-dropout</c>: share of the adapters' inputs that is dropped while training.</summary>
    public double LoraDropout { get; init; }

    /// <summary><c>--lora-targets</c>: names of the linear maps that get an adapter; left out, all of the blocks.</summary>
    public IReadOnlyList<string>? LoraTargets { get; init; }

    /// <summary><c>--rslora</c>: the scaling is alpha / sqrt(rank).</summary>
    public bool Rslora { get; init; }

    /// <summary>The adapters; null where all weights are trained.</summary>
    public LoraSettings? ToSettings() => LoraRank is not { } rank ? null : new LoraSettings
    {
        Rank = rank,
        Alpha = Completed().LoraAlpha!.Value,
        Dropout = LoraDropout,
        RankStabilised = Rslora,
        Targets = Names() is [AllTargets] ? null : Names(),
    };

    /// <summary>The same with the values that what is left out has.</summary>
    public AdapterOptions Completed() => LoraRank is not { } rank
        ? this
        : this with { LoraAlpha = LoraAlpha ?? AlphaPerRank * rank, LoraTargets = Names() ?? [AllTargets] };

    /// <summary>The targets, however they are separated; null where none are given.</summary>
    private string[]? Names() =>
        LoraTargets is null ? null : [.. LoraTargets.SelectMany(text => text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)).Distinct()];

    /// <summary>Checks everything that can be checked without reading a file.</summary>
    /// <exception cref="InputException">A value is out of range, or there is no rank that it belongs to.</exception>
    public void Validate()
    {
        OptionRules.AtLeast("--lora-rank", LoraRank, 1);
        OptionRules.Positive("--lora-alpha", LoraAlpha);
        OptionRules.BelowOne("--lora-dropout", LoraDropout, 0);
        if (Names() is { Length: 0 })
        {
            throw new InputException("--lora-targets: name at least one linear map, for example q_proj, or leave the option out for all of them");
        }

        var needsRank = LoraAlpha is not null ? "--lora-alpha" : LoraDropout > 0 ? "--lora-dropout" : LoraTargets is not null ? "--lora-targets" : Rslora ? "--rslora" : null;
        if (needsRank is not null && LoraRank is null)
        {
            throw new InputException($"{needsRank}: says how adapters are made, but there are none; give --lora-rank as well, for example --lora-rank 16");
        }
    }
}
