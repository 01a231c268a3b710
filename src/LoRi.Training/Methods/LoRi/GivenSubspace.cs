using LoRi.Files;
using LoRi.Math;
using LoRi.Math.Fluent;
using LoRi.Models.Decoders;
using LoRi.Training.Trajectories;

namespace LoRi.Training.Methods.LoRi;

/// <summary>A subspace that was fitted before and is named with <c>--subspace</c>.</summary>
internal static class GivenSubspace
{
    /// <summary>Reads the subspace and checks it against what a run needs of it; null where none is named.</summary>
    /// <param name="options">Names the file, the levels and the objective.</param>
    /// <param name="teacher">The teacher, as it was named.</param>
    /// <param name="shape">The shape of its model.</param>
    /// <exception cref="InputException">It was fitted on states of other sizes, or lacks statistics that the objective needs.</exception>
    public static MeasuredSubspace? Read(LoRiOptions options, string teacher, DecoderConfig shape)
    {
        if (options.SubspaceFile is not { } file)
        {
            return null;
        }

        var subspace = SubspaceFile.Read(file);
        var levels = options.Levels.Indices(shape.Layers).Count;
        var fitted = subspace.Fitted;
        if ((fitted.Levels, fitted.Width) != (levels, shape.HiddenSize))
        {
            throw new InputException(
                $"--subspace {file}: was fitted on {fitted.Levels} levels of {fitted.Width} components, "
                + $"{teacher} has {levels} traced levels of {shape.HiddenSize}; fit one on this teacher, with the same --levels");
        }

        try
        {
            Objectives.Check(subspace, options.Objective);
            return subspace;
        }
        catch (MathException error)
        {
            throw error.ToInput($"--subspace {file}");
        }
    }
}
