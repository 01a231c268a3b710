using System.Runtime.Intrinsics;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Teachers;

/// <summary>Gathers the tokens of a batch from its padding: level by level, in float64, less a shift, with their sums.</summary>
internal static unsafe class TokenGathering
{
    /// <summary>The tokens of a batch that are no padding, example by example.</summary>
    /// <param name="counts">Tokens of each example.</param>
    public static (int Example, int Token)[] Places(int[] counts) =>
        [.. counts.SelectMany((count, example) => Enumerable.Range(0, count).Select(token => (example, token)))];

    /// <summary>What is read by pointers must lie within the tensors.</summary>
    /// <param name="states">What is to be [B, L, T, d].</param>
    /// <param name="counts">Tokens of each example.</param>
    /// <param name="levels">L.</param>
    /// <param name="width">d.</param>
    /// <exception cref="ArgumentException">It does not.</exception>
    public static void Check(Tensor states, int[] counts, long levels, long width)
    {
        if (states.dim() != 4 || states.shape[1] != levels || states.shape[3] != width)
        {
            throw new ArgumentException($"a batch of states has shape {string.Join(" x ", states.shape)} where the corpus has {levels} "
                + $"levels of {width} components", nameof(states));
        }

        if (counts.Length != states.shape[0] || counts.Any(count => count < 0 || count > states.shape[2]))
        {
            throw new ArgumentException($"{counts.Length} numbers of tokens, from {counts.DefaultIfEmpty().Min()} to "
                + $"{counts.DefaultIfEmpty().Max()}, are not those of {states.shape[0]} examples of up to {states.shape[2]} tokens",
                nameof(counts));
        }
    }

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
        var (levels, width, room) = ((int)states.shape[1], (int)states.shape[3], block.shape[1]);
        var (to, total) = (VectorWork.Address(block), VectorWork.Address(sums));
        var rows = new Rows(states, shift);
        VectorWork.InParallel(levels, level =>
        {
            for (var place = 0; place < places.Length; place++)
            {
                var target = (double*)to + (((level * room) + place) * width);
                rows.Centre(level, places[place], target);
                Add(target, (double*)total + ((long)level * width), width);
            }
        });
    }

    /// <summary>Fills the first rows of a block with one level's tokens.</summary>
    /// <param name="block">float64 [n, d], n at least the number of places.</param>
    /// <param name="states">[B, L, T, d].</param>
    /// <param name="level">Which level.</param>
    /// <param name="places">Which tokens of which examples.</param>
    /// <param name="shift">float64 [L, d].</param>
    public static void FillLevel(Tensor block, Tensor states, int level, (int Example, int Token)[] places, Tensor shift)
    {
        const int Piece = 64;
        var (to, width) = (VectorWork.Address(block), (int)states.shape[3]);
        var rows = new Rows(states, shift);
        VectorWork.InPieces(places.Length, Piece, (_, start, end) =>
        {
            for (var place = start; place < end; place++)
            {
                rows.Centre(level, places[place], (double*)to + (place * width));
            }
        });
    }

    private static void Centre(float* source, double* mean, double* target, int width)
    {
        var i = 0;
        for (; i <= width - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            var (low, high) = Vector512.Widen(Vector512.Load(source + i));
            (low - Vector512.Load(mean + i)).Store(target + i);
            var next = i + Vector512<double>.Count;
            (high - Vector512.Load(mean + next)).Store(target + next);
        }

        for (; i < width; i++)
        {
            target[i] = source[i] - mean[i];
        }
    }

    private static void Centre(double* source, double* mean, double* target, int width)
    {
        var i = 0;
        for (; i <= width - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            (Vector512.Load(source + i) - Vector512.Load(mean + i)).Store(target + i);
        }

        for (; i < width; i++)
        {
            target[i] = source[i] - mean[i];
        }
    }

    private static void Add(double* values, double* sum, int width)
    {
        var i = 0;
        for (; i <= width - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            (Vector512.Load(sum + i) + Vector512.Load(values + i)).Store(sum + i);
        }

        for (; i < width; i++)
        {
            sum[i] += values[i];
        }
    }

    /// <summary>States [B, L, T, d] and what every one of a level is reduced by.</summary>
    private readonly struct Rows(Tensor states, Tensor shift)
    {
        private readonly bool isWide = states.dtype == ScalarType.Float64;
        private readonly nint from = VectorWork.Address(states);
        private readonly nint less = VectorWork.Address(shift);
        private readonly long levels = states.shape[1];
        private readonly long time = states.shape[2];
        private readonly int width = (int)states.shape[3];

        public void Centre(int level, (int Example, int Token) place, double* target)
        {
            var source = ((((place.Example * levels) + level) * time) + place.Token) * width;
            var mean = (double*)less + ((long)level * width);
            if (isWide)
            {
                TokenGathering.Centre((double*)from + source, mean, target, width);
            }
            else
            {
                TokenGathering.Centre((float*)from + source, mean, target, width);
            }
        }
    }
}
