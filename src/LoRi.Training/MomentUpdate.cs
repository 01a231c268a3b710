using System.Runtime.Intrinsics;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training;

/// <summary>
/// One update of AdamW (Loshchilov and Hutter 2019) on a run of values: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
/// w = (1 - rate decay) w - rate / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon), with g times the factor that clips it.
/// </summary>
/// <param name="Settings">The optimizer's settings.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="Clip">What gradients are multiplied by.</param>
/// <param name="Number">The number of the update, t, from 1.</param>
internal readonly unsafe record struct MomentUpdate(OptimizerSettings Settings, double Rate, double Clip, int Number)
{
    private const int Lanes = 16, PieceValues = 1 << 14;

    /// <summary>Decay of the values.</summary>
    public double Decay { get; init; }

    private double Step => Rate / (1 - System.Math.Pow(Settings.Beta1, Number));

    private double Root => System.Math.Sqrt(1 - System.Math.Pow(Settings.Beta2, Number));

    /// <summary>By libtorch, operation after operation, in the tensors' type. Shapes: all [n].</summary>
    public void Plain(Tensor values, Tensor gradient, Tensor first, Tensor second)
    {
        var clipped = Clip == 1 ? gradient : gradient.Times(Clip);
        first.Multiply(Settings.Beta1).IncreaseBy(clipped, 1 - Settings.Beta1);
        second.Multiply(Settings.Beta2).IncreaseByProduct(clipped, clipped, 1 - Settings.Beta2);
        if (Decay != 0)
        {
            values.Multiply(1 - (Rate * Decay));
        }

        values.IncreaseByQuotient(first, second.sqrt().Divide(Root).Increase(Settings.Epsilon), -Step);
    }

    /// <summary>The same of float32 on the CPU in one reading, whose order changes no bit: no value depends on another.</summary>
    public void Fused(Tensor values, Tensor gradient, Tensor first, Tensor second)
    {
        var (count, update) = ((int)values.numel(), new Factors(this));
        fixed (byte* w = values.bytes, g = gradient.bytes, m = first.bytes, v = second.bytes)
        {
            var (atW, atG, atM, atV) = ((nint)w, (nint)g, (nint)m, (nint)v);
            VectorWork.InPieces(count, PieceValues, (_, start, end) => update.Run(
                (float*)atW + start, (float*)atG + start, (float*)atM + start, (float*)atV + start, (int)(end - start)));
        }
    }

    /// <summary>The numbers of an update, in float32.</summary>
    private readonly struct Factors(MomentUpdate update)
    {
        private readonly float clip = (float)update.Clip;
        private readonly float keptFirst = (float)update.Settings.Beta1;
        private readonly float newFirst = (float)(1 - update.Settings.Beta1);
        private readonly float keptSecond = (float)update.Settings.Beta2;
        private readonly float newSecond = (float)(1 - update.Settings.Beta2);
        private readonly float kept = (float)(1 - (update.Rate * update.Decay));
        private readonly float root = (float)update.Root;
        private readonly float epsilon = (float)update.Settings.Epsilon;
        private readonly float step = (float)-update.Step;

        public void Run(float* w, float* g, float* m, float* v, int count)
        {
            var i = 0;
            for (; i <= count - Lanes; i += Lanes)
            {
                var slope = Vector512.Load(g + i) * clip;
                var first = Vector512.FusedMultiplyAdd(slope, Vector512.Create(newFirst), Vector512.Load(m + i) * keptFirst);
                var second = Vector512.FusedMultiplyAdd(slope * newSecond, slope, Vector512.Load(v + i) * keptSecond);
                var over = (Vector512.Sqrt(second) / root) + Vector512.Create(epsilon);
                Vector512.FusedMultiplyAdd(first / over, Vector512.Create(step), Vector512.Load(w + i) * kept).Store(w + i);
                first.Store(m + i);
                second.Store(v + i);
            }

            for (; i < count; i++)
            {
                var slope = g[i] * clip;
                m[i] = float.FusedMultiplyAdd(slope, newFirst, m[i] * keptFirst);
                v[i] = float.FusedMultiplyAdd(slope * newSecond, slope, v[i] * keptSecond);
                var over = (float.Sqrt(v[i]) / root) + epsilon;
                w[i] = float.FusedMultiplyAdd(m[i] / over, step, w[i] * kept);
            }
        }
    }
}
