using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Decoders;
using static TorchSharp.torch;

namespace LoRi.Training.Methods.LoRi;

/// <summary>What a linear map from a final state to the next latent input starts from.</summary>
public enum FeedbackStart
{
    /// <summary>The identity times the ratio of the embeddings' size to the states'.</summary>
    Identity,

    /// <summary>The same times the projector on the teacher's hidden directions and its mean state.</summary>
    Subspace,
}

/// <summary>Lets a student begin in its teacher's subspace.</summary>
internal static class SubspaceFeedback
{
    /// <summary>Cuts the linear feedback of a student that has made no step to the subspace.</summary>
    public static void Start(ReasoningModel student, FittedSubspace subspace)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var matrix = student.Parameters["prj.linear.weight"];
        var projector = tensor(Matrices.Values(Subspaces.Feedback(subspace)), [subspace.Width, subspace.Width], ScalarType.Float64);
        matrix.copy_(matrix.to(ScalarType.Float64).cpu().matmul(projector));
    }
}
