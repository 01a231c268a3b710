using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// Log-likelihoods of tokens under float32 logits on the CPU, widened to float64 in registers: a row is read once for its largest value,
/// once for its sum and, where slopes are asked for, once for these.
/// </summary>
internal static unsafe class LikelihoodRows
{
    private const int Lanes = 16;

    /// <summary>Fills the logarithms of the tokens' probabilities and the slopes of their negative.</summary>
    /// <param name="logits">float32 [n, V], one row after the other.</param>
    /// <param name="ids">int64 [n].</param>
    /// <param name="logs">float64 [n].</param>
    /// <param name="slopes">float32 [n, V]: the probabilities, less one at each token's own; null where none are asked for.</param>
    public static void Fill(Tensor logits, Tensor ids, Tensor logs, Tensor? slopes)
    {
        var (rows, columns) = ((int)logits.shape[0], (int)logits.shape[1]);
        CheckIds(ids.data<long>().ToArray(), columns);
        fixed (byte* from = logits.bytes, which = ids.bytes, to = logs.bytes, down = slopes is null ? default : slopes.bytes)
        {
            var (values, tokens, results, gradient) = ((nint)from, (nint)which, (nint)to, (nint)down);
            VectorWork.InParallel(rows, row =>
            {
                var (place, id) = ((long)row * columns, ((long*)tokens)[row]);
                var read = new Row((float*)values + place, columns);
                ((double*)results)[row] = read.LogOf(id);
                if (gradient != 0)
                {
                    read.Slopes(id, (float*)gradient + place);
                }
            });
        }
    }

    /// <summary>An id beyond the row would be read and written elsewhere in memory.</summary>
    private static void CheckIds(long[] ids, int columns)
    {
        if (Array.Exists(ids, id => (ulong)id >= (ulong)columns))
        {
            throw new ArgumentOutOfRangeException(
                nameof(ids), $"the token {Array.Find(ids, id => (ulong)id >= (ulong)columns)} is none of the {columns} that have logits");
        }
    }

    private readonly struct Row
    {
        private readonly float* logits;
        private readonly int count;
        private readonly double largest;
        private readonly double total;

        public Row(float* logits, int count)
        {
            this.logits = logits;
            this.count = count;
            largest = VectorRows.Largest(logits, count);
            total = Total();
        }

        public double LogOf(long id) => logits[id] - largest - double.Log(total);

        public void Slopes(long id, float* slopes)
        {
            var i = 0;
            for (; i <= count - Lanes; i += Lanes)
            {
                var (low, high) = Exponentials(i);
                Vector512.Narrow(low / total, high / total).Store(slopes + i);
            }

            for (; i < count; i++)
            {
                slopes[i] = (float)(double.Exp(logits[i] - largest) / total);
            }

            slopes[id] = (float)((double.Exp(logits[id] - largest) / total) - 1);
        }

        private double Total()
        {
            Vector512<double> lower = default, upper = default;
            var i = 0;
            for (; i <= count - Lanes; i += Lanes)
            {
                var (low, high) = Exponentials(i);
                lower += low;
                upper += high;
            }

            var sum = Vector512.Sum(lower + upper);
            for (; i < count; i++)
            {
                sum += double.Exp(logits[i] - largest);
            }

            return sum;
        }

        private (Vector512<double> Low, Vector512<double> High) Exponentials(int i)
        {
            var (low, high) = Vector512.Widen(Vector512.Load(logits + i));
            var shift = Vector512.Create(largest);
            return (Vector512.Exp(low - shift), Vector512.Exp(high - shift));
        }
    }
}
