using LoRi.Files;
using LoRi.Files.Text;
using LoRi.Models.Decoders;
using LoRi.Models.Weights;
using LoRi.Training.Methods;
using static TorchSharp.torch;

namespace LoRi.Runs.Import;

/// <summary>
/// The feedback projection of a published state dictionary: a Sequential of dropout, linear map, GELU and linear map, with a norm named
/// <c>ln</c>.
/// </summary>
/// <param name="Shape">The projection; the identity where the file has none.</param>
/// <param name="Names">What the file calls each of its parameters.</param>
internal sealed record PublishedProjection(FeedbackProjection Shape, IReadOnlyDictionary<string, string> Names)
{
    private static readonly (string Stored, string Own)[] Parts = [("1", "prj.fc1"), ("3", "prj.fc2"), ("ln", "prj.ln")];

    /// <summary>Finds it.</summary>
    /// <exception cref="InputException">It is of another form.</exception>
    public static PublishedProjection Of(SafetensorsCheckpoint file, PublishedForm form)
    {
        var found = form.Projection is null ? []
            : file.Tensors.Where(tensor => tensor.Name.StartsWith(form.Projection, StringComparison.Ordinal)).ToArray();
        if (found.Length == 0)
        {
            return new(new FeedbackProjection(ProjectionKind.Identity, 0), new Dictionary<string, string>());
        }

        var names = Parts.SelectMany(part => new[] { ".weight", ".bias" }
            .Select(kind => (Own: part.Own + kind, Stored: form.Projection + part.Stored + kind)))
            .ToDictionary(pair => pair.Own, pair => pair.Stored);
        if (!names.Values.Order(StringComparer.Ordinal).SequenceEqual(found.Select(tensor => tensor.Name).Order(StringComparer.Ordinal)))
        {
            throw new InputException(
                $"{file.Path}: its projection has the tensors {string.Join(", ", found.Select(tensor => tensor.Name).Take(8))}, and should "
                + $"have {string.Join(", ", names.Values)}; a projection without its norm is not supported");
        }

        var inner = found.First(tensor => tensor.Name == names["prj.fc1.weight"]);
        return inner.Shape is [var width, _] ? new(new FeedbackProjection(ProjectionKind.Mlp, (int)width), names)
            : throw new InputException(
                $"{file.Path}: {inner.Name} has shape {MessageText.Shape(inner.Shape)}, but a linear map is a matrix; save the state "
                + "dictionary again");
    }

    /// <summary>Copies it into a model that was made with it.</summary>
    /// <exception cref="InputException">A tensor has another shape, or holds what is no number.</exception>
    public void Fill(ReasoningModel model, SafetensorsCheckpoint file)
    {
        using var guard = no_grad();
        foreach (var (own, stored) in Names)
        {
            using var scope = NewDisposeScope();
            var target = model.Parameters[own].detach();
            file.CopyInto(stored, target);
            FiniteWeights.Check(file.Path, stored, target);
        }
    }
}
