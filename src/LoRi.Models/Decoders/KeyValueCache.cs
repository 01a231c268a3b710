using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// Keys and values of every block so far, each [B, key/value heads, P, head size]. What a cache shows never changes: a pass makes
/// a new one. Where gradients are recorded it concatenates, so that a graph can be differentiated through every step; elsewhere
/// it writes into spare room behind the old one's tensors, which only the newest cache of a chain may do.
/// </summary>
public sealed class KeyValueCache
{
    private readonly Lazy<(Tensor[] Keys, Tensor[] Values)> blocks;
    private readonly Room? room;

    internal KeyValueCache(Tensor[] keys, Tensor[] values, Room? room)
    {
        (blocks, Length, this.room) = (new((keys, values)), keys[0].shape[2], room);
    }

    /// <summary>The first positions of a chain of passes whose way back is written out.</summary>
    internal KeyValueCache(TapedKeys taped, int length)
    {
        (Taped, Length, blocks) = (taped, length, new(() => taped.Expose(length)));
    }

    /// <summary>A cache of one block among others, whose keys and values no one reads.</summary>
    internal static KeyValueCache OfBlock(int layers, int layer, Tensor keys, Tensor values)
    {
        var (all, allValues) = (new Tensor[layers], new Tensor[layers]);
        (all[layer], allValues[layer]) = (keys, values);
        return new KeyValueCache(new((all, allValues)), keys.shape[2]);
    }

    private KeyValueCache(Lazy<(Tensor[] Keys, Tensor[] Values)> blocks, long length) => (this.blocks, Length) = (blocks, length);

    /// <summary>Positions held, padding included.</summary>
    public long Length { get; }

    /// <summary>Every tensor of the cache, for moving it between dispose scopes.</summary>
    public IEnumerable<Tensor> Tensors => blocks.Value.Keys.Concat(blocks.Value.Values);

    /// <summary>Where a pass whose way back is written out adds its own; null where autograd's is taken.</summary>
    internal TapedKeys? Taped { get; }

    /// <summary>How the next pass, of <paramref name="time"/> positions, is to be added.</summary>
    internal Growth Grow(long time)
    {
        if (is_grad_enabled())
        {
            return new Growth(this, null, false);
        }

        var total = Length + time;
        return room is not null && room.Filled == Length && total <= room.Capacity
            ? new Growth(this, room, true)
            : new Growth(this, new Room(total + System.Math.Max(Room.Least, total / 2)), false);
    }

    /// <summary>Positions that the tensors of a chain of caches have storage for, and how many the newest of them shows.</summary>
    internal sealed class Room(long capacity)
    {
        public const long Least = 32;

        public long Capacity { get; } = capacity;

        public long Filled { get; set; }
    }

    /// <summary>One pass's addition to a cache.</summary>
    internal sealed class Growth(KeyValueCache past, Room? room, bool inPlace)
    {
        /// <summary>Keys and values of one block with the new ones [B, heads, T, size] at the end.</summary>
        public (Tensor Keys, Tensor Values) Append(int layer, Tensor newKeys, Tensor newValues) =>
            (Append(past.blocks.Value.Keys[layer], newKeys), Append(past.blocks.Value.Values[layer], newValues));

        /// <summary>The new cache, when every block has been added.</summary>
        public KeyValueCache With(Tensor[] keys, Tensor[] values)
        {
            if (room is not null)
            {
                room.Filled = keys[0].shape[2];
            }

            return new KeyValueCache(keys, values, room);
        }

        private Tensor Append(Tensor old, Tensor added)
        {
            if (room is null)
            {
                return cat([old, added], 2);
            }

            var shape = old.shape;
            var (length, time) = (shape[2], added.shape[2]);
            long[] longer = [shape[0], shape[1], length + time, shape[3]];
            Tensor whole;
            if (inPlace)
            {
                whole = old.as_strided(longer, old.stride(), old.storage_offset());
            }
            else
            {
                whole = empty([shape[0], shape[1], room.Capacity, shape[3]], old.dtype, old.device).narrow(2, 0, length + time);
                whole.narrow(2, 0, length).copy_(old);
            }

            whole.narrow(2, length, time).copy_(added);
            return whole;
        }
    }
}
