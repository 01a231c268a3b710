using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files.Settings;
using LoRi.Models.Native;
using LoRi.Models.Tensors;
using LoRi.Runs.Answers;
using LoRi.Runs.Settings;
using LoRi.Training;
using LoRi.Training.Ranks;

namespace LoRi.Runs.Training;

/// <summary>Whether the steps of a run can be shared among ranks, and whether these are alike enough for it.</summary>
internal static class StepSharing
{
    /// <summary>Refuses what cannot be shared, before anything is read or made.</summary>
    /// <exception cref="SettingException">The micro-batches of a step cannot be dealt out evenly.</exception>
    /// <exception cref="Files.InputException">Ranks have other devices, or one card for two of them.</exception>
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

        var (batch, accumulation) = (settings.Train.BatchSize, settings.Train.Accumulation);
        if (!CanShare(batch, accumulation, ranks.Size))
        {
            var parts = TrainingPlan.Parts(batch, accumulation);
            throw new SettingException(
                $"{TrainSettings.BatchSize.Say(values)} and {TrainSettings.Accumulation.Say(values)} make {parts} "
                + $"{(parts == 1 ? "part" : "parts")} of a step, which {ranks.Size} processes cannot share evenly; "
                + Advice(batch, accumulation, ranks.Size), values, TrainSettings.Accumulation);
        }

        CheckDevice(values, ranks);
    }

    /// <summary>Refuses ranks on unlike devices, and on GPUs those that have no card of their own.</summary>
    /// <exception cref="Files.InputException">They are such.</exception>
    internal static void CheckDevice(SettingValues values, ICommunicator ranks)
    {
        if (ranks.Size == 1)
        {
            return;
        }

        var device = values.Get(StageSettings.Device);
        Agreement.Check(ranks, (StageSettings.Device.Flag, StageSettings.Device.Form.Write(device)?.ToJsonString() ?? "none"));
        if (device == DeviceOption.Cuda)
        {
            _ = StageModel.DeviceOf(device);
            RankCard.CheckEach(ranks);
        }
    }

    /// <summary>Does work in which ranks hand each other tensors on the device of the settings: GPUs are connected for as long.</summary>
    /// <param name="values">The settings.</param>
    /// <param name="ranks">The ranks.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="Files.InputException">GPUs cannot be connected.</exception>
    internal static TResult Connected<TResult>(SettingValues values, ICommunicator ranks, Func<ICommunicator, TResult> work)
    {
        if (values.Get(StageSettings.Device) != DeviceOption.Cuda || !NcclCommunicator.IsFor(ranks))
        {
            return work(ranks);
        }

        var connected = NcclCommunicator.Join(ranks, TimeSpan.FromSeconds(values.Get(StageSettings.RankTimeout)));
        try
        {
            var result = work(connected);
            connected.Dispose();
            return result;
        }
        catch
        {
            connected.Break();
            throw;
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

    /// <summary>Whether every rank gets as many parts of a step as any other.</summary>
    private static bool CanShare(int batch, int accumulation, int ranks) => TrainingPlan.Parts(batch, accumulation) % ranks == 0;

    private static string Advice(int batch, int accumulation, int ranks)
    {
        var fitting = Enumerable.Range(1, batch).Where(parts => CanShare(batch, parts, ranks)).ToArray();
        var next = Array.Find(fitting, parts => parts >= accumulation);
        return fitting.Length > 0
            ? $"give {TrainSettings.Accumulation.Flag} {(next > 0 ? next : fitting[^1])}"
            : $"give a {TrainSettings.BatchSize.Flag} that is a multiple of {ranks}";
    }
}
