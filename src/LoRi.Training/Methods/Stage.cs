using LoRi.Models.Decoders;

namespace LoRi.Training.Methods;

/// <summary>A part of a method's course. Stages follow each other on one model; each begins where the one before ended.</summary>
/// <param name="Name">Its name in logs, metrics and checkpoints.</param>
public abstract record Stage(string Name);

/// <summary>Takes something that later stages learn from, and trains nothing: a frozen teacher's states.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Collect">Takes it; what is kept on disk is found again where a run is resumed.</param>
public sealed record CollectingStage(string Name, Action<StageContext> Collect) : Stage(Name)
{
    /// <summary>
    /// Whether ranks collect together, all at once; else the first one collects by itself, and the others then find it on disk.
    /// </summary>
    public bool IsShared { get; init; }
}

/// <summary>Trains, by an optimizer of its own.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Objective">Makes what it minimises, once the stages before are done.</param>
public sealed record LearningStage(string Name, Func<StageContext, IObjective> Objective) : Stage(Name)
{
    /// <summary>Which modules it trains, by name, the decoder with its projection being <see cref="Decoder"/>; empty for all.</summary>
    public IReadOnlyList<string> Trains { get; init; } = [];

    /// <summary>Chooses the parameters of a model that it trains; null for all.</summary>
    /// <param name="model">The model that the stage trains.</param>
    public Func<ParameterSlot, bool>? Learns(ReasoningModel model) =>
        Trains.Count == 0 ? null : slot => Trains.Contains(ModuleOf(slot, model));

    /// <summary>The name of the decoder with its projection and adapters, among those of modules.</summary>
    public const string Decoder = "model";

    private static string ModuleOf(ParameterSlot slot, ReasoningModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model.Modules.FirstOrDefault(module => slot.Name.StartsWith(module.Name + ".", StringComparison.Ordinal))?.Name ?? Decoder;
    }
}
