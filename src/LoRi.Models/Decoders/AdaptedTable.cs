using LoRi.Files;
using LoRi.Files.Text;

namespace LoRi.Models.Decoders;

/// <summary>
/// What an adapter's files may say of a table as a whole: the embedding's, or the head's, which a tied model has as well. peft saves tables
/// beside its adapters (<c>save_embedding_layers</c>, <c>modules_to_save</c>), and adapters on them.
/// </summary>
/// <param name="Table">The stored parameter.</param>
/// <param name="IsHead">Whether it is the head.</param>
/// <param name="Rank">Rank of the adapter on it; 0 for none.</param>
/// <param name="Scaling">What the adapter's product is multiplied by.</param>
/// <param name="Saved">Whether it was trained as a whole, apart from a table that it is tied to.</param>
public sealed record AdaptedTable(string Table, bool IsHead, int Rank, double Scaling, bool Saved)
{
    /// <summary>The names that the whole table may have in peft's files.</summary>
    public IReadOnlyList<string> Whole => [$"{Module}.weight", $"{Module}.base_layer.weight"];

    /// <summary>Name of the matrix A in peft's files: rank x width, of an embedding rank x rows.</summary>
    public string A => IsHead ? $"{Module}.lora_A.weight" : $"{Module}.lora_embedding_A";

    /// <summary>Name of the matrix B in peft's files: rows x rank, of an embedding width x rank.</summary>
    public string B => IsHead ? $"{Module}.lora_B.weight" : $"{Module}.lora_embedding_B";

    private string Module => AdapterPlan.Prefix + NameOf(Table);

    /// <summary>The module of a table.</summary>
    /// <param name="table">The name of a table of rows, such as the embedding's weight.</param>
    public static string NameOf(string table) => table[..^".weight".Length];

    /// <summary>Both tables of a model, as a configuration means them.</summary>
    /// <param name="config">The adapters' configuration.</param>
    /// <param name="shape">The shape of the model that is adapted.</param>
    /// <param name="place">The file or option that the configuration comes from, for messages.</param>
    /// <exception cref="InputException">
    /// A module that is to be replaced is no table, or what is tied is to stay so although it is changed apart.
    /// </exception>
    public static IReadOnlyList<AdaptedTable> Of(AdapterConfig config, DecoderConfig shape, string place)
    {
        string[] tables = [DecoderLayout.Embedding(shape), DecoderLayout.Head];
        if (config.SavedModules.FirstOrDefault(name => !tables.Any(table => ModuleSelection.IsNamed(NameOf(table), name))) is { } other)
        {
            throw new InputException(
                $"{place}: modules_to_save names {MessageText.Quote(other)}; of whole modules "
                + $"only {string.Join(" and ", tables.Select(NameOf))} are supported; merge this adapter into its base with the program "
                + "that made it");
        }

        AdaptedTable[] all = [.. tables.Select(table => One(config, table))];
        return shape.TiedHead && config.KeepsTables && all.Any(table => table.IsApart)
            ? throw new InputException(
                $"{place}: ensure_weight_tying is true, and tables that are tied have adapters or are replaced; that is not supported, "
                + "merge this adapter into its base with the program that made it")
            : all;
    }

    /// <summary>The shapes of the adapter's matrices.</summary>
    /// <param name="shape">The shape of the model that is adapted.</param>
    public IEnumerable<(string Name, long[] Shape)> Shapes(DecoderConfig shape)
    {
        long rows = shape.VocabularySize, width = shape.HiddenSize;
        return Rank == 0 ? []
            : IsHead ? [(A, [Rank, width]), (B, [rows, Rank])]
            : [(A, [Rank, rows]), (B, [width, Rank])];
    }

    /// <summary>Whether it is changed without the table that it is tied to.</summary>
    public bool IsApart => Rank > 0 || Saved;

    private static AdaptedTable One(AdapterConfig config, string table)
    {
        var module = NameOf(table);
        var adapted = config.Targets?.Matches(module) == true && config.Excluded?.Matches(module) != true && config.Layers is null;
        return new AdaptedTable(
            table,
            table == DecoderLayout.Head,
            adapted ? config.RankOf(module) : 0,
            adapted ? config.ScalingOf(module) : 0,
            config.SavedModules.Any(name => ModuleSelection.IsNamed(module, name)));
    }
}
