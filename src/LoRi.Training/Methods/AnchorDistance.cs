using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Training.Methods;

/// <summary>What the distance of one component is.</summary>
public enum AnchorNorm
{
    /// <summary>Half the square within 1, beyond it the absolute value less a half.</summary>
    SmoothL1,

    /// <summary>The absolute value.</summary>
    L1,
}

/// <summary>What the distance of anchors is divided by.</summary>
public enum AnchorUnit
{
    /// <summary>Each level's deviation over batch and components.</summary>
    EachLevel,

    /// <summary>One deviation over batch, levels and components.</summary>
    AllLevels,

    /// <summary>Nothing.</summary>
    None,
}

/// <summary>How far a student's anchors are from its teacher's, which get no gradient: a mean over batch, levels and components.</summary>
/// <param name="FirstLevel">The first level that counts: 0 with that of the embeddings, 1 without.</param>
/// <param name="Norm">What the distance of one component is.</param>
/// <param name="Unit">What it is divided by.</param>
public sealed record AnchorDistance(int FirstLevel, AnchorNorm Norm, AnchorUnit Unit)
{
    /// <summary>The distance of anchors [B, levels, d]: a scalar.</summary>
    /// <param name="student">The student's states at its anchors.</param>
    /// <param name="teacher">The teacher's, of the same shape; no gradient flows into them.</param>
    public Tensor Of(Tensor student, Tensor teacher)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        var (s, t) = (student.Widened(), teacher.detach().Widened());
        var each = Norm == AnchorNorm.L1 ? nn.functional.l1_loss(s, t, nn.Reduction.None)
            : nn.functional.smooth_l1_loss(s, t, nn.Reduction.None);
        var distance = each.mean([0L, 2L]);
        return Unit == AnchorUnit.None ? distance.mean() : (distance / Deviations(t)).mean();
    }

    /// <summary>The unbiased deviations that it divides by, of a teacher's anchors [B, levels, d]: [levels], or a scalar.</summary>
    /// <param name="teacher">The teacher's anchors of a batch.</param>
    public Tensor Deviations(Tensor teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        return Unit == AnchorUnit.AllLevels ? teacher.reshape(-1).std(0) : teacher.transpose(0, 1).reshape(teacher.shape[1], -1).std(1);
    }
}
