using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// Log-likelihoods of tokens under logits over a whole vocabulary, with sums in float64. libtorch's own sum over 50,000 float32
/// terms is off by up to 2e-5 nats a token where a processor has short vectors, in its value and in its gradient. Logits stay as they
/// are: rows are widened a few at a time.
/// </summary>
internal static class TokenLikelihood
{
    private const long ValuesOnCpu = 1 << 20, ValuesOnDevice = 1 << 25;

    /// <summary>The natural logarithm of each token's probability: float64 [n], without a gradient.</summary>
    /// <param name="logits">[n, V], of any type.</param>
    /// <param name="ids">int64 [n], from 0 to V - 1.</param>
    public static Tensor Logs(Tensor logits, Tensor ids)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(ids);
        using var guard = no_grad();
        return Of(logits.detach(), ids, null);
    }

    /// <summary>
    /// The sum over tokens of their negative log-likelihoods in nats, a float64 scalar. Its gradient, the probabilities less one
    /// at each token's
    /// own, is computed beside it where one is asked for, in the type of the logits, float32 at least.
    /// </summary>
    /// <param name="logits">[n, V], of any type.</param>
    /// <param name="ids">int64 [n], from 0 to V - 1.</param>
    public static Tensor NegativeSum(Tensor logits, Tensor ids)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(ids);
        using var scope = NewDisposeScope();
        if (!is_grad_enabled() || !logits.requires_grad)
        {
            return Logs(logits, ids).sum().neg().MoveToOuterDisposeScope();
        }

        var wide = logits.dtype is ScalarType.Float32 or ScalarType.Float64 ? logits : logits.to(ScalarType.Float32);
        var (slopes, sum) = Slopes(wide.detach(), ids);

        // Linear in the logits, with the gradient that the sum has; it takes itself away, so that the sum's value is left.
        var carrier = wide.reshape(-1).dot(slopes.reshape(-1));
        return sum.Plus(carrier.sub(carrier.detach()).to(ScalarType.Float64)).MoveToOuterDisposeScope();
    }

    private static (Tensor Slopes, Tensor Sum) Slopes(Tensor logits, Tensor ids)
    {
        using var guard = no_grad();
        var slopes = empty_like(logits);
        return (slopes, Of(logits, ids, slopes).sum().neg());
    }

    private static Tensor Of(Tensor logits, Tensor ids, Tensor? slopes)
    {
        var (rows, most) = (logits.shape[0], logits.device_type == DeviceType.CPU ? ValuesOnCpu : ValuesOnDevice);
        var piece = long.Max(1, most / logits.shape[1]);
        var logs = empty([rows], ScalarType.Float64, logits.device);
        for (var first = 0L; first < rows; first += piece)
        {
            var count = long.Min(piece, rows - first);
            Piece(logits.narrow(0, first, count), ids.narrow(0, first, count), logs.narrow(0, first, count),
                slopes?.narrow(0, first, count));
        }

        return logs;
    }

    private static void Piece(Tensor logits, Tensor ids, Tensor logs, Tensor? slopes)
    {
        using var scope = NewDisposeScope();
        var widened = logits.Widened();
        if (VectorWork.Fits(widened))
        {
            LikelihoodRows.Fill(widened, ids, logs, slopes);
        }
        else
        {
            Plain(logits, ids.unsqueeze(1), logs, slopes);
        }
    }

    /// <summary>By libtorch's operations, for every type and device.</summary>
    internal static void Plain(Tensor logits, Tensor ids, Tensor logs, Tensor? slopes)
    {
        var wide = logits.to(ScalarType.Float64);
        var largest = wide.amax([1L], keepdim: true);
        var shares = wide.sub(largest).exp_();
        var total = shares.sum([1L], keepdim: true);
        logs.copy_(wide.gather(1, ids).sub(largest).sub(total.log()).squeeze(1));
        if (slopes is not null)
        {
            shares.div_(total);
            shares.scatter_(1, ids, shares.gather(1, ids).Increase(-1));
            slopes.copy_(shares);
        }
    }
}
