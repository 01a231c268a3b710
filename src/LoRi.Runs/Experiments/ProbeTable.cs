using System.Text.Json.Nodes;

namespace LoRi.Runs.Experiments;

/// <summary>What the probes of some rows say: means over seeds, and over draws of what is random.</summary>
internal static class ProbeTable
{
    /// <summary>The table of the rows of one block, task, model and budget; null where nothing was probed.</summary>
    public static TextTable? Of(IReadOnlyList<ResultRow> rows)
    {
        ResultRow[] probed = [.. rows.Where(row => row.Probes.Count > 0)];
        if (probed.Length == 0)
        {
            return null;
        }

        string[] interventions = [.. probed.SelectMany(row => row.Interventions).Distinct()];
        var first = probed[0];
        return new TextTable(
            string.Join(", ", first.Block, first.Task, first.Model, first.Budget, "right answers with other inputs of latent steps"),
            ["method", "seeds", "as it is %", .. interventions.Select(one => $"{one} %"), "thinks in its latent steps"],
            [.. probed.Select(row => (string[])
            [
                row.Label, $"{row.Probes.Count}", ExperimentTable.Percent(row.Probes.Average(probe => probe.Untouched.Accuracy)),
                .. interventions.Select(one => row.Replaced(one) is { } share ? ExperimentTable.Percent(share) : "-"),
                string.Join(", ", row.Probes.CountBy(probe => probe.Verdict).Select(pair => $"{pair.Key} {pair.Value}")),
            ])]);
    }

    /// <summary>The same of one row as JSON; null where it was not probed.</summary>
    public static JsonObject? Json(ResultRow row) => row.Probes.Count == 0 ? null : new()
    {
        ["seeds"] = row.Probes.Count,
        ["untouched"] = row.Probes.Average(probe => probe.Untouched.Accuracy),
        ["replaced"] = new JsonObject(row.Interventions.Select(one =>
            KeyValuePair.Create(one, (JsonNode?)JsonValue.Create(row.Replaced(one)!.Value)))),
        ["verdicts"] = new JsonArray([.. row.Probes.Select(probe => JsonValue.Create(probe.Verdict))]),
    };
}
