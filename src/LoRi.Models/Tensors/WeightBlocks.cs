using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LoRi.Models.Tensors;

/// <summary>
/// Thirty-two neighbouring weights of a row as they are stored, and how they become float32 in registers, by the operations that make
/// a float32 of them one by one: products over stored weights have the bits of products over widened ones.
/// </summary>
internal unsafe interface IWeightBlock
{
    /// <summary>Weights of a block, of every kind.</summary>
    public const int Values = 32;

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>The first and the second sixteen of a block's weights, which are finite.</summary>
    static abstract void Widen(byte* block, out Vector512<float> first, out Vector512<float> second);

    /// <summary>Whether none of a block's weights is NaN or infinite.</summary>
    static abstract bool IsFinite(byte* block);
}

/// <summary>float32, as it is.</summary>
internal readonly unsafe struct SingleBlock : IWeightBlock
{
    /// <inheritdoc/>
    public static int Bytes => 128;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* block, out Vector512<float> first, out Vector512<float> second)
    {
        first = Vector512.Load((float*)block);
        second = Vector512.Load((float*)block + 16);
    }

    /// <inheritdoc/>
    public static bool IsFinite(byte* block)
    {
        Widen(block, out var first, out var second);
        return Vector512.EqualsAll((first - first) + (second - second), Vector512<float>.Zero);
    }
}

/// <summary>bfloat16, the upper halves of float32.</summary>
internal readonly unsafe struct BrainBlock : IWeightBlock
{
    /// <inheritdoc/>
    public static int Bytes => 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* block, out Vector512<float> first, out Vector512<float> second)
    {
        first = (WideInteger.Of(Vector256.Load((ushort*)block)) << 16).AsSingle();
        second = (WideInteger.Of(Vector256.Load((ushort*)block + 16)) << 16).AsSingle();
    }

    /// <inheritdoc/>
    public static bool IsFinite(byte* block) => WideInteger.AreFinite((ushort*)block, 0x7F80);
}

/// <summary>float16.</summary>
internal readonly unsafe struct HalfBlock : IWeightBlock
{
    /// <inheritdoc/>
    public static int Bytes => 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* block, out Vector512<float> first, out Vector512<float> second)
    {
        first = WideInteger.Halves(WideInteger.Of(Vector256.Load((short*)block)));
        second = WideInteger.Halves(WideInteger.Of(Vector256.Load((short*)block + 16)));
    }

    /// <inheritdoc/>
    public static bool IsFinite(byte* block) => WideInteger.AreFinite((ushort*)block, WideInteger.HalfExponent);
}

/// <summary>GGUF's Q8_0: a float16 scale and 32 signed bytes.</summary>
internal readonly unsafe struct EightBitBlock : IWeightBlock
{
    /// <inheritdoc/>
    public static int Bytes => 34;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* block, out Vector512<float> first, out Vector512<float> second)
    {
        var scale = WideInteger.Half(block);
        first = Vector512.ConvertToSingle(WideInteger.Of(Vector128.Load((sbyte*)block + 2))) * scale;
        second = Vector512.ConvertToSingle(WideInteger.Of(Vector128.Load((sbyte*)block + 18))) * scale;
    }

    /// <inheritdoc/>
    public static bool IsFinite(byte* block) => WideInteger.IsFiniteHalf(block);
}

/// <summary>GGUF's Q4_0: a float16 scale and 32 numbers from -8 to 7; a byte has one of the first and one of the second sixteen.</summary>
internal readonly unsafe struct FourBitBlock : IWeightBlock
{
    /// <inheritdoc/>
    public static int Bytes => 18;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* block, out Vector512<float> first, out Vector512<float> second)
    {
        var scale = WideInteger.Half(block);
        var pairs = WideInteger.Of(Vector128.Load(block + 2));
        first = Vector512.ConvertToSingle((pairs & Vector512.Create(15)) - Vector512.Create(8)) * scale;
        second = Vector512.ConvertToSingle((pairs >>> 4) - Vector512.Create(8)) * scale;
    }

    /// <inheritdoc/>
    public static bool IsFinite(byte* block) => WideInteger.IsFiniteHalf(block);
}

/// <summary>GGUF's Q4_1: a float16 scale, a float16 least value and 32 numbers from 0 to 15, paired as those of Q4_0.</summary>
internal readonly unsafe struct FourBitOffsetBlock : IWeightBlock
{
    /// <inheritdoc/>
    public static int Bytes => 20;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Widen(byte* block, out Vector512<float> first, out Vector512<float> second)
    {
        var (scale, least) = (WideInteger.Half(block), WideInteger.Half(block + 2));
        var pairs = WideInteger.Of(Vector128.Load(block + 4));
        first = (Vector512.ConvertToSingle(pairs & Vector512.Create(15)) * scale) + least;
        second = (Vector512.ConvertToSingle(pairs >>> 4) * scale) + least;
    }

    /// <inheritdoc/>
    public static bool IsFinite(byte* block) => WideInteger.IsFiniteHalf(block) && WideInteger.IsFiniteHalf(block + 2);
}

/// <summary>Short integers of sixteen neighbours as int32, and float16 as float32.</summary>
internal static unsafe class WideInteger
{
    /// <summary>Two to the power of the difference of the exponents' biases of float32 and float16.</summary>
    private const float HalfUnit = 5192296858534827628530496329220096f;

    /// <summary>The bits of a float16's exponent, all set where it is NaN or infinite.</summary>
    public const ushort HalfExponent = 0x7C00;

    /// <summary>Whether a float16 in memory is neither NaN nor infinite.</summary>
    public static bool IsFiniteHalf(byte* at) => (*(ushort*)at & HalfExponent) != HalfExponent;

    /// <summary>Whether none of 32 numbers of 16 bits has all bits of its exponent set.</summary>
    public static bool AreFinite(ushort* values, ushort exponent)
    {
        var bits = Vector512.Create(exponent);
        return !Vector512.EqualsAny(Vector512.Load(values) & bits, bits);
    }

    /// <summary>Sixteen unsigned shorts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Of(Vector256<ushort> values) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(values)
        : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values)).AsInt32();

    /// <summary>Sixteen signed shorts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Of(Vector256<short> values) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(values)
        : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));

    /// <summary>Sixteen signed bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Of(Vector128<sbyte> values) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(values)
        : Of(Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values)));

    /// <summary>Sixteen unsigned bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Of(Vector128<byte> values) => Avx512F.IsSupported
        ? Avx512F.ConvertToVector512Int32(values)
        : Of(Vector256.Create(Vector128.WidenLower(values), Vector128.WidenUpper(values)));

    /// <summary>A finite float16 in memory, in all lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Half(byte* at) => Halves(Vector512.Create((int)*(short*)at));

    /// <summary>
    /// Finite float16 numbers, given as signed shorts: exponent and fraction are moved into float32's places, the sign into the last, and
    /// the exponent's other bias is a factor, exact for subnormal numbers as well.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Halves(Vector512<int> bits) =>
        ((bits << 13) & Vector512.Create(unchecked((int)0x8FFFE000))).AsSingle() * Vector512.Create(HalfUnit);
}
