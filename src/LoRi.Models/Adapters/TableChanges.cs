using LoRi.Files;
using LoRi.Files.Safetensors;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using LoRi.Models.Weights;
using static TorchSharp.torch;

namespace LoRi.Models.Adapters;

/// <summary>
/// Puts what an adapter's file holds of whole tables into the base's, where it stays: it is the same when the adapter is merged.
/// </summary>
internal static class TableChanges
{
    /// <summary>The whole tables that a file holds, by name.</summary>
    /// <exception cref="InputException">One has other sizes than the model's.</exception>
    public static IReadOnlyList<string> Whole(SafetensorsFile file, IReadOnlyList<AdaptedTable> tables, DecoderConfig shape)
    {
        long[] wanted = [shape.VocabularySize, shape.HiddenSize];
        string[] found = [.. tables.SelectMany(table => table.Whole).Where(name => file.Find(name) is not null)];
        return found.FirstOrDefault(name => !file.Get(name).Shape.SequenceEqual(wanted)) is { } other
            ? throw new InputException(
                $"{file.Path}: {other} is {MessageText.Shape(file.Get(other).Shape)}, but the model's table "
                + $"is {MessageText.Shape(wanted)}; the adapter was trained on a table of another size, name the base that has it")
            : found;
    }

    /// <summary>Applies them to a model whose tables are apart where the adapter changes them apart.</summary>
    /// <exception cref="InputException">Two copies of one table differ, or a value is NaN or infinite.</exception>
    public static void Apply(SafetensorsFile file, IReadOnlyList<AdaptedTable> tables, ReasoningModel model)
    {
        using var guard = no_grad();
        foreach (var table in tables)
        {
            using var scope = NewDisposeScope();
            var name = model.Config.TiedHead && table.IsHead ? DecoderLayout.Embedding(model.Config) : table.Table;
            var target = model.Parameters.Part(name).narrow(0, 0, model.Config.VocabularySize);
            Replace(file, table, target, model.Config.TiedHead && table.IsHead && tables[0].Whole.Any(one => file.Find(one) is not null));
            Add(file, table, target);
            if (!target.sum().isfinite().item<bool>() && !target.isfinite().all().item<bool>())
            {
                throw new InputException(
                    $"{file.Path}: what it holds of {name} gives NaN or infinity; the adapter is damaged, fetch it again");
            }
        }
    }

    private static void Replace(SafetensorsFile file, AdaptedTable table, Tensor target, bool again)
    {
        if (table.Whole.FirstOrDefault(one => file.Find(one) is not null) is not { } name)
        {
            return;
        }

        using var values = file.ReadTensor(name, target.dtype);
        if (again && !values.to(target.device).eq(target).all().item<bool>())
        {
            throw new InputException(
                $"{file.Path}: {name} and the embedding are two different tables, but the model ties them; untie the base "
                + "(tie_word_embeddings), or save the adapter without tables");
        }

        target.copy_(values);
    }

    private static void Add(SafetensorsFile file, AdaptedTable table, Tensor target)
    {
        if (table.Rank == 0)
        {
            return;
        }

        var wide = target.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        var (a, b) = (file.ReadTensor(table.A, wide).to(target.device), file.ReadTensor(table.B, wide).to(target.device));
        var product = table.IsHead ? b.matmul(a) : a.t().matmul(b.t());
        target.copy_(target.to(wide).Plus(product.Times(table.Scaling)));
    }
}
