using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Settings;
using LoRi.Files.Tokenizers;
using LoRi.Math.Fluent;
using LoRi.Models.Adapters;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Reasoning;
using LoRi.Runs.Answers;
using LoRi.Runs.Export;
using LoRi.Runs.Settings;
using LoRi.Training.Trajectories;
using static TorchSharp.torch;

namespace LoRi.Runs.Reduce;

/// <summary>
/// <c>lori model reduce</c>: a model cut to the hidden directions of a subspace, as a folder like that of any checkpoint. The folder
/// appears when it is complete.
/// </summary>
public static class ReduceStage
{
    /// <summary>Cuts a model. What standardisation takes out of states plays no part: of the subspace the basis alone is used.</summary>
    /// <param name="settings">Those of <see cref="ReduceSettings"/>.</param>
    /// <param name="info">Told what the reader should know, a line each.</param>
    /// <returns>The sizes of both models.</returns>
    /// <exception cref="InputException">The model cannot be cut, the subspace is not one of its states, or the folder cannot be
    /// written.</exception>
    public static ReducedFolder Run(SettingValues settings, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(info);
        var (path, output) = (settings.Get(ReduceSettings.Model), settings.Get(ReduceSettings.Output));
        AtomicFolder.Refuse(output);
        RefuseAdapters(path);
        RefuseForm(path);
        using var basis = Basis(settings.Get(ReduceSettings.Subspace), settings.Get(ReduceSettings.Rank), path);
        var (model, card) = ModelLoader.Load(path, LoadSettings.OnCpu(Precision.Exact));
        using var owned = model;
        foreach (var note in model.Notes)
        {
            info($"{path}: {note}");
        }

        var tokenizer = Tokenizer(settings, model, path, info);
        using var reduced = WidthReduction.Of(model, basis);
        var form = new WeightForm(WeightForm.TypeOf(path), ExportOptions.DefaultShardBytes);
        AtomicFolder.Write(output, folder =>
        {
            CarriedFiles.WriteTokenizer(folder, ModelLoader.Resolve(path), tokenizer);
            ModelWriter.Write(folder, reduced, card, null, form);
            CarriedFiles.WriteGeneration(folder, ModelLoader.Resolve(path), card);
        });
        TellOfHeads(output, reduced.Config, info);
        return new ReducedFolder(reduced.Config.HiddenSize, model.Config.HiddenSize, Count(reduced), Count(model));
    }

    private static void TellOfHeads(string output, DecoderConfig shape, Action<string> info)
    {
        if (shape.HiddenSize % shape.QueryHeads != 0)
        {
            info($"{output}: has a width of {shape.HiddenSize}, no multiple of its {shape.QueryHeads} heads, which versions of "
                + "transformers refuse; take another --rank where these are to load it");
        }
    }

    /// <summary>The tokenizer that is written beside the narrower model; null where there is none.</summary>
    private static TextTokenizer? Tokenizer(SettingValues settings, ReasoningModel model, string path, Action<string> info)
    {
        var tokenizer = StageModel.FindTokenizer(path, settings.Get(StageSettings.Tokenizer));
        if (tokenizer is null)
        {
            info($"{path}: has no tokenizer, so that the narrower model has none; name one with --tokenizer");
            return null;
        }

        StageModel.CheckFits(tokenizer, model, path);
        return tokenizer;
    }

    /// <summary>Adapters fit a model of the width that they were trained on, and so do not fit what would be made.</summary>
    private static void RefuseAdapters(string path)
    {
        if (AdapterFolder.Find(ModelLoader.Resolve(path)) is { } found)
        {
            throw new InputException(
                $"--model {path}: has adapters, in {found}, which do not fit a narrower model; merge them first with `lori export`, and "
                + "name the folder that it makes");
        }
    }

    private static void RefuseForm(string path)
    {
        var shape = ModelLoader.Shape(path);
        if (shape.CenteredNorms)
        {
            throw new InputException(
                $"--model {path}: is a {Name(shape)}, whose norms subtract the mean of a state and cannot be rotated; take a model of the "
                + "families llama, mistral, qwen2 or qwen3");
        }

        if (ModelLoader.Card(path)?.Reasoning.Mode is AnswerMode.Latent or AnswerMode.Substituted)
        {
            throw new InputException(
                $"--model {path}: was trained to think in states of its own width; cut its teacher or a plain model, and train the "
                + "narrower one");
        }
    }

    /// <summary>The first columns of the hidden basis, [d, r] in float64.</summary>
    private static Tensor Basis(string file, int? rank, string path)
    {
        var fitted = SubspaceFile.Read(file).Fitted;
        if (fitted.Kind.IsComplement)
        {
            throw new InputException(
                $"--subspace {file}: is of the kind {SubspaceFile.KindName(fitted.Kind)}, which has no directions of its own; fit one of "
                + "another --kind");
        }

        var width = ModelLoader.Shape(path).HiddenSize;
        if (fitted.Width != width)
        {
            throw new InputException(
                $"--subspace {file}: was fitted on states of {fitted.Width} components, those of {path} have {width}; fit one on this "
                + "model's own trajectories");
        }

        if (rank > fitted.HiddenRank)
        {
            throw new InputException(
                $"--rank {rank}: {file} has {fitted.HiddenRank} directions; name at most as many, or fit a subspace with --hidden-rank "
                + $"{rank}");
        }

        using var scope = NewDisposeScope();
        return tensor(Matrices.Values(fitted.HiddenBasis)).reshape(fitted.Width, fitted.HiddenRank)
            .narrow(1, 0, rank ?? fitted.HiddenRank).contiguous().MoveToOuterDisposeScope();
    }

    private static string Name(DecoderConfig shape) => shape.ToJson()["model_type"]!.GetValue<string>();

    private static long Count(ReasoningModel model) => model.Parameters.Values.numel();
}
