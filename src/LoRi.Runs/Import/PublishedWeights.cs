using System.Globalization;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Tensors;
using LoRi.Models.Weights;
using LoRi.Training.Methods;
using static TorchSharp.torch;

namespace LoRi.Runs.Import;

/// <summary>
/// The weights of a published state dictionary under the names of the Hub, its low-rank adapters merged in as they are read. What belongs
/// to no base model keeps its name, so that it is complained about.
/// </summary>
internal sealed class PublishedWeights : IWeightSource
{
    private const string A = ".lora_A.default.weight", B = ".lora_B.default.weight", Frozen = ".base_layer.";

    private readonly SafetensorsCheckpoint file;
    private readonly double alpha;
    private readonly bool inputFirst;
    private readonly Dictionary<string, WeightInfo> weights = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (WeightInfo? A, WeightInfo? B)> adapters = new(StringComparer.Ordinal);

    /// <summary>Sorts the tensors of a file; the caller keeps the file.</summary>
    /// <param name="file">The state dictionary.</param>
    /// <param name="form">How it is stored.</param>
    /// <param name="config">The base model's configuration.</param>
    /// <param name="alpha">What adapters are scaled by, over their rank.</param>
    /// <exception cref="InputException">An adapter lacks a half, or does not fit its weight.</exception>
    public PublishedWeights(SafetensorsCheckpoint file, PublishedForm form, JsonObject config, double alpha)
    {
        (this.file, this.alpha, Config) = (file, alpha, config);
        inputFirst = config["model_type"]?.ToString() == "gpt2";
        foreach (var tensor in file.Tensors.Where(tensor => !form.Copies.Contains(tensor.Name) && !IsOfProjection(tensor.Name, form)))
        {
            Sort(tensor, form.Prefix);
        }

        foreach (var name in adapters.Keys)
        {
            Check(name);
        }
    }

    /// <inheritdoc/>
    public string Path => file.Path;

    /// <inheritdoc/>
    public JsonObject Config { get; }

    /// <inheritdoc/>
    public IReadOnlyList<WeightInfo> Tensors => [.. weights.Select(pair => pair.Value with { Name = pair.Key })];

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => file.Notes;

    /// <inheritdoc/>
    public string ReadableTypes => file.ReadableTypes;

    /// <summary>How many weights have adapters.</summary>
    public int Adapted => adapters.Count;

    /// <inheritdoc/>
    public string StoredName(string name) => weights.TryGetValue(name, out var found) ? found.Name : name;

    /// <inheritdoc/>
    public bool CanRead(string dtype) => file.CanRead(dtype);

    /// <inheritdoc/>
    public Tensor Read(string name, ScalarType type)
    {
        var values = empty([.. weights[name].Shape], type);
        CopyInto(name, values);
        return values;
    }

    /// <summary>Fills a tensor with the weight and what its adapter adds, <c>W + alpha / r B A</c>.</summary>
    public void CopyInto(string name, Tensor destination)
    {
        file.CopyInto(weights[name].Name, destination);
        if (!adapters.TryGetValue(name, out var adapter))
        {
            return;
        }

        using var scope = NewDisposeScope();
        var (a, b) = (file.Read(adapter.A!.Name, ScalarType.Float32), file.Read(adapter.B!.Name, ScalarType.Float32));
        var product = b.matmul(a).Times(alpha / a.shape[0]);
        var sum = destination.to(ScalarType.Float32).Plus(inputFirst ? product.t() : product);
        destination.copy_(sum);
    }

    /// <summary>The file is the caller's.</summary>
    public void Dispose()
    {
    }

    /// <summary>Why a weight, as it was read, holds what is no number: the file's fault, or that of the adapters' scale.</summary>
    public string FaultOf(string name)
    {
        var stored = adapters.TryGetValue(name, out var adapter)
            ? new[] { weights[name].Name, adapter.A!.Name, adapter.B!.Name }
            : [weights[name].Name];
        using var scope = NewDisposeScope();
        return stored.FirstOrDefault(one => !FiniteWeights.Are(file.Read(one, ScalarType.Float32))) is { } damaged
            ? $"{Path}: {damaged} holds NaN or infinity; the checkpoint is damaged, fetch it again"
            : string.Create(CultureInfo.InvariantCulture,
                $"--lora-alpha {alpha:R}: makes {weights[name].Name} larger than float32 holds; give what the adapters were trained with");
    }

    private static bool IsOfProjection(string name, PublishedForm form) =>
        form.Projection is { } prefix && name.StartsWith(prefix, StringComparison.Ordinal);

    private void Sort(WeightInfo tensor, string prefix)
    {
        var name = tensor.Name.StartsWith(prefix, StringComparison.Ordinal) ? tensor.Name[prefix.Length..] : tensor.Name;
        if (name.EndsWith(A, StringComparison.Ordinal))
        {
            var of = name[..^A.Length] + ".weight";
            adapters[of] = (tensor, adapters.GetValueOrDefault(of).B);
        }
        else if (name.EndsWith(B, StringComparison.Ordinal))
        {
            var of = name[..^B.Length] + ".weight";
            adapters[of] = (adapters.GetValueOrDefault(of).A, tensor);
        }
        else
        {
            weights[name.Replace(Frozen, ".", StringComparison.Ordinal)] = tensor;
        }
    }

    private void Check(string name)
    {
        var (a, b) = adapters[name];
        if (a is null || b is null || !weights.TryGetValue(name, out var weight))
        {
            var missing = a is null || b is null ? "other half" : "weight";
            throw new InputException(
                $"{Path}: {MessageText.Quote((a ?? b)!.Name)} is half of an adapter whose {missing} is not there; the checkpoint is "
                + "incomplete, fetch it again");
        }

        if (a.Shape is not [>= 1, var inputs] || b.Shape is not [var outputs, var rank] || a.Shape[0] != rank
            || !weight.Shape.SequenceEqual(inputFirst ? [inputs, outputs] : [outputs, inputs]))
        {
            throw new InputException(
                $"{Path}: {MessageText.Quote(a.Name)} is {MessageText.Shape(a.Shape)} and its other half {MessageText.Shape(b.Shape)}, "
                + $"which is no adapter of a weight of {MessageText.Shape(weight.Shape)}; the checkpoint belongs to another base");
        }
    }
}
