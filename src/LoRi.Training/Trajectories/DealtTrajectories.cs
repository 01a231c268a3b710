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

    /// <summary>Says to the others that no batch is asked for any more.</summary>
    public static void Finish(ICommunicator ranks) => Told(ranks, new Asked(0, false, -1));

    /// <summary>Computes what the first rank asks for, until it says that it has done.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="source">The batches of some rows each, of states or of gradients.</param>
    public static void Serve(ICommunicator ranks, Func<int, bool, IBatchedTrajectories> source)
    {
        var made = new Dictionary<(int Size, bool Gradients), IBatchedTrajectories>();
        while (Told(ranks, null) is { First: >= 0 } asked)
        {
            var key = (asked.Size, asked.Gradients);
            var own = made.TryGetValue(key, out var found) ? found : made[key] = source(asked.Size, asked.Gradients);
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
