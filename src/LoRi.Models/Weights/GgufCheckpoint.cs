using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Gguf;
using LoRi.Files.Text;
using TorchSharp;

namespace LoRi.Models.Weights;

/// <summary>
/// A GGUF file of architecture <c>llama</c> or <c>qwen2</c>, seen as a Hub checkpoint: names and configuration are the Hub's,
/// values are float32, and the rows of llama's query and key projections are put back into the order that rotate-half rotary
/// embedding needs (those of qwen2 already are).
/// </summary>
internal sealed class GgufCheckpoint : IStoredWeightSource
{
    private const string Llama = "llama", Qwen2 = "qwen2";

    private static readonly string[] EndKeys =
        ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

    /// <summary>Rows, and their biases, that converters put into another order.</summary>
    private static readonly string[] Permuted =
        ["self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.q_proj.bias", "self_attn.k_proj.bias"];

    private readonly Dictionary<string, GgufTensor> byHubName = new(StringComparer.Ordinal);
    private readonly string architecture;
    private readonly int headSize;

    /// <summary>Sees an open file as a checkpoint and takes it over: it is closed with the checkpoint.</summary>
    /// <exception cref="InputException">The architecture is another one, or hyper-parameters or tensors do not fit it.</exception>
    public GgufCheckpoint(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        File = file;
        GgufSplit.Refuse(file);
        architecture = Architecture();
        foreach (var tensor in file.Tensors.Where(IsWeight))
        {
            var name = GgufNames.ToHub(tensor.Name) ?? throw new InputException(
                $"{Path}: the tensor {MessageText.Quote(tensor.Name)} is not part of a plain {architecture} model; this variant is not "
                + "supported");
            byHubName.Add(name, tensor);
        }

        Config = BuildConfig();
        headSize = (int)Config["head_dim"]!;
        CheckLayers((long)Config["num_hidden_layers"]!);
        GgufBiases.Check(this, byHubName.Keys, architecture == Qwen2, (long)Config["num_hidden_layers"]!);
        CheckPermutedRows();
        Tensors = [.. file.Tensors.Where(IsWeight)
            .Select(tensor => new WeightInfo(GgufNames.ToHub(tensor.Name)!, tensor.Shape, tensor.Type.Name))];
    }

    /// <summary>The file itself: metadata, and tensors under their own names.</summary>
    public GgufFile File { get; }

    /// <inheritdoc/>
    public string Path => File.Path;

    /// <inheritdoc/>
    public IReadOnlyList<WeightInfo> Tensors { get; }

    /// <inheritdoc/>
    public JsonObject Config { get; }

    /// <inheritdoc/>
    public string ConfigName => "its metadata";

    /// <inheritdoc/>
    public string StoredName(string name) => GgufNames.FromHub(name) ?? name;

    /// <inheritdoc/>
    public string ReadableTypes => GgufDequantizer.Names;

    /// <inheritdoc/>
    public bool CanRead(string dtype) => GgufDequantizer.CanRead(dtype);

    /// <summary>Opens a file.</summary>
    /// <exception cref="InputException">The file cannot be read, is malformed or is of another architecture.</exception>
    public static GgufCheckpoint Open(string path)
    {
        var file = GgufFile.Open(path);
        try
        {
            return new GgufCheckpoint(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>All values of a tensor as float32, rows first and in the Hub's order.</summary>
    public float[] ReadFloats(string name)
    {
        var tensor = Get(name);
        var values = new float[checked(tensor.Rows * tensor.RowValues)];
        if (tensor.Shape.Count > 1 || !IsPermuted(name))
        {
            File.Dequantize(tensor, 0, values, RowOrder(name));
            return values;
        }

        File.Dequantize(tensor, 0, values, row => row);
        var order = RowOrder(name);
        return [.. values.Select((_, at) => values[order(at)])];
    }

    /// <inheritdoc/>
    public torch.Tensor Read(string name, torch.ScalarType type)
    {
        var tensor = torch.empty([.. Get(name).Shape], type);
        CopyInto(name, tensor);
        return tensor;
    }

    /// <inheritdoc/>
    public void CopyInto(string name, torch.Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var tensor = Get(name);
        if (!tensor.Shape.SequenceEqual(destination.shape))
        {
            throw new InputException(
                $"{Path}: tensor {MessageText.Quote(name)} has shape {MessageText.Shape(tensor.Shape)} "
                + $"where {MessageText.Shape(destination.shape)} is wanted; the file belongs to another model");
        }

        if (IsPermuted(name) && tensor.Shape.Count == 1)
        {
            using var bias = torch.tensor(ReadFloats(name));
            destination.copy_(bias);
            return;
        }

        var order = RowOrder(name);
        TensorTransfer.Fill(
            (first, buffer) => File.Dequantize(
                tensor, first / tensor.RowValues, MemoryMarshal.Cast<byte, float>(buffer), order),
            torch.ScalarType.Float32,
            destination,
            tensor.RowValues);
    }

    /// <inheritdoc/>
    public void CopyStored(string name, torch.Tensor destination)
    {
        var (tensor, order) = (Get(name), RowOrder(name));
        TensorTransfer.Fill((first, buffer) => File.CopyRows(tensor, first / tensor.RowBytes, buffer, order), torch.ScalarType.Byte,
            destination, tensor.RowBytes);
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();

    private GgufTensor Get(string name) => byHubName.GetValueOrDefault(name) ?? throw new InputException(
        $"{Path}: there is no tensor {MessageText.Quote(StoredName(name))} among the {File.Tensors.Count} of the file; the file is "
        + "incomplete");

    /// <summary>
    /// Where each row lies in the file. Converters interleave the two halves of each query and key head: the file's row
    /// 2j + s of a head is the Hub's row s * size / 2 + j.
    /// </summary>
    private Func<long, long> RowOrder(string name)
    {
        if (!IsPermuted(name))
        {
            return row => row;
        }

        long size = headSize, half = size / 2;
        return row =>
        {
            var within = row % size;
            return row - within + (2 * (within % half)) + (within / half);
        };
    }

    private bool IsPermuted(string name) => architecture == Llama
        && Permuted.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));

    private string Architecture()
    {
        var found = File.FindString("general.architecture");
        if (found is not (Llama or Qwen2))
        {
            throw new InputException(
                $"{Path}: general.architecture is {MessageText.Quote(found ?? "")}; only {Llama} and {Qwen2} are supported, use a Hub "
                + "folder for other models");
        }

        return File.FindInteger($"{found}.expert_count") is > 0
            ? throw new InputException($"{Path}: {found}.expert_count is not 0; mixtures of experts are not supported")
            : found;
    }

    private static bool IsWeight(GgufTensor tensor) => tensor.Name != GgufRotary.Table;

    /// <summary>The name of a hyper-parameter, which the architecture begins.</summary>
    private string Key(string name) => $"{architecture}.{name}";

    private void CheckLayers(long layers)
    {
        var named = byHubName.Keys.Count(name => name.EndsWith(".input_layernorm.weight", StringComparison.Ordinal));
        var last = byHubName.ContainsKey($"model.layers.{layers - 1}.input_layernorm.weight");
        if (named != layers || !last)
        {
            throw new InputException(
                $"{Path}: {Key("block_count")} is {layers} but the file has tensors of {named} "
                + $"blocks; {GgufSplit.Part(Path) ?? "the file is incomplete"}");
        }
    }

    private void CheckPermutedRows()
    {
        foreach ((var name, var tensor) in byHubName)
        {
            var bias = name.EndsWith(".bias", StringComparison.Ordinal);
            if (IsPermuted(name)
                && (tensor.Shape.Count != (bias ? 1 : 2) || (bias ? tensor.RowValues : tensor.Rows) % headSize != 0 || headSize % 2 != 0))
            {
                throw new InputException(
                    $"{Path}: tensor {MessageText.Quote(tensor.Name)} has shape {MessageText.Shape(tensor.Shape)}, "
                    + $"not whole heads of {headSize} rows; the hyper-parameters do not fit the tensors");
            }
        }
    }

    /// <summary>The configuration as if it had been read from a file, so that numbers convert to any type that holds them.</summary>
    private JsonObject BuildConfig()
    {
        long width = Positive(Key("embedding_length")), heads = Positive(Key("attention.head_count"), perBlock: true);
        var headSize = File.FindInteger(Key("attention.key_length")) ?? File.FindInteger(Key("rope.dimension_count")) ?? width / heads;
        var rotary = File.FindInteger(Key("rope.dimension_count")) ?? headSize;
        if (headSize is <= 0 or > 1 << 16 || rotary != headSize)
        {
            throw new InputException(
                $"{Path}: heads of {headSize} values with {rotary} rotated ones are not supported; use the model's Hub folder");
        }

        JsonObject config = new()
        {
            ["architectures"] = new JsonArray(architecture == Llama ? "LlamaForCausalLM" : "Qwen2ForCausalLM"),
            ["model_type"] = architecture,
            ["hidden_act"] = "silu",
            ["hidden_size"] = width,
            ["intermediate_size"] = Positive(Key("feed_forward_length"), perBlock: true),
            ["num_hidden_layers"] = Positive(Key("block_count")),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = File.FindIntegerOfBlocks(Key("attention.head_count_kv")) ?? heads,
            ["head_dim"] = headSize,
            ["vocab_size"] = File.FindInteger(Key("vocab_size")) ?? Get("model.embed_tokens.weight").Rows,
            ["rms_norm_eps"] = PositiveNumber(Key("attention.layer_norm_rms_epsilon"), null),
            ["rope_theta"] = PositiveNumber(Key("rope.freq_base"), 10000.0),
            ["rope_scaling"] = GgufRotary.Scaling(File, architecture, headSize),
            ["max_position_embeddings"] = Positive(Key("context_length")),
            ["tie_word_embeddings"] = !byHubName.ContainsKey("lm_head.weight"),
        };
        if (architecture == Llama)
        {
            config["attention_bias"] = GgufBiases.OfAttention(byHubName.Keys);
            config["mlp_bias"] = GgufBiases.OfFeedForward(byHubName.Keys);
        }

        CheckWindow((long)config["max_position_embeddings"]!);
        AddId(config, "bos_token_id", "tokenizer.ggml.bos_token_id");
        config["eos_token_id"] = EndIds();
        AddId(config, "pad_token_id", "tokenizer.ggml.padding_token_id");
        return (JsonObject)JsonNode.Parse(config.ToJsonString())!;
    }

    /// <summary>The end of a text, of a turn and of a message, as far as the file names them; null for none.</summary>
    private JsonNode? EndIds()
    {
        long[] ids = [.. EndKeys.Select(key => File.FindInteger(key)).OfType<long>().Distinct()];
        return ids.Length switch { 0 => null, 1 => ids[0], _ => new JsonArray([.. ids.Select(id => (JsonNode)id)]) };
    }

    /// <summary>
    /// Neither architecture has a sliding window where its reference implementation runs it: one that would matter is refused.
    /// </summary>
    private void CheckWindow(long positions)
    {
        var key = Key("attention.sliding_window");
        if (File.FindInteger(key) is long window && window > 0 && window < positions)
        {
            throw new InputException(
                $"{Path}: {key} is {window}, below the {positions} positions; sliding windows of GGUF files are not supported, use the "
                + "model's Hub folder");
        }
    }

    private void AddId(JsonObject config, string name, string key)
    {
        if (File.FindInteger(key) is long id)
        {
            config[name] = id;
        }
    }

    private long Positive(string key, bool perBlock = false)
    {
        var value = File.Required(key, perBlock ? File.FindIntegerOfBlocks(key) : File.FindInteger(key));
        return value is > 0 and <= int.MaxValue
            ? value
            : throw new InputException($"{Path}: {key} is {value}, which no model has; the file is damaged");
    }

    private double PositiveNumber(string key, double? absent)
    {
        var value = File.Required(key, File.FindNumber(key) ?? absent);
        return double.IsFinite(value) && value > 0
            ? value
            : throw new InputException($"{Path}: {key} is {value}, which no model has; the file is damaged");
    }
}
