using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Settings;
using LoRi.Models.Reasoning;
using LoRi.Runs.Probe;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Experiments;

/// <summary>
/// What the answers of a cell owe to its latent steps: the probe that a block asks for, with the cell's own rule of what is right. It is
/// made of the finished cell, so that asking for it later trains nothing again, and stands in the cell's run.
/// </summary>
internal static class CellProbe
{
    private static readonly AnswerRule words = new("words", CellScore.IsRight);

    /// <summary>Whether the latent steps of a run have inputs that can be replaced.</summary>
    public static bool Fits(RunSettings run)
    {
        using var plan = run.Method.Plan(run.Values);
        return plan.Reasoning is LatentReasoning;
    }

    /// <summary>Whether a probe made everything that a cell asks for.</summary>
    public static bool Covers(ProbeResult? found, Cell cell) =>
        cell.Probe.All(asked => found?.Effects.Any(effect => effect.Intervention == asked.ToString()) == true);

    /// <summary>Makes what a cell asks for, and again what was made of it before.</summary>
    /// <param name="folder">The experiment's folder.</param>
    /// <param name="cell">The finished cell.</param>
    /// <param name="asked">Settings of the cell's evaluation.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <exception cref="InputException">Something cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public static void Run(ExperimentFolder folder, Cell cell, JsonObject asked, CancellationToken stop)
    {
        var before = ProbeFile.Find(folder.ProbeOf(cell.Id))?.Effects.Select(effect => effect.Intervention) ?? [];
        string[] interventions = [.. cell.Probe.Select(one => one.ToString()).Union(before)];
        asked["output"] = folder.ProbeOf(cell.Id);
        asked[ProbeSettings.Interventions.Key] = new JsonArray([.. interventions.Select(one => JsonValue.Create(one))]);
        ProbeStage.Run(ProbeSettings.All.Read(asked, SettingSource.CommandLine), words, _ => { }, stop);
    }
}
