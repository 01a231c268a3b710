using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Answers;
using LoRi.Runs.Settings;

namespace LoRi.Runs.Evaluate;

/// <summary>What can be read, and found wrong, before any weights are loaded.</summary>
internal static class AskedQuestions
{
    /// <summary>The questions, and the model's tokenizer with the model's markers as text.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="info">Told what happens, a line each.</param>
    /// <exception cref="InputException">There is no question, or a file or setting does not fit the model.</exception>
    public static (ReasoningSet Set, TextTokenizer Tokenizer) Read(EvaluationOptions options, Action<string> info)
    {
        var set = ReasoningData.Read(options.Data, options.Reading);
        if (set.Examples.Count == 0)
        {
            throw new InputException($"--data {string.Join(' ', options.Data)}: there is no question to answer");
        }

        var card = ModelLoader.Card(options.Model);
        var tokenizer = StudentMarkers.AsText(StageModel.Tokenizer(options.Model, options.Tokenizer), card);
        StudentMarkers.Check(set, tokenizer, example => [("question", example.Question)]);
        if (options.LatentSteps is { } steps && card is not { LatentSteps: > 0 })
        {
            throw new InputException(
                $"--latent-steps {steps}: {options.Model} was not trained with latent steps (its lori.json names none); leave "
                + "--latent-steps out");
        }

        tokenizer.Notes.ToList().ForEach(note => info($"{tokenizer.Path}: {note}"));
        return (set, tokenizer);
    }
}
