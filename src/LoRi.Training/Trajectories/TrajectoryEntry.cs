using LoRi.Files.Safetensors;

namespace LoRi.Training.Trajectories;

/// <summary>One example of a trajectory file: where its tensors are.</summary>
internal sealed class TrajectoryEntry
{
    /// <summary>The file and tensor with the states; none for an example without rationale.</summary>
    internal (SafetensorsFile File, SafetensorsEntry Tensor)? Trajectory { get; set; }

    /// <summary>The file and tensor with the anchor states, if there are any.</summary>
    internal (SafetensorsFile File, SafetensorsEntry Tensor)? Anchor { get; set; }

    /// <summary>Rationale tokens.</summary>
    internal int Length => Trajectory is { } found ? (int)found.Tensor.Shape[1] : 0;
}
