namespace LoRi.Files.Settings;

/// <summary>The sections of a long help, in their order; others follow them.</summary>
public static class SettingGroups
{
    /// <summary>The model, and how rows become its tokens.</summary>
    public const string Model = "MODEL AND TEXT";

    /// <summary>What is read.</summary>
    public const string Data = "DATA";

    /// <summary>Where trajectories are compared.</summary>
    public const string Subspace = "SUBSPACE";

    /// <summary>How they are compared.</summary>
    public const string Alignment = "ALIGNMENT WITH THE TEACHER";

    /// <summary>Where a teacher's states are kept.</summary>
    public const string States = "THE TEACHER'S STATES";

    /// <summary>How what is learnt changes on the way.</summary>
    public const string Curriculum = "CURRICULUM";

    /// <summary>How weights are updated.</summary>
    public const string Optimizer = "OPTIMIZER";

    /// <summary>Training of adapters in place of all weights.</summary>
    public const string Adapters = "LOW-RANK ADAPTERS";

    /// <summary>The run itself.</summary>
    public const string Run = "THE RUN";

    /// <summary>All of them in order.</summary>
    public static IReadOnlyList<string> All { get; } = [Model, Data, Subspace, Alignment, States, Curriculum, Optimizer, Adapters, Run];
}
