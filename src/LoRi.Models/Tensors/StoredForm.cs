using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>A form in which rows of weights are stored, with the loops that read it.</summary>
internal abstract unsafe class StoredForm
{
    /// <summary>Neighbouring weights that a form stores together; a row has a multiple of them.</summary>
    public const int BlockValues = IWeightBlock.Values;

    /// <summary>float32.</summary>
    public static readonly StoredForm Single = new Of<SingleBlock>("F32");

    /// <summary>bfloat16.</summary>
    public static readonly StoredForm Brain = new Of<BrainBlock>("BF16");

    /// <summary>float16.</summary>
    public static readonly StoredForm Half = new Of<HalfBlock>("F16");

    /// <summary>Signed bytes with a float16 scale for each block, as GGUF's Q8_0.</summary>
    public static readonly StoredForm EightBit = new Of<EightBitBlock>("Q8_0");

    private static readonly StoredForm[] Known =
        [Single, Brain, Half, EightBit, new Of<FourBitBlock>("Q4_0"), new Of<FourBitOffsetBlock>("Q4_1")];

    private StoredForm(string name, int blockBytes) => (Name, BlockBytes) = (name, blockBytes);

    /// <summary>Its name in files.</summary>
    public string Name { get; }

    /// <summary>Bytes of a block.</summary>
    public int BlockBytes { get; }

    /// <summary>The form of a file's element type; null where products do not read it.</summary>
    public static StoredForm? Find(string dtype) => Array.Find(Known, form => form.Name == dtype);

    /// <summary>Bytes of a row of so many weights.</summary>
    public int RowBytes(int values) => values / BlockValues * BlockBytes;

    /// <summary>Fills outputs of an image, as <see cref="FewRowProduct.Fill"/>.</summary>
    public abstract void Multiply(byte* weights, long outputs, Tensor x, Tensor image, long first);

    /// <summary>Writes blocks as float32.</summary>
    public abstract void Widen(byte* weights, int blocks, float* values);

    /// <summary>Whether no weight of these blocks is NaN or infinite.</summary>
    public abstract bool AreFinite(byte* weights, int blocks);

    private sealed class Of<TBlock>(string name) : StoredForm(name, TBlock.Bytes)
        where TBlock : struct, IWeightBlock
    {
        public override void Multiply(byte* weights, long outputs, Tensor x, Tensor image, long first) =>
            FewRowProduct.Fill<TBlock>(weights, outputs, x, image, first);

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public override void Widen(byte* weights, int blocks, float* values)
        {
            for (var block = 0; block < blocks; block++)
            {
                TBlock.Widen(weights, out var first, out var second);
                first.Store(values);
                second.Store(values + Vector512<float>.Count);
                weights += TBlock.Bytes;
                values += BlockValues;
            }
        }

        public override bool AreFinite(byte* weights, int blocks)
        {
            for (var block = 0; block < blocks; block++)
            {
                if (!TBlock.IsFinite(weights + ((long)block * TBlock.Bytes)))
                {
                    return false;
                }
            }

            return true;
        }
    }
}
