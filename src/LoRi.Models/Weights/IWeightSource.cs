using System.Text.Json.Nodes;
using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>A tensor of a checkpoint, under the name that it has in Hub checkpoints.</summary>
/// <param name="Name">The name, for example <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
/// <param name="Shape">The size of every dimension, slowest first.</param>
/// <param name="Dtype">The element type in the file, for example <c>BF16</c> or <c>Q4_1</c>.</param>
public sealed record WeightInfo(string Name, IReadOnlyList<long> Shape, string Dtype);

/// <summary>
/// The weights and the configuration of a model, whatever files they are in. Names and configuration are those of the Hub.
/// </summary>
internal interface IWeightSource : IDisposable
{
    /// <summary>The file or folder that was opened.</summary>
    string Path { get; }

    /// <summary>All tensors.</summary>
    IReadOnlyList<WeightInfo> Tensors { get; }

    /// <summary>The model's configuration, with the keys of a Hub <c>config.json</c>.</summary>
    JsonObject Config { get; }

    /// <summary>What was passed over when it was opened, for the user to read.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>What the configuration is read from, for messages.</summary>
    string ConfigName => "config.json";

    /// <summary>What the file itself calls a tensor, for messages.</summary>
    string StoredName(string name) => name;

    /// <summary>The element types that weights can be read from, for messages.</summary>
    string ReadableTypes { get; }

    /// <summary>Whether tensors of an element type can be read.</summary>
    bool CanRead(string dtype);

    /// <summary>A new tensor on the CPU, which the caller owns.</summary>
    torch.Tensor Read(string name, torch.ScalarType type);

    /// <summary>Fills a tensor of the same shape, of any type and on any device, without a second copy of the whole.</summary>
    void CopyInto(string name, torch.Tensor destination);
}

/// <summary>Weights whose bytes can be had as well as their values.</summary>
internal interface IStoredWeightSource : IWeightSource
{
    /// <summary>Fills a uint8 tensor on the CPU with the bytes of a tensor, row after row in the Hub's order.</summary>
    void CopyStored(string name, torch.Tensor destination);
}
