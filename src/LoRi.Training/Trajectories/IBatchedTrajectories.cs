namespace LoRi.Training.Trajectories;

/// <summary>A corpus of trajectories whose batches can be read one by one.</summary>
internal interface IBatchedTrajectories : ITrajectorySource
{
    /// <summary>The row numbers of every batch, in the order of reading.</summary>
    IReadOnlyList<int[]> Batches { get; }

    /// <summary>One batch; its tensors belong to the open dispose scope.</summary>
    TrajectoryBatch Read(int batch);
}
