using LoRi.Files;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Text;
using LoRi.Files.Tokenizers;
using LoRi.Models.Decoders;
using LoRi.Models.ModelFiles;
using LoRi.Models.Native;
using LoRi.Models.Weights;
using LoRi.Runs.Answers;
using LoRi.Training;
using LoRi.Training.Methods;
using static TorchSharp.torch;

namespace LoRi.Runs.Import;

/// <summary>
/// <c>lori import</c>: a model that a method's published code trained, as a folder that every command reads. Which method it is, the
/// names of its tensors say.
/// </summary>
public static class ImportStage
{
    /// <summary>Imports.</summary>
    /// <param name="options">What from where.</param>
    /// <param name="info">Told what was found, a line each.</param>
    /// <exception cref="InputException">The checkpoint is of no known form, damaged, or of another base.</exception>
    public static void Run(ImportOptions options, Action<string> info)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(info);
        AtomicFolder.Refuse(options.Output);
        using var file = PublishedFile.Open(options.Checkpoint);
        var (facts, form) = FormOf(file);
        var path = Path.Combine(ModelLoader.Resolve(options.Base), "config.json");
        var config = JsonFile.ReadObject(path);
        var shape = DecoderConfig.FromJson(config, path);
        if (shape.EosIds.Count == 0)
        {
            throw new InputException($"{path}: names no eos_token_id, which ends an answer; add it there");
        }

        var steps = options.LatentSteps ?? form.Steps;
        if (steps >= shape.MaxPositions)
        {
            throw new InputException(
                $"--latent-steps {steps}: --base {options.Base} was made for {shape.MaxPositions} positions; take fewer steps");
        }

        var projection = PublishedProjection.Of(file, form);
        using var weights = new PublishedWeights(file, form, config, options.Alpha);
        var rows = RowsOf(weights, shape, form);
        var tokenizer = TokenizerOf(options, rows - form.Rows, form);
        NativeRuntime.Load();
        using var model = Filled(weights, shape with { VocabularySize = rows }, rows - form.Rows, form, projection);
        projection.Fill(model, file);
        info($"{options.Checkpoint}: {facts.Name}, {weights.Adapted} weights with adapters (merged, alpha {options.Alpha:R}), "
            + $"projection {projection.Shape.Kind.ToString().ToLowerInvariant()}, markers {model.Special.Bot} and {model.Special.Eot}");
        var card = CardOf(facts, form, options, model, projection.Shape);
        AtomicFolder.Write(options.Output, folder => ModelWriter.Write(folder, model, card, tokenizer));
        info($"written: {options.Output}");
    }

    private static (MethodFacts Facts, PublishedForm Form) FormOf(SafetensorsCheckpoint file)
    {
        var known = KnownMethods.All.Select(method => method.About).Where(facts => facts.Published is not null)
            .SelectMany(facts => FormsOf(facts.Published!).Select(form => (Facts: facts, Form: form))).ToArray();
        var found = known.FirstOrDefault(
            one => file.Tensors.Any(tensor => tensor.Name.StartsWith(one.Form.Prefix, StringComparison.Ordinal)));
        var names = MessageText.List([.. file.Tensors.Take(3).Select(tensor => tensor.Name)]);
        return found.Form is not null ? found
            : throw new InputException(
                $"{file.Path}: is of no form that is known; its tensors are {names}; names that are known begin with "
                + string.Join(", ", known.Select(one => $"{one.Form.Prefix} ({one.Facts.Name})"))
                + "; a Hub folder needs no import, and a stage before the latent steps has none");
    }

    /// <summary>A form as its code stores it with adapters, and as it does without, whose names begin the same.</summary>
    private static IEnumerable<PublishedForm> FormsOf(PublishedForm form) =>
        form.PlainPrefix is { } plain ? [form, form with { Prefix = plain }] : [form];

    private static int RowsOf(PublishedWeights weights, DecoderConfig shape, PublishedForm form)
    {
        var table = DecoderLayout.Embedding(shape);
        var found = weights.Tensors.FirstOrDefault(tensor => tensor.Name == table)?.Shape ?? throw new InputException(
            $"{weights.Path}: has no {form.Prefix}{table}, so that the rows of the markers are not there; save the whole state dictionary");
        var rows = found is [var first, _] ? first : throw new InputException(
            $"{weights.Path}: {form.Prefix}{table} has shape {MessageText.Shape(found)}, but a table has rows and columns; save the state "
            + "dictionary again");
        return rows == shape.VocabularySize + form.Rows ? (int)rows
            : throw new InputException(
                $"{weights.Path}: its table has {rows} rows, but the base has {shape.VocabularySize} and {form.Rows} are appended; name "
                + "the base that it was trained from with --base");
    }

    private static TextTokenizer TokenizerOf(ImportOptions options, int first, PublishedForm form)
    {
        var names = Enumerable.Range(0, form.Rows).Select(row => row == form.Start ? StudentMarkers.Texts[0]
            : row == form.End ? StudentMarkers.Texts[1] : row > form.End ? StudentMarkers.Latent : null).ToArray();
        var before = first + Array.FindIndex(names, name => name is not null);
        var own = StageModel.FindTokenizer(options.Base, null) ?? throw new InputException(
            $"--base {options.Base}: has no tokenizer.json; put the base's tokenizer beside its config.json");
        var tokenizer = own.WithSpecialTokens(names.OfType<string>(), Enumerable.Range(0, before).ToHashSet());
        return tokenizer.TokenToId(StudentMarkers.Texts[0]) == first + form.Start ? tokenizer
            : throw new InputException(
                $"{tokenizer.Path}: has ids from {first} on, which the checkpoint gives to its markers; name the tokenizer's own base");
    }

    private static ReasoningModel Filled(
        PublishedWeights weights, DecoderConfig config, int first, PublishedForm form, PublishedProjection projection)
    {
        var fit = WeightFit.Of(weights, config);
        var special = new SpecialIds(first + form.Start, first + form.End, config.EosIds[0]);
        var model = new ReasoningModel(fit.Config, 0, special, projection.Shape, Precision.Full, CPU, filled: fit.Names.Keys.ToHashSet());
        try
        {
            using var guard = no_grad();
            foreach (var (parameter, tensor) in fit.Names)
            {
                using var scope = NewDisposeScope();
                var target = model.Parameters.Part(parameter);
                weights.CopyInto(tensor, target);
                if (!FiniteWeights.Are(target))
                {
                    throw new InputException(weights.FaultOf(tensor));
                }
            }

            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static ReasoningCard CardOf(
        MethodFacts facts, PublishedForm form, ImportOptions options, ReasoningModel model, FeedbackProjection projection) => new()
        {
            Method = facts.Name,
            Form = form.Form,
            Reasoning = form.Reasoning(options.LatentSteps ?? form.Steps),
            AnswerPrefix = form.AnswerPrefix,
            PrefixIds = [],
            Special = model.Special,
            EndIds = [model.Special.Eos],
            Projection = projection.Kind,
            ProjectionWidth = projection.Width,
        };
}
