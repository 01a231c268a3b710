using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Settings;
using LoRi.Runs.Probe;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>One run of an experiment and its evaluation: a teacher, or a student of one.</summary>
internal sealed record Cell
{
    /// <summary>The version of what a cell's name is made of and of its result.</summary>
    public const int Version = 1;

    private const int LettersOfId = 12;

    private string? id;

    /// <summary>The method that teachers have.</summary>
    public const string Teacher = "teacher";

    /// <summary>The block that asks for it first.</summary>
    public required string Block { get; init; }

    /// <summary>The task's name.</summary>
    public required string Task { get; init; }

    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The method's name in the matrix; <see cref="Teacher"/> for a teacher.</summary>
    public required string Method { get; init; }

    /// <summary>How long it is trained, as the matrix says it; empty for a teacher.</summary>
    public required string Budget { get; init; }

    /// <summary>The seed.</summary>
    public required long Seed { get; init; }

    /// <summary>What the block varies, such as <c>latent_steps=3</c>; of a teacher its name.</summary>
    public required string Variant { get; init; }

    /// <summary>Settings of the task.</summary>
    public required SettingValues TaskValues { get; init; }

    /// <summary>Settings of the model.</summary>
    public required SettingValues ModelValues { get; init; }

    /// <summary>The run, whose places are named when it is started.</summary>
    public required RunSettings Run { get; init; }

    /// <summary>What its pace is measured of: its run with the steps that its budget names.</summary>
    public required CalibrationCase PacedAs { get; init; }

    /// <summary>The cell of its teacher; null for a teacher.</summary>
    public Cell? TeacherCell { get; init; }

    /// <summary>What is done to the inputs of its latent steps once it is finished; it decides nothing of its result.</summary>
    public IReadOnlyList<LatentIntervention> Probe { get; init; } = [];

    /// <summary>What decides its result.</summary>
    public required JsonObject Settings { get; init; }

    /// <summary>The name of its folder: the same for the same settings and version of the program.</summary>
    public string Id => id ??= ContentHash.OfText(Settings.ToJsonString())[..LettersOfId];

    /// <summary>Whether it is a teacher.</summary>
    public bool IsTeacher => TeacherCell is null;

    /// <summary>How people call it.</summary>
    public string Name => string.Join('/',
        ((string[])[Block, Task, Model, Method, Variant, Budget.Replace(':', '-'), $"seed-{Seed}"]).Where(part => part.Length > 0));

    /// <summary>Optimizer steps.</summary>
    public int Steps => Run.Train.Steps!.Value;
}
