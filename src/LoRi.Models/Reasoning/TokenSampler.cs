using static TorchSharp.torch;

namespace LoRi.Models.Reasoning;

/// <summary>How tokens are drawn.</summary>
/// <param name="Temperature">What logits are divided by, above 0.</param>
/// <param name="TopP">Only the fewest tokens whose probabilities reach this share are drawn from; 1 for all.</param>
/// <param name="TopK">Only this many of the likeliest tokens are drawn from; null for all.</param>
/// <param name="Seed">The seed: the same one draws the same tokens from the same logits.</param>
public sealed record SamplingSettings(double Temperature, double TopP, int? TopK, long Seed);

/// <summary>
/// Draws tokens from softmax(logits / temperature), cut to the likeliest k, renormalised, cut to the smallest set that reaches p,
/// renormalised.
/// Every row has random numbers of its own, so that a row's tokens do not depend on those beside it.
/// </summary>
/// <param name="settings">How to draw.</param>
/// <param name="purpose">Which of several generations with one seed this is.</param>
public sealed class TokenSampler(SamplingSettings settings, string purpose)
{
    private readonly List<SeededRandom> rows = [];

    /// <summary>One id a row.</summary>
    /// <param name="logits">[B, V], of any type, on any device.</param>
    public long[] Draw(Tensor logits)
    {
        using var scope = NewDisposeScope();
        var wide = logits.to(ScalarType.Float64).cpu().contiguous();
        var rows = (int)wide.shape[0];
        while (this.rows.Count < rows)
        {
            this.rows.Add(new SeededRandom(settings.Seed, $"sampling {purpose}, row {this.rows.Count}"));
        }

        return [.. Enumerable.Range(0, rows).Select(row => Draw(wide[row].data<double>().ToArray(), this.rows[row].Uniform()))];
    }

    /// <summary>The token that a number in [0, 1) picks; the likeliest come first, of equals those with smaller ids.</summary>
    private long Draw(double[] logits, double uniform)
    {
        var largest = logits.Max();
        var weights = System.Array.ConvertAll(logits, logit => System.Math.Exp((logit - largest) / settings.Temperature));
        var kept = Kept(weights);
        var left = uniform * kept.Sum(id => weights[id]);
        foreach (var id in kept)
        {
            left -= weights[id];
            if (left < 0)
            {
                return id;
            }
        }

        return kept[^1];
    }

    private int[] Kept(double[] weights)
    {
        var ids = Enumerable.Range(0, weights.Length).ToArray();
        if (settings.TopK is null && settings.TopP >= 1)
        {
            return ids;
        }

        var order = System.Array.ConvertAll(weights, weight => -weight);
        System.Array.Sort(order, ids);
        SortEqual(order, ids);
        var likeliest = ids[..int.Min(settings.TopK ?? ids.Length, ids.Length)];
        var enough = settings.TopP * likeliest.Sum(id => weights[id]);
        var count = 0;
        for (var sum = 0.0; count < likeliest.Length && (count == 0 || sum < enough); count++)
        {
            sum += weights[likeliest[count]];
        }

        return settings.TopP >= 1 ? likeliest : likeliest[..count];
    }

    /// <summary>Ids of equal keys in order: sorting may have mixed them.</summary>
    private static void SortEqual(double[] keys, int[] ids)
    {
        for (var start = 0; start < keys.Length;)
        {
            var end = start + 1;
            while (end < keys.Length && keys[end] == keys[start])
            {
                end++;
            }

            System.Array.Sort(ids, start, end - start);
            start = end;
        }
    }
}
