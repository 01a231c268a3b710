using System.Runtime.Intrinsics;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>Gathers the tokens of a batch from its padding: level by level, in float64, less a shift, with their sums.</summary>
internal static unsafe class TokenGathering
{
    /// <summary>States as <see cref="Fill"/> reads them: on the CPU, float32 or float64, one value after the other.</summary>
    public static Tensor Readable(Tensor states) => states.Widened().contiguous();

    /// <summary>Fills the block's first tokens and adds them to the sums.</summary>
    /// <param name="block">float64 [L, n, d], n at least the number of places.</param>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="places">Which tokens of which examples.</param>
    /// <param name="shift">float64 [L, d].</param>
    /// <param name="sums">float64 [L, d].</param>
    public static void Fill(Tensor block, Tensor states, (int Example, int Token)[] places, Tensor shift, Tensor sums)
    {
        var (levels, time, width, room) = (states.shape[1], states.shape[2], (int)states.shape[3], block.shape[1]);
        var isWide = states.dtype == ScalarType.Float64;
        var (from, to) = (Address(states), Address(block));
        var (less, total) = (Address(shift), Address(sums));
        VectorWork.InParallel((int)levels, level =>
        {
            var mean = (double*)less + ((long)level * width);
            var sum = (double*)total + ((long)level * width);
            for (var place = 0; place < places.Length; place++)
            {
                var source = ((((places[place].Example * levels) + level) * time) + places[place].Token) * width;
                var target = (double*)to + (((level * room) + place) * width);
                if (isWide)
                {
                    Centre((double*)from + source, mean, sum, target, width);
                }
                else
                {
                    Centre((float*)from + source, mean, sum, target, width);
                }
            }
        });
    }

    private static nint Address(Tensor values)
    {
        using var flat = values.reshape(-1).narrow(0, 0, 1);
        fixed (byte* first = flat.bytes)
        {
            return (nint)first;
        }
    }

    private static void Centre(float* source, double* mean, double* sum, double* target, int width)
    {
        var i = 0;
        for (; i <= width - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var (low, high) = Vector512.Widen(Vector512.Load(source + i));
            Centre(low, mean + i, sum + i, target + i);
            var next = i + Vector512<double>.Count;
            Centre(high, mean + next, sum + next, target + next);
        }

        for (; i < width; i++)
        {
            target[i] = source[i] - mean[i];
            sum[i] += target[i];
        }
    }

    private static void Centre(double* source, double* mean, double* sum, double* target, int width)
    {
        var i = 0;
        for (; i <= width - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Centre(Vector512.Load(source + i), mean + i, sum + i, target + i);
        }

        for (; i < width; i++)
        {
            target[i] = source[i] - mean[i];
            sum[i] += target[i];
        }
    }

    private static void Centre(Vector512<double> values, double* mean, double* sum, double* target)
    {
        var centred = values - Vector512.Load(mean);
        centred.Store(target);
        (Vector512.Load(sum) + centred).Store(sum);
    }
}
