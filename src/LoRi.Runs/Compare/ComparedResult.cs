namespace LoRi.Runs.Compare;

/// <summary>One method under one seed on one data set, as an evaluation or a demonstration left it.</summary>
/// <param name="Source">The folder.</param>
/// <param name="Method">The method's name.</param>
/// <param name="Seed">The seed; null where none is recorded.</param>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Correct">Whether each question was answered rightly, by its name and text; null where single answers are not kept.</param>
public sealed record ComparedResult(
    string Source, string Method, long? Seed, double Accuracy, IReadOnlyDictionary<string, bool>? Correct)
{
    /// <summary>The data set; results on different ones are not compared.</summary>
    public string Dataset { get; init; } = "";

    /// <summary>
    /// What else may set two results of a method apart: settings by their names, in the order in which a label tries them; a
    /// value without a name speaks for itself.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; } = [];

    /// <summary>SHA-256 of the questions and answers; null where none is recorded.</summary>
    public string? QuestionsSha256 { get; init; }

    /// <summary>Those of <see cref="Settings"/> that are files or folders, with their seeds.</summary>
    public IReadOnlyDictionary<string, string> Places { get; init; } = new Dictionary<string, string>();

    /// <summary>The label that the user gave; null where none was given.</summary>
    public string? Name { get; init; }

    /// <summary>Whether it is one of the methods of a demonstration.</summary>
    public bool IsDemo { get; init; }

    /// <summary>Questions.</summary>
    public int Examples { get; init; }

    /// <summary>Questions where CODI's rule and the strict rule differ; null where one rule alone scored them.</summary>
    public int? Disagreements { get; init; }

    /// <summary>Answers that ended without an end token; null where that was not recorded.</summary>
    public int? CutOff { get; init; }

    /// <summary>Answers without any text; null where that was not recorded.</summary>
    public int? Empty { get; init; }
}
