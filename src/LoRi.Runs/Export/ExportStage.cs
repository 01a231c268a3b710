using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Tokenizers;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Answers;
using LoRi.Runs.Settings;
using static TorchSharp.torch;

namespace LoRi.Runs.Export;

/// <summary>
/// <c>lori export</c>: a trained model, or its adapter, as a folder that the Hub's tools load, with its tokenizer and a model card.
/// The folder appears when it is complete.
/// </summary>
public static class ExportStage
{
    /// <summary>Exports.</summary>
    /// <param name="options">Checked settings.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <returns>The files that were written, in the order of their names.</returns>
    /// <exception cref="InputException">The model cannot be read, or the folder cannot be written.</exception>
    public static IReadOnlyList<string> Run(ExportOptions options, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(info);
        options.Validate();
        AtomicFolder.Refuse(options.Output);
        var source = ModelLoader.Resolve(options.Model);
        var tokenizer = StageModel.FindTokenizer(options.Model, options.Tokenizer);
        if (tokenizer is null)
        {
            info($"{options.Model}: has no tokenizer, so that the export has none; name one with --tokenizer");
        }

        Provenance? made = null;
        AtomicFolder.Write(options.Output, folder =>
        {
            CarriedFiles.WriteTokenizer(folder, source, tokenizer);
            var card = options.Form == ExportForm.Adapter ? WriteAdapter(folder, options, info) : WriteMerged(folder, options, tokenizer);
            made = Provenance.Of(options, card) with
            {
                HasModellingFile = ModellingFile.IsIn(folder),
                TableRows = options.Form == ExportForm.Adapter ? AdapterConfigReader.Read(folder).TableRows : 0,
            };
            AtomicFile.WriteText(Path.Combine(folder, "README.md"), ModelCard.Of(made, options));
        });
        if (HubMetadata.Missing(options, made!) is { } missing)
        {
            info(missing);
        }

        info($"written: {options.Output}");
        var files = Directory.GetFiles(options.Output, "*", SearchOption.AllDirectories);
        return [.. files.Select(file => Path.GetRelativePath(options.Output, file)).Order(StringComparer.Ordinal)];
    }

    private static ReasoningCard? WriteMerged(string folder, ExportOptions options, TextTokenizer? tokenizer)
    {
        var (model, card) = ModelLoader.Load(options.Model, LoadSettings.OnCpu(Precision.Full) with { WithKept = true }, options.Adapter);
        using var owned = model;
        if (tokenizer is not null)
        {
            StageModel.CheckFits(tokenizer, model, options.Model);
        }

        ModelWriter.Write(folder, model, card, null, new WeightForm(TypeOf(options.Dtype), options.ShardBytes));
        CarriedFiles.WriteGeneration(folder, ModelLoader.Resolve(options.Model), card);
        if (card is not null && ModellingFile.Takes(card))
        {
            ModellingFile.WriteBesideWeights(folder);
        }

        return card;
    }

    /// <summary>The adapter's files, its weights in the type that is asked for; the base is not read.</summary>
    private static ReasoningCard? WriteAdapter(string folder, ExportOptions options, Action<string> info)
    {
        var adapter = AdapterFolder.Resolve(options.Adapter ?? options.Model);
        var config = JsonFile.ReadObject(Path.Combine(adapter, AdapterConfig.FileName));
        var basis = options.BaseModel ?? HubMetadata.BaseOf(config["base_model_name_or_path"]);
        config["base_model_name_or_path"] = basis;
        if (basis is null)
        {
            info("the adapter's files name no base model, as it lies on this machine only; tell others which one it fits with --base-model "
                + "OWNER/NAME");
        }

        AdapterFolder.Copy(adapter, folder, TypeOf(options.Dtype));
        AtomicFile.WriteText(Path.Combine(folder, AdapterConfig.FileName), config.ToJsonString(JsonText.Indented) + "\n");
        foreach (var name in new[] { ReasoningCard.FileName, ReasoningCard.WeightsFile }.Where(
            name => File.Exists(Path.Combine(adapter, name))))
        {
            File.Copy(Path.Combine(adapter, name), Path.Combine(folder, name));
        }

        ModuleFiles.Copy(adapter, folder);
        var card = ReasoningCard.Read(adapter);
        if (card is not null && ModellingFile.Takes(card))
        {
            WriteModelling(folder, adapter, options, info);
        }

        return card;
    }

    /// <summary>The Python file for the base's architecture, which the trained model beside the adapter tells, or the base that is
    /// named.</summary>
    private static void WriteModelling(string folder, string adapter, ExportOptions options, Action<string> info)
    {
        var places = new[] { Path.GetDirectoryName(Path.GetFullPath(adapter))!, CarriedFiles.FolderOf(ModelLoader.Resolve(options.Model)) };
        var config = places.Select(place => Path.Combine(place, "config.json")).Where(File.Exists).Select(JsonFile.ReadObject)
            .FirstOrDefault(found => ModellingFile.Architecture(found) is not null);
        if (config is null)
        {
            info($"the export has no {ModellingFile.Name}, as no config.json tells the base's architecture; name the base's folder with "
                + "--model beside --adapter");
            return;
        }

        ModellingFile.Write(folder, config);
    }

    private static ScalarType TypeOf(DtypeOption dtype) => dtype == DtypeOption.BF16 ? ScalarType.BFloat16 : ScalarType.Float32;
}
