using LoRi.Files;
using LoRi.Models.Decoders;
using LoRi.Models.Tensors;
using LoRi.Models.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace LoRi.Models.ModelFiles;

/// <summary>
/// Reads the matrices of a model that stay in memory as they are stored, or are rounded to a shorter form. It holds them until the model
/// has them, and disposes of those that no model took.
/// </summary>
/// <param name="source">The weights.</param>
/// <param name="fit">Which of them are the model's.</param>
/// <param name="storage">How they are to lie in memory.</param>
internal sealed class StoredWeights(IStoredWeightSource source, WeightFit fit, WeightStorage storage) : IDisposable
{
    private readonly Dictionary<string, string> types = source.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Dtype);

    private readonly Dictionary<string, StoredMatrix> matrices = [];
    private int widened;

    /// <summary>What is to be said of matrices that were to be rounded and could not be.</summary>
    public IEnumerable<string> Notes => widened > 0 && storage != WeightStorage.AsStored
        ? [$"{widened} matrices stay float32: their rows are no multiple of {StoredForm.BlockValues}, or they are too large"]
        : [];

    /// <summary>Whether a model that is loaded so computes on stored matrices: in float32, on the CPU.</summary>
    public static bool AreIn(LoadSettings settings) => settings.Storage != WeightStorage.Widened
        && settings.Precision == Precision.Full && settings.Device.type == DeviceType.CPU;

    /// <summary>Reads the matrices: the tables and the maps of all blocks of which some part has a form shorter than float32.</summary>
    /// <exception cref="InputException">A weight is NaN or infinite, or too large for the form.</exception>
    public void Read()
    {
        foreach (var (slot, isInputFirst) in Slots())
        {
            if (Room(slot, isInputFirst) is { } matrix)
            {
                matrices[slot.Name] = matrix;
                Fill(slot, isInputFirst, matrix);
            }
        }
    }

    /// <summary>Makes a model of what was read, which owns the matrices from then on.</summary>
    /// <param name="make">Makes it of the matrices by slot; where it throws, they stay here.</param>
    public ReasoningModel HandTo(Func<IReadOnlyDictionary<string, StoredMatrix>, ReasoningModel> make)
    {
        var model = make(new Dictionary<string, StoredMatrix>(matrices));
        matrices.Clear();
        return model;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var matrix in matrices.Values)
        {
            matrix.Dispose();
        }

        matrices.Clear();
    }

    private IEnumerable<(ParameterSlot Slot, bool InputFirst)> Slots()
    {
        var tables = DecoderLayout.Tables(fit.Config).ToHashSet();
        var maps = Enumerable.Range(0, fit.Config.Layers).SelectMany(layer => DecoderLayout.Block(fit.Config, layer).Maps)
            .ToDictionary(map => map.Matrix, map => map.InputFirst);
        return DecoderLayout.Slots(fit.Config, 0).Where(slot => tables.Contains(slot.Name) || maps.ContainsKey(slot.Name))
            .Select(slot => (slot, maps.GetValueOrDefault(slot.Name)));
    }

    private StoredMatrix? Room(ParameterSlot slot, bool isInputFirst)
    {
        var (rows, columns) = isInputFirst ? (slot.Shape[1], slot.Shape[0]) : (slot.Shape[0], slot.Shape[1]);
        var parts = slot.Parts.Select(part => (Form: FormOf(part), Rows: isInputFirst ? rows : part.Rows)).ToArray();
        if (parts.All(part => part.Form == StoredForm.Single))
        {
            return null;
        }

        if (StoredMatrix.CanHold(rows, columns) && parts.All(part => StoredMatrix.CanHold(part.Rows, columns)))
        {
            return new StoredMatrix((int)columns, parts);
        }

        widened++;
        return null;
    }

    /// <summary>The form that is asked for, or the file's own where that takes no more: nothing is rounded without a gain.</summary>
    private StoredForm FormOf(ParameterPart part)
    {
        var own = StoredForm.Find(types[fit.Names[part.Name]]);
        var asked = storage switch
        {
            WeightStorage.Brain => StoredForm.Brain,
            WeightStorage.EightBit => StoredForm.EightBit,
            _ => own ?? StoredForm.Single,
        };
        return own is not null && own.BlockBytes <= asked.BlockBytes ? own : asked;
    }

    private void Fill(ParameterSlot slot, bool isInputFirst, StoredMatrix matrix)
    {
        foreach (var (part, rows) in slot.Parts.Zip(matrix.Parts))
        {
            var name = fit.Names[part.Name];
            if (!isInputFirst && rows.Form.Name == types[name])
            {
                source.CopyStored(name, rows.Bytes);
                FiniteWeights.Check(source.Path, name, matrix.AreFinite(rows));
                continue;
            }

            using var scope = NewDisposeScope();
            var values = source.Read(name, ScalarType.Float32);
            FiniteWeights.Check(source.Path, name, values);
            WeightRounding.Into(rows, isInputFirst ? values.t().contiguous() : values);

            if (!matrix.AreFinite(rows))
            {
                throw new InputException(
                    $"{source.Path}: {name} holds a number that is too large for {rows.Form.Name}, to which it would be rounded; give "
                    + (storage == WeightStorage.EightBit ? "--weights as-stored" : "--dtype float32"));
            }
        }
    }
}
