using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoRi.Models.Tensors;

/// <summary>
/// The inner loops of <see cref="FewRowProduct"/>: some rows of inputs times some rows of weights, each sum in one register. A sum adds
/// its inputs in the same order in every tile, so that a row has the same bits alone and beside others.
/// </summary>
/// <typeparam name="TBlock">How the weights are stored.</typeparam>
internal static unsafe class FewRowTiles<TBlock>
    where TBlock : struct, IWeightBlock
{
    private const int Lanes = 16;

    /// <summary>Fills the outputs of four rows of weights for so many rows of inputs.</summary>
    /// <param name="weights">The first of four rows of weights.</param>
    /// <param name="inputs">Values of a row, whole blocks.</param>
    /// <param name="x">The rows of inputs, one behind the other.</param>
    /// <param name="rows">How many.</param>
    /// <param name="image">Where the first output of the first row goes.</param>
    /// <param name="outputs">Values from one row of outputs to the next.</param>
    public static void Fill(byte* weights, int inputs, float* x, int rows, float* image, long outputs)
    {
        var (blocks, row) = (inputs / IWeightBlock.Values, 0);
        if (Vector512.IsHardwareAccelerated)
        {
            for (; row <= rows - 4; row += 4)
            {
                FourByFour(weights, blocks, x + ((long)row * inputs), image + (row * outputs), outputs);
            }
        }

        for (; row <= rows - 2; row += 2)
        {
            float* from = x + ((long)row * inputs), to = image + (row * outputs);
            TwoByTwo(weights, blocks, from, to, outputs);
            TwoByTwo(weights + (2 * blocks * TBlock.Bytes), blocks, from, to + 2, outputs);
        }

        if (row < rows)
        {
            FourByOne(weights, blocks, x + ((long)row * inputs)).Store(image + (row * outputs));
        }
    }

    /// <summary>Four rows of weights, one of inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static Vector128<float> FourByOne(byte* weights, int blocks, float* x)
    {
        var length = blocks * TBlock.Bytes;
        byte* a = weights, b = a + length, c = b + length, d = c + length;
        Vector512<float> sumA = default, sumB = default, sumC = default, sumD = default;
        for (var i = 0; i < blocks; i++)
        {
            var at = i * TBlock.Bytes;
            Expect(a + at, length);
            var (first, second) = (Vector512.Load(x), Vector512.Load(x + Lanes));
            TBlock.Widen(a + at, out var a1, out var a2);
            sumA = Vector512.FusedMultiplyAdd(a2, second, Vector512.FusedMultiplyAdd(a1, first, sumA));
            TBlock.Widen(b + at, out var b1, out var b2);
            sumB = Vector512.FusedMultiplyAdd(b2, second, Vector512.FusedMultiplyAdd(b1, first, sumB));
            TBlock.Widen(c + at, out var c1, out var c2);
            sumC = Vector512.FusedMultiplyAdd(c2, second, Vector512.FusedMultiplyAdd(c1, first, sumC));
            TBlock.Widen(d + at, out var d1, out var d2);
            sumD = Vector512.FusedMultiplyAdd(d2, second, Vector512.FusedMultiplyAdd(d1, first, sumD));
            x += IWeightBlock.Values;
        }

        return Sums(sumA, sumB, sumC, sumD);
    }

    /// <summary>Two rows of weights, two of inputs: eight sums of half the length, where vectors have 256 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoByTwo(byte* weights, int blocks, float* x, float* image, long outputs)
    {
        var length = blocks * TBlock.Bytes;
        byte* a = weights, b = a + length;
        var y = x + (blocks * IWeightBlock.Values);
        Vector512<float> ax = default, bx = default, ay = default, by = default;
        for (var i = 0; i < blocks; i++)
        {
            Expect(a, length);
            TBlock.Widen(a, out var a1, out var a2);
            TBlock.Widen(b, out var b1, out var b2);
            Vector512<float> x1 = Vector512.Load(x), y1 = Vector512.Load(y);
            ax = Vector512.FusedMultiplyAdd(a1, x1, ax);
            bx = Vector512.FusedMultiplyAdd(b1, x1, bx);
            ay = Vector512.FusedMultiplyAdd(a1, y1, ay);
            by = Vector512.FusedMultiplyAdd(b1, y1, by);
            Vector512<float> x2 = Vector512.Load(x + Lanes), y2 = Vector512.Load(y + Lanes);
            ax = Vector512.FusedMultiplyAdd(a2, x2, ax);
            bx = Vector512.FusedMultiplyAdd(b2, x2, bx);
            ay = Vector512.FusedMultiplyAdd(a2, y2, ay);
            by = Vector512.FusedMultiplyAdd(b2, y2, by);
            a += TBlock.Bytes;
            b += TBlock.Bytes;
            x += IWeightBlock.Values;
            y += IWeightBlock.Values;
        }

        var sums = Sums(ax, bx, ay, by);
        sums.GetLower().Store(image);
        sums.GetUpper().Store(image + outputs);
    }

    /// <summary>Four rows of weights, four of inputs: sixteen sums, the half of the registers of 512 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourByFour(byte* weights, int blocks, float* x, float* image, long outputs)
    {
        var (length, inputs) = (blocks * TBlock.Bytes, blocks * IWeightBlock.Values);
        byte* a = weights, b = a + length, c = b + length, d = c + length;
        Vector512<float> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        Vector512<float> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        for (var i = 0; i < blocks; i++)
        {
            Expect(a, length);
            TBlock.Widen(a, out var wa, out var va);
            TBlock.Widen(b, out var wb, out var vb);
            TBlock.Widen(c, out var wc, out var vc);
            TBlock.Widen(d, out var wd, out var vd);
            Add(x, wa, wb, wc, wd, ref a0, ref b0, ref c0, ref d0);
            Add(x + Lanes, va, vb, vc, vd, ref a0, ref b0, ref c0, ref d0);
            Add(x + inputs, wa, wb, wc, wd, ref a1, ref b1, ref c1, ref d1);
            Add(x + inputs + Lanes, va, vb, vc, vd, ref a1, ref b1, ref c1, ref d1);
            Add(x + (2 * inputs), wa, wb, wc, wd, ref a2, ref b2, ref c2, ref d2);
            Add(x + (2 * inputs) + Lanes, va, vb, vc, vd, ref a2, ref b2, ref c2, ref d2);
            Add(x + (3 * inputs), wa, wb, wc, wd, ref a3, ref b3, ref c3, ref d3);
            Add(x + (3 * inputs) + Lanes, va, vb, vc, vd, ref a3, ref b3, ref c3, ref d3);
            a += TBlock.Bytes;
            b += TBlock.Bytes;
            c += TBlock.Bytes;
            d += TBlock.Bytes;
            x += IWeightBlock.Values;
        }

        Sums(a0, b0, c0, d0).Store(image);
        Sums(a1, b1, c1, d1).Store(image + outputs);
        Sums(a2, b2, c2, d2).Store(image + (2 * outputs));
        Sums(a3, b3, c3, d3).Store(image + (3 * outputs));
    }

    /// <summary>Asks for the weights that the next four rows have in the same place: their reading goes on while sums are made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Expect(byte* weights, int length)
    {
        if (Sse.IsSupported)
        {
            for (var row = 4; row < 8; row++)
            {
                for (var line = 0; line < TBlock.Bytes; line += 64)
                {
                    Sse.Prefetch0(weights + (row * length) + line);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(
        float* x, Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, ref Vector512<float> sumA,
        ref Vector512<float> sumB, ref Vector512<float> sumC, ref Vector512<float> sumD)
    {
        var values = Vector512.Load(x);
        sumA = Vector512.FusedMultiplyAdd(a, values, sumA);
        sumB = Vector512.FusedMultiplyAdd(b, values, sumB);
        sumC = Vector512.FusedMultiplyAdd(c, values, sumC);
        sumD = Vector512.FusedMultiplyAdd(d, values, sumD);
    }

    /// <summary>The sums over the lanes of four vectors: halves are added until four lanes are left, which are added across.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector128<float> p = Quarter(a), q = Quarter(b), r = Quarter(c), s = Quarter(d);
        return Vector128.Create(Vector128.Sum(p), Vector128.Sum(q), Vector128.Sum(r), Vector128.Sum(s));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Quarter(Vector512<float> sum)
    {
        var half = sum.GetLower() + sum.GetUpper();
        return half.GetLower() + half.GetUpper();
    }
}
