using System.Numerics;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LoRi.Models.Tensors;

/// <summary>The memory of one pass through the attention of one block. A query sees visible keys before it, and itself.</summary>
/// <param name="Shape">The heads.</param>
/// <param name="Heads">Turned queries, keys and values of the new positions, [B T, width].</param>
/// <param name="Keys">Keys so far, [B, key heads, capacity, size]: capacity is how many positions there is room for.</param>
/// <param name="Values">Values so far, in the same shape.</param>
/// <param name="Visible">Bool [B, P + T], true where a key is a real token; null where all are.</param>
internal sealed record HeadMemory(HeadShape Shape, Tensor Heads, Tensor Keys, Tensor Values, Tensor? Visible);

/// <summary>
/// Scaled dot-product attention, softmax(Q K^T / sqrt(size)) V, and its slopes, over keys that lie where every pass added its own; float32
/// or float64 on the CPU, for short sequences.
/// </summary>
/// <typeparam name="T">The type of the values.</typeparam>
internal readonly unsafe struct HeadAttention<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly HeadShape shape;
    private readonly long capacity;
    private readonly T scale;
    private readonly T* heads;
    private readonly T* keys;
    private readonly T* values;
    private readonly byte* visible;

    /// <summary>Reads the memory of a pass, which the caller holds.</summary>
    public HeadAttention(HeadMemory memory)
    {
        (shape, capacity) = (memory.Shape, memory.Keys.shape[2]);
        scale = T.One / T.Sqrt(T.CreateTruncating(shape.Size));
        heads = (T*)VectorWork.Address(memory.Heads);
        keys = (T*)VectorWork.Address(memory.Keys);
        values = (T*)VectorWork.Address(memory.Values);
        visible = memory.Visible is null ? null : (byte*)VectorWork.Address(memory.Visible);
    }

    /// <summary>Adds the keys and values of the new positions to those so far.</summary>
    public void Append()
    {
        var self = this;
        VectorWork.InParallel(shape.Batch, row =>
        {
            for (var time = 0; time < self.shape.Time; time++)
            {
                for (var head = 0; head < self.shape.Keys; head++)
                {
                    var own = self.OwnKey(row, time, head);
                    var place = self.Place(row, head, self.shape.Past + time);
                    VectorRows.Copy(own, self.keys + place, self.shape.Size);
                    VectorRows.Copy(own + ((long)self.shape.Keys * self.shape.Size), self.values + place, self.shape.Size);
                }
            }
        });
    }

    /// <summary>What queries gather, and the shares that they gave to keys.</summary>
    /// <param name="type">That of the values.</param>
    /// <param name="keepsShares">Whether the shares are kept for the way back.</param>
    /// <returns>[B T, query heads times size], and [B, query heads, T, share stride], or null where they are not kept.</returns>
    public (Tensor Mixed, Tensor? Shares) Forward(ScalarType type, bool keepsShares)
    {
        var mixed = empty([shape.Rows, (long)shape.Queries * shape.Size], type);
        var shares = keepsShares ? empty([shape.Batch, shape.Queries, shape.Time, shape.ShareStride], type) : null;
        var (self, to, given) = (this, VectorWork.Address(mixed), shares is null ? 0 : VectorWork.Address(shares));
        VectorWork.InParallel(shape.Batch * shape.Keys, piece => self.ForEachQuery(piece, (row, head, time) =>
            self.Gather(row, head, time, given, (T*)to + self.Mixed(row, head, time))));
        return (mixed, shares);
    }

    /// <summary>Slopes of the turned queries, keys and values of the new positions, which every later pass has added its own to.</summary>
    /// <param name="shares">The shares of the forward pass; null to compute them again.</param>
    /// <param name="mixed">Slopes of what queries gathered, [B T, query heads times size].</param>
    /// <param name="keySlopes">Slopes of all keys, in their shape; added to.</param>
    /// <param name="valueSlopes">Slopes of all values, in their shape; added to.</param>
    /// <returns>[B T, width].</returns>
    public Tensor Backward(Tensor? shares, Tensor mixed, Tensor keySlopes, Tensor valueSlopes)
    {
        var result = zeros([shape.Rows, shape.Width], mixed.dtype);
        var (self, given) = (this, shares is null ? 0 : VectorWork.Address(shares));
        var (down, to) = (VectorWork.Address(mixed), VectorWork.Address(result));
        var (ofKeys, ofValues) = (VectorWork.Address(keySlopes), VectorWork.Address(valueSlopes));
        VectorWork.InParallel(shape.Batch * shape.Keys, piece =>
        {
            self.ForEachQuery(piece, (row, head, time) => self.Spread(
                row, head, time, given, (T*)down + self.Mixed(row, head, time),
                (T*)to + self.Query(row, time, head), (ofKeys, ofValues)));
            self.TakeOwn(piece, (T*)ofKeys, (T*)ofValues, (T*)to);
        });
        return result;
    }

    private void ForEachQuery(int piece, Action<int, int, int> work)
    {
        var (row, key) = int.DivRem(piece, shape.Keys);
        for (var head = key * shape.Group; head < (key + 1) * shape.Group; head++)
        {
            for (var time = 0; time < shape.Time; time++)
            {
                work(row, head, time);
            }
        }
    }

    private void Gather(int row, int head, int time, nint kept, T* mixed)
    {
        var (count, size) = (shape.Past + time + 1, shape.Size);
        var start = Place(row, head / shape.Group, 0);
        var scratch = stackalloc T[kept == 0 ? shape.ShareStride : 1];
        var shares = kept == 0 ? scratch : (T*)kept + Share(row, head, time);
        FillShares(row, head, time, shares);
        new Span<T>(mixed, size).Clear();
        for (var key = 0; key < count; key++)
        {
            VectorRows.AddScaled(mixed, values + start + ((long)key * size), shares[key], size);
        }
    }

    private void FillShares(int row, int head, int time, T* shares)
    {
        var (count, size) = (shape.Past + time + 1, shape.Size);
        var query = heads + Query(row, time, head);
        var start = Place(row, head / shape.Group, 0);
        for (var key = 0; key < count; key++)
        {
            shares[key] = IsSeen(row, key, count)
                ? VectorRows.Dot(query, keys + start + ((long)key * size), size) * scale
                : T.NegativeInfinity;
        }

        new Span<T>(shares + count, shape.ShareStride - count).Fill(T.NegativeInfinity);
        Normalise(shares, shape.ShareStride);
    }

    /// <summary>With p the shares and dp = dy V': ds = p (dp - sum p dp) / sqrt(size); dq = ds K, dk = ds' q, dv = p' dy.</summary>
    private void Spread(int row, int head, int time, nint kept, T* slopes, T* toQuery, (nint Keys, nint Values) sums)
    {
        var (count, size) = (shape.Past + time + 1, shape.Size);
        var query = heads + Query(row, time, head);
        var start = Place(row, head / shape.Group, 0);
        var scratch = stackalloc T[kept == 0 ? shape.ShareStride : 1];
        var shares = kept == 0 ? scratch : (T*)kept + Share(row, head, time);
        if (kept == 0)
        {
            FillShares(row, head, time, shares);
        }

        var ofShares = stackalloc T[count];
        var shared = T.Zero;
        for (var key = 0; key < count; key++)
        {
            ofShares[key] = VectorRows.Dot(slopes, values + start + ((long)key * size), size);
            shared += shares[key] * ofShares[key];
        }

        for (var key = 0; key < count; key++)
        {
            if (shares[key] != T.Zero)
            {
                var (place, slope) = (start + ((long)key * size), shares[key] * (ofShares[key] - shared) * scale);
                VectorRows.AddScaled(toQuery, keys + place, slope, size);
                VectorRows.AddScaled((T*)sums.Keys + place, query, slope, size);
                VectorRows.AddScaled((T*)sums.Values + place, slopes, shares[key], size);
            }
        }
    }

    /// <summary>The slopes of the keys and values of the new positions are complete: no pass before this one sees them.</summary>
    private void TakeOwn(int piece, T* ofKeys, T* ofValues, T* to)
    {
        var (row, head) = int.DivRem(piece, shape.Keys);
        for (var time = 0; time < shape.Time; time++)
        {
            var place = Place(row, head, shape.Past + time);
            var key = to + Query(row, time, shape.Queries + head);
            VectorRows.Copy(ofKeys + place, key, shape.Size);
            VectorRows.Copy(ofValues + place, key + ((long)shape.Keys * shape.Size), shape.Size);
        }
    }

    private bool IsSeen(int row, int key, int count) =>
        visible == null || key == count - 1 || visible[((long)row * shape.Seen) + key] != 0;

    private static void Normalise(T* scores, int count)
    {
        var most = VectorRows.Largest(scores, count);
        var sum = Vector512<T>.Zero;
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            var share = VectorRows.Exponential(Vector512.Load(scores + i) - Vector512.Create(most));
            sum += share;
            share.Store(scores + i);
        }

        var factor = T.One / Vector512.Sum(sum);
        for (var i = 0; i < count; i += Vector512<T>.Count)
        {
            (Vector512.Load(scores + i) * factor).Store(scores + i);
        }
    }

    private long Query(int row, int time, int head) =>
        ((((long)row * shape.Time) + time) * shape.Width) + ((long)head * shape.Size);

    private T* OwnKey(int row, int time, int head) => heads + Query(row, time, shape.Queries + head);

    private long Place(int row, int head, int position) =>
        ((((((long)row * shape.Keys) + head) * capacity) + position) * shape.Size);

    private long Share(int row, int head, int time) =>
        ((((((long)row * shape.Queries) + head) * shape.Time) + time) * shape.ShareStride);

    private long Mixed(int row, int head, int time) =>
        ((((long)row * shape.Time) + time) * shape.Queries * shape.Size) + ((long)head * shape.Size);
}
