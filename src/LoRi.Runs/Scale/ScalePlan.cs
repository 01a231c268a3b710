using System.Globalization;
using LoRi.Files.Json;
using LoRi.Files.Settings;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Plans;

namespace LoRi.Runs.Scale;

/// <summary>What training would take on one host, two, four and so on, and what is in the way of more.</summary>
/// <param name="Parameters">Weights of the model.</param>
/// <param name="Trained">Values that are trained.</param>
/// <param name="Rows">By number of hosts.</param>
/// <param name="Limits">What breaks, the first first.</param>
public sealed record ScalePlan(double Parameters, double Trained, IReadOnlyList<ScaleRow> Rows, IReadOnlyList<string> Limits)
{
    /// <summary>Computes it.</summary>
    /// <param name="settings">Those of <see cref="ScaleSettings.All"/>.</param>
    /// <exception cref="Files.InputException">The model cannot be read.</exception>
    public static ScalePlan Of(SettingValues settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var config = Shape(settings.Get(ScaleSettings.Model)!);
        var model = ScaleSettings.Of(settings, config);
        var rows = settings.Get(ScaleSettings.Rows);
        var activations = Activations(settings, config, model.Accelerator);
        ScaleRow[] found = [.. Counts(settings.Get(ScaleSettings.Hosts)).Select(hosts => RowOf(model, hosts, rows, activations))];
        return new(model.Model.Parameters, model.Model.Trained, found, [.. LimitsOf(model, found, activations, rows)]);
    }

    private static DecoderConfig Shape(string path) =>
        File.Exists(path) && Path.GetExtension(path) == ".json"
            ? DecoderConfig.FromJson(JsonFile.ReadObject(path), path)
            : ModelLoader.Shape(path);

    /// <summary>1, 2, 4 and so on, and the last.</summary>
    private static IEnumerable<int> Counts(int last)
    {
        for (var hosts = 1; hosts < last; hosts *= 2)
        {
            yield return hosts;
        }

        yield return last;
    }

    private static ScaleRow RowOf(ScaleModel model, int hosts, int rows, double activations) => new(
        hosts, hosts * model.PerHost, model.Memory() + activations, model.Memory(momentShares: hosts * model.PerHost) + activations,
        model.Step(hosts, rows), model.Communicate(hosts), model.StrongEfficiency(hosts, rows), model.TokensWanted(hosts));

    /// <summary>Bytes of activations of the rows of one micro-batch, each as long as its tokens say.</summary>
    private static double Activations(SettingValues settings, DecoderConfig config, Accelerator accelerator)
    {
        var work = ScaleSettings.WorkOf(settings);
        return MemoryEstimate.Activations(
            config, ScaleSettings.RowsAtOnce(settings), work.Read + work.LatentSteps, ScaleSettings.GradedOf(settings),
            accelerator.ElementBytes);
    }

    private static IEnumerable<string> LimitsOf(ScaleModel model, ScaleRow[] rows, double activations, int share)
    {
        if (MemoryLimit(model, rows[^1], activations) is { } memory)
        {
            yield return memory;
        }

        if (Array.Find(rows, row => row.Weak < ScaleModel.Wanted) is { } slow)
        {
            yield return $"sums: on {Hosts(slow)} {Percent(1 - slow.Weak)} of a step is waiting for them; 90 % "
                + $"efficiency needs about {slow.TokensWanted:N0} tokens a step on each, and --rows {share} has "
                + $"{share * (model.Work.Read + model.Work.LatentSteps):N0}";
        }

        if (Array.Find(rows, row => row.Strong < ScaleModel.Wanted) is { } thin)
        {
            var latent = model.Work.LatentSteps > 0 ? ", and latent steps do not get shorter with fewer rows" : "";
            yield return $"rows: {share * model.PerHost:N0} rows shared among {Hosts(thin)} leave "
                + $"{(double)share / thin.Hosts:0.##} to each{latent}: {Percent(thin.Strong)} of the speed-up is left";
        }
    }

    /// <summary>What has to be shared for the model to fit; null where it does.</summary>
    private static string? MemoryLimit(ScaleModel model, ScaleRow last, double activations)
    {
        var (room, all) = (model.Accelerator.MemoryBytes, last.Ranks);
        var smaller = model.Work.RowsAtOnce > 1 ? "a larger --accumulation" : "fewer tokens a row";
        if (last.SharedMemory <= room)
        {
            return null;
        }

        if (model.Memory(all) <= room)
        {
            return $"memory: {Bytes(last.SharedMemory)} do not fit {Bytes(room)} of {model.Accelerator.Name} on any number of hosts up to "
                + $"{last.Hosts}, {Bytes(activations)} of it activations: take {smaller}";
        }

        const string Gradients = "it would need to share gradients as well (ZeRO-2), which LoRi does not";
        const string All = "it would need to share gradients and weights as well (FSDP), which LoRi does not";
        var wanted = model.Memory(all, all) + activations <= room ? Gradients
            : model.Memory(all, all, all) + activations <= room ? All
            : model.Memory(all, all, all) <= room ? $"{All}, and {smaller}"
            : "sharing all of it is not enough: take more hosts";
        return $"memory: {Bytes(last.SharedMemory)} do not fit {Bytes(room)} of {model.Accelerator.Name} on "
            + $"any number of hosts up to {last.Hosts}, {Bytes(activations)} of it activations; {wanted}";
    }

    private static string Bytes(double bytes) => MessageText.Bytes((long)bytes);

    private static string Hosts(ScaleRow row) => row.Hosts == 1 ? "1 host" : $"{row.Hosts} hosts";

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");
}
