using LoRi.Models.Reasoning;
using LoRi.Models.Sequences;

namespace LoRi.Training.Methods;

/// <summary>
/// How the published code of a method stores its models: a state dictionary whose names begin with the module that holds the base
/// model, and whose tables have further rows for markers at their end.
/// </summary>
/// <param name="Prefix">What the names of the base model's tensors begin with.</param>
/// <param name="Steps">Latent steps that its models answer with where nothing else is said.</param>
/// <param name="Reasoning">How a model answers with so many.</param>
public sealed record PublishedForm(string Prefix, int Steps, Func<int, IReasoning> Reasoning)
{
    /// <summary>What they begin with where it was trained without adapters; null where that is the same.</summary>
    public string? PlainPrefix { get; init; }

    /// <summary>Rows that it appends to the tables.</summary>
    public int Rows { get; init; } = 3;

    /// <summary>Which of these, from the first, begins the latent steps.</summary>
    public required int Start { get; init; }

    /// <summary>Which of these ends them.</summary>
    public required int End { get; init; }

    /// <summary>How question and answer are written.</summary>
    public SequenceForm Form { get; init; } = SequenceForm.Plain;

    /// <summary>Text of the answer prefix, which the model writes itself.</summary>
    public string AnswerPrefix { get; init; } = "";

    /// <summary>The first part of the names of the feedback projection's tensors; null where there is none.</summary>
    public string? Projection { get; init; }

    /// <summary>Tensors that are copies of others.</summary>
    public IReadOnlyList<string> Copies { get; init; } = [];
}
