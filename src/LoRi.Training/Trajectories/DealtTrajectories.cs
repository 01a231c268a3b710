using System.Text.Json;
using LoRi.Training.Ranks;
using static TorchSharp.torch;

namespace LoRi.Training.Trajectories;

/// <summary>
/// Trajectories that several ranks compute, a batch each at a time. The first rank reads them as if it had computed all, and asks the
/// others for them; these <see cref="Serve"/> it until it says that it has done.
/// </summary>
/// <param name="ranks">The ranks.</param>
/// <param name="own">Computes any of the batches.</param>
/// <param name="size">Rows of a batch.</param>
/// <param name="gradients">Whether they are gradients in place of states.</param>
/// <param name="progress">Told the rows up to each batch that is read.</param>
internal sealed class DealtTrajectories(
    ICommunicator ranks, IBatchedTrajectories own, int size, bool gradients = false, Action<int>? progress = null) : IBatchedTrajectories
{
    private readonly Dictionary<int, TrajectoryBatch> ahead = [];

    /// <inheritdoc/>
    public IReadOnlyList<int[]> Batches => own.Batches;

    /// <inheritdoc/>
    public void ForEach(Action<TrajectoryBatch> use)
    {
        ArgumentNullException.ThrowIfNull(use);
        using var guard = no_grad();
        for (var batch = 0; batch < Batches.Count; batch++)
        {
            using var scope = NewDisposeScope();
            use(Read(batch));
        }
    }

    /// <inheritdoc/>
    public TrajectoryBatch Read(int batch)
    {
        if (!ahead.ContainsKey(batch))
        {
            Compute(batch);
        }

        ahead.Remove(batch, out var kept);
        var shown = kept! with { Trajectories = kept.Trajectories.alias(), Anchors = kept.Anchors.alias() };
        Drop(kept);
        progress?.Invoke((batch * Batches[0].Length) + Batches[batch].Length);
        return shown;
    }

    /// <summary>Makes batches of so many rows each, of gradients in place of states or not, that tell some progress or none.</summary>
    public delegate IBatchedTrajectories Source(int size, bool gradients, Action<int>? progress);

    /// <summary>The batches as the first rank reads them: dealt out to all ranks, or its own where there is no other.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="source">Makes the batches of this rank.</param>
    /// <param name="size">Rows of a batch.</param>
    /// <param name="gradients">Whether they are gradients in place of states.</param>
    /// <param name="progress">Told the rows up to each batch that is read.</param>
    public static IBatchedTrajectories Of(
        ICommunicator ranks, Source source, int size, bool gradients = false, Action<int>? progress = null) => ranks.Size == 1
            ? source(size, gradients, progress)
            : new DealtTrajectories(ranks, source(size, gradients, null), size, gradients, progress);

    /// <summary>Says to the others, where there are any, that the first rank asks for no batch any more.</summary>
    public static void Finish(ICommunicator ranks)
    {
        if (ranks is { IsFirst: true, Size: > 1 })
        {
            Told(ranks, new Asked(0, false, -1));
        }
    }

    /// <summary>Computes what the first rank asks for, until it says that it has done.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="source">Makes the batches of this rank.</param>
    public static void Serve(ICommunicator ranks, Source source)
    {
        var made = new Dictionary<(int Size, bool Gradients), IBatchedTrajectories>();
        while (Told(ranks, null) is { First: >= 0 } asked)
        {
            var key = (asked.Size, asked.Gradients);
            var own = made.TryGetValue(key, out var found) ? found : made[key] = source(asked.Size, asked.Gradients, null);
            using var scope = NewDisposeScope();
            var number = asked.First + ranks.Rank;
            var batch = number < own.Batches.Count ? own.Read(number) : null;
            ranks.Gather(batch is null ? [] : JsonSerializer.SerializeToUtf8Bytes(Shape.Of(batch)));
            if (batch is not null)
            {
                ranks.Send(batch.Trajectories.contiguous().view(-1), 0);
                ranks.Send(batch.Anchors.contiguous().view(-1), 0);
            }
        }
    }

    /// <summary>A batch, and those behind it on the other ranks.</summary>
    private void Compute(int first)
    {
        foreach (var left in ahead.Values)
        {
            Drop(left);
        }

        ahead.Clear();
        Told(ranks, new Asked(size, gradients, first));
        using var scope = NewDisposeScope();
        Keep(first, own.Read(first));
        var shapes = ranks.Gather([]);
        for (var rank = 1; rank < ranks.Size; rank++)
        {
            if (shapes[rank].Length > 0)
            {
                Keep(first + rank, Received(JsonSerializer.Deserialize<Shape>(shapes[rank])!, rank, ahead[first].Trajectories.device));
            }
        }
    }

    private TrajectoryBatch Received(Shape shape, int rank, Device device)
    {
        Tensor From(long[] sizes)
        {
            var flat = empty(sizes.Aggregate(1L, (product, one) => product * one), (ScalarType)shape.Type, device);
            ranks.Receive(flat, rank);
            return flat.view(sizes);
        }

        return new TrajectoryBatch(shape.Rows, From(shape.Trajectories), shape.Lengths, From(shape.Anchors));
    }

    private void Keep(int number, TrajectoryBatch batch)
    {
        batch.Trajectories.DetachFromDisposeScope();
        batch.Anchors.DetachFromDisposeScope();
        ahead.Add(number, batch);
    }

    private static void Drop(TrajectoryBatch batch)
    {
        batch.Trajectories.Dispose();
        batch.Anchors.Dispose();
    }

    /// <summary>What the first rank tells, for which it may be waited for long.</summary>
    private static Asked Told(ICommunicator ranks, Asked? own)
    {
        ranks.Wait();
        return JsonSerializer.Deserialize<Asked>(ranks.Gather(own is null ? [] : JsonSerializer.SerializeToUtf8Bytes(own))[0])!;
    }

    /// <summary>Which batches are wanted: from the first on, one of each rank; none any more where it is negative.</summary>
    private sealed record Asked(int Size, bool Gradients, int First);

    /// <summary>What a batch consists of beside its numbers.</summary>
    private sealed record Shape(int[] Rows, int[] Lengths, long[] Trajectories, long[] Anchors, int Type)
    {
        public static Shape Of(TrajectoryBatch batch) =>
            new(batch.Rows, batch.Lengths, batch.Trajectories.shape, batch.Anchors.shape, (int)batch.Trajectories.dtype);
    }
}
