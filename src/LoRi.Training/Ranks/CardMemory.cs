using LoRi.Models.Native;
using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>Where a tensor's values lie, on whatever device.</summary>
/// <param name="Address">Where they begin.</param>
/// <param name="Bytes">How many bytes they have.</param>
internal readonly record struct CardMemory(nint Address, long Bytes)
{
    private static readonly nint data = NativeRuntime.TensorFunction("THSTensor_data");

    /// <summary>The memory of a contiguous tensor, which the caller must hold as long as this is used; none where it is null.</summary>
    public static unsafe CardMemory Of(Tensor? values)
    {
        if (values is null)
        {
            return default;
        }

        if (!values.is_contiguous())
        {
            throw new ArgumentException("the values do not lie one after the other", nameof(values));
        }

        return new CardMemory(((delegate* unmanaged<nint, nint>)data)(values.Handle), values.numel() * values.ElementSize);
    }
}
