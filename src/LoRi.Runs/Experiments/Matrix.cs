using System.Text.Json.Nodes;
using LoRi.Files.Disk;
using LoRi.Files.Settings;
using LoRi.Runs.Probe;

namespace LoRi.Runs.Experiments;

/// <summary>
/// A matrix of experiments, read and checked: tasks, models, teachers and methods by their names, and the blocks that combine them.
/// </summary>
internal sealed record Matrix
{
    /// <summary>The version of its form.</summary>
    public const int Version = 1;

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The SHA-256 of its JSON, written anew without white space.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The file's content.</summary>
    public required JsonObject Json { get; init; }

    /// <summary>Tasks.</summary>
    public required IReadOnlyDictionary<string, SettingValues> Tasks { get; init; }

    /// <summary>Models.</summary>
    public required IReadOnlyDictionary<string, SettingValues> Models { get; init; }

    /// <summary>Teachers: settings of <c>lori teach</c>; the first is taken where a method names none.</summary>
    public required IReadOnlyDictionary<string, MatrixPart> Teachers { get; init; }

    /// <summary>Settings of <c>lori distill</c> that all students have whose methods have them.</summary>
    public required MatrixPart Defaults { get; init; }

    /// <summary>Methods.</summary>
    public required IReadOnlyDictionary<string, MatrixMethod> Methods { get; init; }

    /// <summary>What is run.</summary>
    public required IReadOnlyList<MatrixBlock> Blocks { get; init; }

    /// <summary>What is claimed of it.</summary>
    public required IReadOnlyList<MatrixClaim> Claims { get; init; }
}

/// <summary>A method with settings of its own.</summary>
/// <param name="Name">Its name in the matrix.</param>
/// <param name="Method">The method of <c>lori distill</c>.</param>
/// <param name="Teacher">The name of its teacher.</param>
/// <param name="Options">Its settings.</param>
internal sealed record MatrixMethod(string Name, string Method, string Teacher, MatrixPart Options);

/// <summary>Every combination of some tasks, models, methods, budgets and seeds.</summary>
internal sealed record MatrixBlock
{
    /// <summary>The field of its probe.</summary>
    public const string ProbeField = "probe";

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it stands.</summary>
    public required MatrixPart Part { get; init; }

    /// <summary>Names of tasks.</summary>
    public required IReadOnlyList<string> Tasks { get; init; }

    /// <summary>Names of models.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Names of methods; none where only teachers are trained.</summary>
    public required IReadOnlyList<string> Methods { get; init; }

    /// <summary>How long students are trained.</summary>
    public required IReadOnlyList<StepBudget> Budgets { get; init; }

    /// <summary>Seeds.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>Settings that stand over the defaults in this block.</summary>
    public required MatrixPart Settings { get; init; }

    /// <summary>Settings with several values, every combination of which is run for the methods that have them.</summary>
    public required IReadOnlyList<(string Setting, IReadOnlyList<JsonNode> Values)> Vary { get; init; }

    /// <summary>What is done to the inputs of latent steps of its finished students.</summary>
    public required IReadOnlyList<LatentIntervention> Probe { get; init; }

    /// <summary>
    /// The SHA-256 of what it says, and of the budgets and seeds that it has, its own or the matrix's. A probe changes no result.
    /// </summary>
    public string Sha256
    {
        get
        {
            var says = (JsonObject)Part.Json.DeepClone();
            says.Remove(ProbeField);
            return ContentHash.OfText($"{says.ToJsonString()}\n{string.Join(',', Budgets)}\n{string.Join(',', Seeds)}");
        }
    }
}
