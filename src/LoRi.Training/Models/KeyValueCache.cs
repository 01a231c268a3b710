using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Training.Models;

/// <summary>
/// Keys and values of every block so far, each [B, key/value heads, P, head size]. Immutable: a pass makes a new cache by
/// concatenation, so a graph can be differentiated through every step that used it.
/// </summary>
public sealed class KeyValueCache
{
    private readonly Tensor[] keys;
    private readonly Tensor[] values;

    internal KeyValueCache(Tensor[] keys, Tensor[] values)
    {
        (this.keys, this.values) = (keys, values);
    }

    /// <summary>Positions held, padding included.</summary>
    public long Length => keys[0].shape[2];

    internal (Tensor Keys, Tensor Values) this[int layer] => (keys[layer], values[layer]);

    /// <summary>Every tensor of the cache, for moving it between dispose scopes.</summary>
    public IEnumerable<Tensor> Tensors => keys.Concat(values);
}
