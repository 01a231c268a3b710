using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Models;

/// <summary>Positions of the new tokens of a pass.</summary>
/// <param name="Values">Position of each new token, counted over real tokens from 0: int64 [B, T].</param>
/// <param name="Limit">A bound: every position is smaller.</param>
/// <param name="Visible">Bool [B, P + T], true where a key is a real token; null where all are.</param>
public sealed record PassPositions(Tensor Values, int Limit, Tensor? Visible);

/// <summary>
/// Which keys a query sees: those before it and itself, but no padding. A query that is padding itself sees itself alone, so
/// no row is ever without a visible key (kernels differ in what they return there) and nothing of it reaches real tokens.
/// </summary>
internal readonly record struct AttentionMask(Tensor? Tensor, bool Causal)
{
    public static AttentionMask For(Tensor? visible, long time, long past, Device device)
    {
        if (visible is null)
        {
            return past == 0 && time > 1
                ? new AttentionMask(null, true)
                : new AttentionMask(time == 1 ? null : CausalOf(time, past, device), false);
        }

        if (time == 1)
        {
            var last = visible.shape[1] - 1;
            var others = visible.narrow(1, 0, last);
            var self = ones(visible.shape[0], 1, dtype: ScalarType.Bool, device: device);
            return new AttentionMask(cat([others, self], 1).unsqueeze(1).unsqueeze(1), false);
        }

        var itself = eye(time, dtype: ScalarType.Bool, device: device);
        var diagonal = past == 0 ? itself : cat([zeros(time, past, dtype: ScalarType.Bool, device: device), itself], 1);
        var seen = visible.unsqueeze(1).logical_and(CausalOf(time, past, device)).logical_or(diagonal);
        return new AttentionMask(seen.unsqueeze(1), false);
    }

    private static Tensor CausalOf(long time, long past, Device device) =>
        ones(time, past + time, dtype: ScalarType.Bool, device: device).tril(past);
}
