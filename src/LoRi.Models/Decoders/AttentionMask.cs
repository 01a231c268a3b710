using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>Positions of the new tokens of a pass.</summary>
/// <param name="Values">Position of each new token, counted over real tokens from 0: int64 [B, T].</param>
/// <param name="Limit">A bound: every position is smaller.</param>
/// <param name="Visible">Bool [B, P + T], true where a key is a real token; null where all are.</param>
public sealed record PassPositions(Tensor Values, int Limit, Tensor? Visible);

/// <summary>
/// Which keys a query sees: those before it and itself, of these the last <c>window</c> where there is a window, but no padding.
/// A query that is padding itself sees itself alone, so no row is ever without a visible key (kernels differ in what they
/// return there) and nothing of it reaches real tokens.
/// </summary>
internal readonly record struct AttentionMask(Tensor? Tensor, bool Causal)
{
    /// <summary>
    /// The mask of <paramref name="time"/> queries after <paramref name="past"/> keys; Bool [T, P + T] or [B, 1, T, P + T].
    /// </summary>
    public static AttentionMask For(Tensor? visible, long time, long past, Device device, int? window = null)
    {
        var bounded = window < past + time;
        if (visible is null)
        {
            return bounded || (past > 0 && time > 1)
                ? new AttentionMask(Before(time, past, device, bounded ? window : null), false)
                : new AttentionMask(null, time > 1);
        }

        if (time == 1)
        {
            var others = visible.narrow(1, 0, past);
            var self = ones(visible.shape[0], 1, dtype: ScalarType.Bool, device: device);
            var all = cat([others, self], 1).unsqueeze(1).unsqueeze(1);
            return new AttentionMask(bounded ? all.logical_and(Before(1, past, device, window)) : all, false);
        }

        var itself = eye(time, dtype: ScalarType.Bool, device: device);
        var diagonal = past == 0 ? itself : cat([zeros(time, past, dtype: ScalarType.Bool, device: device), itself], 1);
        var seen = visible.unsqueeze(1).logical_and(Before(time, past, device, bounded ? window : null)).logical_or(diagonal);
        return new AttentionMask(seen.unsqueeze(1), false);
    }

    /// <summary>Keys j of query i (counted after the past) with i - window &lt; j - past &lt;= i.</summary>
    private static Tensor Before(long time, long past, Device device, int? window)
    {
        var causal = ones(time, past + time, dtype: ScalarType.Bool, device: device).tril(past);
        return window is int width ? causal.triu(past - width + 1) : causal;
    }
}
