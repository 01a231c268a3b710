using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>
/// Arithmetic of tensors and numbers that is safe beside other threads. TorchSharp hands a number to libtorch as an object with a
/// finalizer and lets go of it before libtorch has read it (<c>x * 2.0</c>, <c>x.add(1)</c>, even <c>x + y</c>, whose second
/// operand is multiplied by a number 1). A garbage collection that another thread sets off in between frees the number, and the
/// result is silently wrong. Here each number is held until the call has returned.
/// </summary>
internal static class HeldScalars
{
    private static readonly Scalar Zero = 0L.ToScalar();
    private static readonly Scalar One = 1L.ToScalar();

    /// <summary>x + y</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x + number</summary>
    public static Tensor Plus(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.add(held, One);
    }

    /// <summary>number * x</summary>
    public static Tensor Times(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.mul(held);
    }

    /// <summary>x / number</summary>
    public static Tensor Over(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.div(held);
    }

    /// <summary>x where it is at least <paramref name="number"/>, else that.</summary>
    public static Tensor AtLeast(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.clamp_min(held);
    }

    /// <summary>x, with <paramref name="number"/> where <paramref name="mask"/> is true.</summary>
    public static Tensor Filled(this Tensor x, Tensor mask, double number)
    {
        using var held = number.ToScalar();
        return x.masked_fill(mask, held);
    }

    /// <summary>x * x, which <c>square</c> computes as a power with a number 2.</summary>
    public static Tensor Squared(this Tensor x) => x.mul(x);

    /// <summary>Sets every element.</summary>
    public static Tensor FillWith(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.fill_(held);
    }

    /// <summary>x = x + number, in place.</summary>
    public static Tensor Increase(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.add_(held, One);
    }

    /// <summary>x = x + number * y, in place.</summary>
    public static Tensor IncreaseBy(this Tensor x, Tensor y, double number)
    {
        using var held = number.ToScalar();
        return x.add_(y, held);
    }

    /// <summary>Adds rows [n, ..] to those of x that ids [n] name, in place; an id may come several times.</summary>
    public static Tensor IncreaseRows(this Tensor x, Tensor ids, Tensor rows) => x.index_add_(0, ids, rows, One);

    /// <summary>x = number * x, in place.</summary>
    public static Tensor Multiply(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.mul_(held);
    }

    /// <summary>x = x / number, in place.</summary>
    public static Tensor Divide(this Tensor x, double number)
    {
        using var held = number.ToScalar();
        return x.div_(held);
    }

    /// <summary>x = x + number * y * z, in place.</summary>
    public static Tensor IncreaseByProduct(this Tensor x, Tensor y, Tensor z, double number)
    {
        using var held = number.ToScalar();
        return x.addcmul_(y, z, held);
    }

    /// <summary>x = x + number * y / z, in place.</summary>
    public static Tensor IncreaseByQuotient(this Tensor x, Tensor y, Tensor z, double number)
    {
        using var held = number.ToScalar();
        return x.addcdiv_(y, z, held);
    }

    /// <summary>0, 1, .. as many as asked for. Shape: [count].</summary>
    public static Tensor Counting(long count, ScalarType type, Device device)
    {
        using var held = count.ToScalar();
        return arange(Zero, held, One, dtype: type, device: device);
    }
}
