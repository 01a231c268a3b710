using LoRi.Files.Disk;
using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>
/// All trained parameters in one flat buffer, decayed ones first, with their gradients in a second one: every parameter is a
/// view, so an optimizer step is a handful of calls whatever the number of parameters. Frozen parameters lie in a buffer of
/// their own, which has no gradient and no part in an optimizer's state.
/// </summary>
public sealed class ParameterSet : IDisposable
{
    private readonly Dictionary<string, Tensor> parameters = [];
    private readonly Dictionary<string, (string Slot, ParameterPart Part)> parts = [];
    private readonly IReadOnlyDictionary<string, StoredMatrix> stored;
    private Tensor? gradients;

    /// <summary>Names of the parameters that learn at present; null for all.</summary>
    private HashSet<string>? Learning { get; set; }

    /// <summary>
    /// Allocates parameters for the slots: zeroed, but for those whose parts the caller names in <paramref name="filled"/>, because it
    /// fills them at once. Clearing hundreds of megabytes first would cost more than reading them.
    /// </summary>
    /// <param name="slots">Names and shapes, in the order in which the values lie.</param>
    /// <param name="dtype">The type in which the values are kept.</param>
    /// <param name="device">Where they are kept.</param>
    /// <param name="filled">Names of the parts that the caller overwrites at once; none where null.</param>
    public ParameterSet(IEnumerable<ParameterSlot> slots, ScalarType dtype, Device device, IReadOnlySet<string>? filled = null)
        : this(slots, dtype, device, filled, new Dictionary<string, StoredMatrix>())
    {
    }

    /// <summary>
    /// The same with matrices that stay as they are stored, by slot: they belong to the set, are never trained, and have no tensor of
    /// values; what stands for them among the parameters has their shape alone.
    /// </summary>
    internal ParameterSet(
        IEnumerable<ParameterSlot> slots, ScalarType dtype, Device device, IReadOnlySet<string>? filled,
        IReadOnlyDictionary<string, StoredMatrix> stored)
    {
        this.stored = stored;
        Slots = [.. slots.Select(slot => stored.ContainsKey(slot.Name) ? slot with { Trained = false } : slot)
            .OrderBy(slot => slot.Trained ? 0 : 1).ThenBy(slot => slot.Decay ? 0 : 1)];
        using (NewDisposeScope())
        {
            var trained = Slots.Where(slot => slot.Trained).Sum(slot => slot.Count);
            Values = empty(trained, dtype, device).DetachFromDisposeScope();
            Frozen = empty(Slots.Where(HasValues).Sum(slot => slot.Count) - trained, dtype, device).DetachFromDisposeScope();
            foreach (var slot in Slots.Where(slot => stored.ContainsKey(slot.Name)))
            {
                parameters[slot.Name] = empty(slot.Shape, dtype, META).DetachFromDisposeScope();
            }

            var offset = 0L;
            foreach (var slot in Slots.Where(HasValues))
            {
                parameters[slot.Name] = slot.Trained ? View(slot, offset) : FrozenView(slot, offset - trained);
                if (filled is null || slot.Parts.Count == 0 || !slot.Parts.All(part => filled.Contains(part.Name)))
                {
                    Clear(slot.Name);
                }

                offset += slot.Count;
            }

            foreach (var slot in Slots)
            {
                foreach (var part in slot.Parts)
                {
                    parts[part.Name] = (slot.Name, part);
                }
            }
        }
    }

    /// <summary>The parameters' layout, in storage order.</summary>
    public IReadOnlyList<ParameterSlot> Slots { get; }

    /// <summary>All trained values, one dimension.</summary>
    public Tensor Values { get; }

    /// <summary>All frozen values, one dimension.</summary>
    public Tensor Frozen { get; }

    /// <summary>
    /// All gradients, in the same order. Made when first asked for, which must be before the first backward pass: a model that is
    /// only asked needs none.
    /// </summary>
    public Tensor Gradients => gradients ??= MakeGradients();

    /// <summary>
    /// Which of the trained parameters learn at present; the others get no gradient and no update. All of them at first.
    /// </summary>
    /// <param name="learns">Chooses them; null for all.</param>
    public void Learn(Func<ParameterSlot, bool>? learns)
    {
        Learning = learns is null ? null : [.. Slots.Where(slot => slot.Trained && learns(slot)).Select(slot => slot.Name)];
        foreach (var slot in Slots.Where(slot => slot.Trained))
        {
            parameters[slot.Name].requires_grad_(Learning?.Contains(slot.Name) != false);
        }
    }

    /// <summary>
    /// The runs of trained values that learn at present, from and to, and whether they are decayed; neighbours that are treated
    /// alike are one.
    /// </summary>
    /// <param name="decayAll">Whether all are decayed.</param>
    public IReadOnlyList<(long From, long To, bool Decay)> LearningRanges(bool decayAll)
    {
        var (ranges, offset) = (new List<(long From, long To, bool Decay)>(), 0L);
        foreach (var slot in Slots.Where(slot => slot.Trained))
        {
            var (from, to, decay) = (offset, offset + slot.Count, decayAll || slot.Decay);
            offset = to;
            if (Learning is { } names && !names.Contains(slot.Name))
            {
                continue;
            }

            if (ranges.Count > 0 && ranges[^1].To == from && ranges[^1].Decay == decay)
            {
                ranges[^1] = (ranges[^1].From, to, decay);
            }
            else
            {
                ranges.Add((from, to, decay));
            }
        }

        return ranges;
    }

    /// <summary>Every name that a file uses, in storage order.</summary>
    public IEnumerable<string> PartNames => Slots.SelectMany(slot => slot.Parts).Select(part => part.Name);

    /// <summary>A matrix that stays as it is stored, by its slot's name; null where there is no such.</summary>
    internal StoredMatrix? Stored(string slot) => stored.GetValueOrDefault(slot);

    /// <summary>Whether what a checkpoint stores under this name stays as it is stored.</summary>
    internal bool IsStored(string part) => stored.ContainsKey(parts[part].Slot);

    /// <summary>The forms of all rows of the matrices that stay as they are stored.</summary>
    internal IEnumerable<StoredRows> StoredParts => stored.Values.SelectMany(matrix => matrix.Parts);

    /// <summary>Their types by name, each with its number of weights.</summary>
    internal IReadOnlyDictionary<string, long> StoredForms() => StoredParts.GroupBy(part => part.Form)
        .ToDictionary(group => group.Key.Name, group => group.Sum(
            part => part.Bytes.numel() / part.Form.BlockBytes * StoredForm.BlockValues));

    /// <summary>Bytes of the matrices that stay in memory as they are stored; 0 where none do.</summary>
    public long StoredBytes => stored.Values.Sum(matrix => matrix.ByteCount);

    /// <summary>A parameter by its slot's name.</summary>
    /// <param name="slot">The slot's name.</param>
    /// <returns>A view of the values; it changes with them.</returns>
    public Tensor this[string slot] => parameters[slot];

    /// <summary>Whether there is such a slot.</summary>
    /// <param name="slot">The slot's name.</param>
    public bool Contains(string slot) => parameters.ContainsKey(slot);

    /// <summary>A view of the values that a checkpoint stores under this name; belongs to the open dispose scope.</summary>
    /// <param name="name">The name in checkpoints.</param>
    public Tensor Part(string name) => Narrow(parameters, name);

    /// <summary>A view of that part's gradient; belongs to the open dispose scope.</summary>
    /// <param name="name">The name in checkpoints.</param>
    public Tensor PartGradient(string name)
    {
        var (slot, part) = parts[name];
        gradients ??= MakeGradients();
        return (parameters[slot].grad ?? throw new InvalidOperationException("invariant: a parameter lost its gradient buffer"))
            .narrow(0, part.RowStart, part.Rows);
    }

    /// <summary>The SHA-256 of all frozen values, in lower-case hexadecimal.</summary>
    public string FrozenSha256()
    {
        const long PieceElements = 4 << 20;
        using var guard = no_grad();
        using var hash = new ContentHash();
        for (var first = 0L; first < Frozen.NumberOfElements; first += PieceElements)
        {
            using var scope = NewDisposeScope();
            hash.Add(Frozen.narrow(0, first, System.Math.Min(PieceElements, Frozen.NumberOfElements - first)).cpu().bytes);
        }

        return hash.Take();
    }

    /// <summary>Copies all values of another set with the same layout.</summary>
    /// <param name="other">The set whose values are taken; any dtype and device.</param>
    public void CopyFrom(ParameterSet other)
    {
        using var guard = no_grad();
        Values.copy_(other.Values);
        Frozen.copy_(other.Frozen);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in parameters.Values)
        {
            parameter.Dispose();
        }

        foreach (var matrix in stored.Values)
        {
            matrix.Dispose();
        }

        Values.Dispose();
        Frozen.Dispose();
        gradients?.Dispose();
    }

    private bool HasValues(ParameterSlot slot) => !stored.ContainsKey(slot.Name);

    private void Clear(string slot)
    {
        using var guard = no_grad();
        parameters[slot].detach().zero_();
    }

    private Tensor View(ParameterSlot slot, long offset)
    {
        var parameter = Values.narrow(0, offset, slot.Count).view(slot.Shape).detach().requires_grad_(true);
        return parameter.DetachFromDisposeScope();
    }

    private Tensor FrozenView(ParameterSlot slot, long offset) =>
        Frozen.narrow(0, offset, slot.Count).view(slot.Shape).DetachFromDisposeScope();

    private Tensor MakeGradients()
    {
        using var scope = NewDisposeScope();
        var all = zeros_like(Values);
        var offset = 0L;
        foreach (var slot in Slots.Where(slot => slot.Trained))
        {
            parameters[slot.Name].grad = all.narrow(0, offset, slot.Count).view(slot.Shape);
            offset += slot.Count;
        }

        return all.DetachFromDisposeScope();
    }

    private Tensor Narrow(Dictionary<string, Tensor> from, string name)
    {
        var (slot, part) = parts[name];
        return stored.ContainsKey(slot)
            ? throw new InvalidOperationException($"invariant: {name} stays as it is stored and has no tensor of values")
            : from[slot].detach().narrow(0, part.RowStart, part.Rows);
    }
}
