using LoRi.Runs.Scoring;

namespace LoRi.Runs.Probe;

/// <summary>Right answers of so many questions.</summary>
/// <param name="Correct">Right by the rule of the probe.</param>
/// <param name="Accuracy">Their share.</param>
/// <param name="Ci95">95 % Wilson interval.</param>
public sealed record ProbeAccuracy(int Correct, double Accuracy, double[] Ci95)
{
    /// <summary>The accuracy of verdicts.</summary>
    internal static ProbeAccuracy Of(IReadOnlyCollection<bool> right)
    {
        var correct = right.Count(one => one);
        var interval = WilsonInterval.Of(correct, right.Count);
        return new(correct, (double)correct / right.Count, [interval.Low, interval.High]);
    }
}

/// <summary>What an intervention did.</summary>
public sealed record ProbeEffect
{
    /// <summary>The intervention, as it is named.</summary>
    public required string Intervention { get; init; }

    /// <summary>The steps whose inputs were replaced, from 1.</summary>
    public required int[] Steps { get; init; }

    /// <summary>Which draw of what is random, from 1; null where nothing is.</summary>
    public int? Draw { get; init; }

    /// <summary>Right answers with it.</summary>
    public required ProbeAccuracy Accuracy { get; init; }

    /// <summary>The accuracy with it less the one without.</summary>
    public required double Difference { get; init; }

    /// <summary>95 % interval of the difference: bootstrap over questions.</summary>
    public required double[] DifferenceCi95 { get; init; }

    /// <summary>Exact p of McNemar's test.</summary>
    public required double P { get; init; }

    /// <summary>Questions that are answered rightly only without it.</summary>
    public required int OnlyWithout { get; init; }

    /// <summary>Questions that are answered rightly only with it.</summary>
    public required int OnlyWith { get; init; }

    /// <summary>Answers that are the same text.</summary>
    public required int SameAnswers { get; init; }
}

/// <summary>What a probe found: its file.</summary>
public sealed record ProbeResult
{
    /// <summary>The name of the format.</summary>
    public const string FormatName = "lori-probe";

    /// <summary>The format.</summary>
    public required string Format { get; init; }

    /// <summary>The program's version.</summary>
    public required string Version { get; init; }

    /// <summary>The model's place.</summary>
    public required string Model { get; init; }

    /// <summary>The method that it was trained with.</summary>
    public required string Method { get; init; }

    /// <summary>How it reasons.</summary>
    public required string Reasoning { get; init; }

    /// <summary>Its latent steps.</summary>
    public required int LatentSteps { get; init; }

    /// <summary>Names of the data files.</summary>
    public required string Dataset { get; init; }

    /// <summary>By which rule answers are right: <c>codi</c>, <c>strict</c>, or <c>words</c> in experiments; null in older files.</summary>
    public string? Rule { get; init; }

    /// <summary>Questions.</summary>
    public required int Examples { get; init; }

    /// <summary>Draws what is random.</summary>
    public required long Seed { get; init; }

    /// <summary>Right answers of the model as it is.</summary>
    public required ProbeAccuracy Untouched { get; init; }

    /// <summary>What each intervention did.</summary>
    public required IReadOnlyList<ProbeEffect> Effects { get; init; }

    /// <summary>What they say together: <c>yes</c>, <c>partly</c>, <c>no</c> or <c>undecided</c>.</summary>
    public required string Verdict { get; init; }

    /// <summary>The same in words.</summary>
    public required string Says { get; init; }
}
