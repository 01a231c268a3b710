using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LoRi.Models.Tensors;

/// <summary>Arithmetic on runs of float32 or float64 values in memory, in vectors as far as these reach.</summary>
internal static unsafe class VectorRows
{
    /// <summary>a b + c</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Fused<T>(Vector512<T> a, Vector512<T> b, Vector512<T> c) =>
        typeof(T) == typeof(float) ? Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).As<float, T>()
            : Vector512.FusedMultiplyAdd(a.AsDouble(), b.AsDouble(), c.AsDouble()).As<double, T>();

    /// <summary>e to the power of each value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Exponential<T>(Vector512<T> x) =>
        typeof(T) == typeof(float) ? Vector512.Exp(x.AsSingle()).As<float, T>() : Vector512.Exp(x.AsDouble()).As<double, T>();

    /// <summary>The sum of a[i] b[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Dot<T>(T* a, T* b, int count)
        where T : unmanaged, INumber<T>
    {
        var (sum, i) = (Vector512<T>.Zero, 0);
        for (; i <= count - Vector512<T>.Count; i += Vector512<T>.Count)
        {
            sum = Fused(Vector512.Load(a + i), Vector512.Load(b + i), sum);
        }

        var total = Vector512.Sum(sum);
        for (; i < count; i++)
        {
            total += a[i] * b[i];
        }

        return total;
    }

    /// <summary>The largest of some values.</summary>
    public static T Largest<T>(T* values, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (largest, i) = (Vector512.Create(T.NegativeInfinity), 0);
        for (; i <= count - Vector512<T>.Count; i += Vector512<T>.Count)
        {
            largest = Vector512.Max(largest, Vector512.Load(values + i));
        }

        var found = T.NegativeInfinity;
        for (var lane = 0; lane < Vector512<T>.Count; lane++)
        {
            found = T.Max(found, largest[lane]);
        }

        for (; i < count; i++)
        {
            found = T.Max(found, values[i]);
        }

        return found;
    }

    /// <summary>y[i] = y[i] + factor x[i]</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled<T>(T* y, T* x, T factor, int count)
        where T : unmanaged, INumber<T>
    {
        var (factors, i) = (Vector512.Create(factor), 0);
        for (; i <= count - Vector512<T>.Count; i += Vector512<T>.Count)
        {
            Fused(Vector512.Load(x + i), factors, Vector512.Load(y + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] += factor * x[i];
        }
    }

    /// <summary>Copies values.</summary>
    public static void Copy<T>(T* from, T* to, int count)
        where T : unmanaged => new ReadOnlySpan<T>(from, count).CopyTo(new Span<T>(to, count));
}
