using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files.Settings;
using LoRi.Models.Native;
using LoRi.Models.Tensors;
using LoRi.Runs.Settings;
using LoRi.Training;
using LoRi.Training.Ranks;

namespace LoRi.Runs.Training;

/// <summary>Whether the steps of a run can be shared among ranks, and whether these are alike enough for it.</summary>
internal static class StepSharing
{
    /// <summary>Refuses what cannot be shared, before anything is read or made.</summary>
    /// <exception cref="SettingException">The micro-batches of a step cannot be dealt out evenly, or the device is none of the
    /// processor's.</exception>
    public static void Check(RunSettings settings, ICommunicator ranks)
    {
        if (ranks.Size == 1)
        {
            return;
        }

        var values = settings.Values;
        if (!int.IsPow2(ranks.Size))
        {
            throw new SettingException(
                $"{ranks.Size} processes were started: a step is shared among 1, 2, 4, 8 or another power of two, so that results do not "
                + "depend on their number; start as many", values, StageSettings.Ranks);
        }

        CheckDevice(values, ranks);
        var (batch, parts) = (settings.Train.BatchSize, TrainingPlan.Parts(settings.Train.BatchSize, settings.Train.Accumulation));
        if (parts % ranks.Size != 0)
        {
            throw new SettingException(
                $"{TrainSettings.BatchSize.Say(values)} and {TrainSettings.Accumulation.Say(values)} make {parts} "
                + $"{(parts == 1 ? "part" : "parts")} of a step, which {ranks.Size} processes cannot share evenly; "
                + Advice(batch, settings.Train.Accumulation, ranks.Size), values, TrainSettings.Accumulation);
        }
    }

    /// <summary>Refuses another device than the processor, which is all that ranks share.</summary>
    /// <exception cref="SettingException">It is another one.</exception>
    internal static void CheckDevice(SettingValues values, ICommunicator ranks)
    {
        if (ranks.Size > 1 && values.Get(StageSettings.Device) != DeviceOption.Cpu)
        {
            throw new SettingException(
                $"{StageSettings.Device.Say(values)}: work is shared among processors only; start one process, or use --device cpu",
                values, StageSettings.Device);
        }
    }

    /// <summary>Refuses ranks that would not compute the same.</summary>
    /// <exception cref="Files.InputException">One of them differs.</exception>
    public static void Agree(RunSettings settings, ICommunicator ranks) => Agreement.Check(ranks, Facts(settings.ToJson()));

    /// <summary>What every rank of a command must have in common: settings, program and processor.</summary>
    /// <param name="settings">The settings by their keys.</param>
    internal static IEnumerable<(string Name, string Value)> Facts(JsonObject settings) =>
    [
        ("the version of lori", RunSettings.Version),
        ("libtorch", NativeRuntime.Report().LibtorchVersion),
        ("the processor's instructions", string.Join(' ', NativeRuntime.Report().CpuCapabilities)),
        ("ATEN_CPU_CAPABILITY", Environment.GetEnvironmentVariable("ATEN_CPU_CAPABILITY") ?? "none"),
        .. settings.Select(setting => (Setting.FlagOf(setting.Key), setting.Value?.ToJsonString() ?? "none")),
    ];

    /// <summary>Refuses ranks that have read other rows or other weights.</summary>
    /// <exception cref="Files.InputException">One of them has.</exception>
    public static void Agree(PreparedRun prepared, ICommunicator ranks)
    {
        if (ranks.Size > 1)
        {
            var start = LongNorm.Of(prepared.Model.Parameters.Values);
            Agreement.Check(
                ranks,
                ("the SHA-256 of the rows", prepared.Data.Sha256()),
                ("the SHA-256 of the frozen weights", prepared.FrozenSha256),
                ("the norm of the weights to start from", start.ToString("R", CultureInfo.InvariantCulture)));
        }
    }

    private static string Advice(int batch, int accumulation, int ranks)
    {
        var fitting = Enumerable.Range(1, batch).Where(parts => TrainingPlan.Parts(batch, parts) % ranks == 0).ToArray();
        var next = Array.Find(fitting, parts => parts >= accumulation);
        return fitting.Length > 0
            ? $"give {TrainSettings.Accumulation.Flag} {(next > 0 ? next : fitting[^1])}"
            : $"give a {TrainSettings.BatchSize.Flag} that is a multiple of {ranks}";
    }
}
