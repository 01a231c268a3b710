using System.Text;
using System.Text.Json;
using LoRi.Files;
using LoRi.Files.Data;
using LoRi.Files.Disk;
using LoRi.Files.Json;
using LoRi.Files.Tokenizers;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Answers;
using LoRi.Runs.Settings;
using LoRi.Training.TeacherCaches;

namespace LoRi.Runs.Evaluate;

/// <summary>What an evaluation was made from: other weights or other questions are another evaluation.</summary>
/// <param name="ModelSha256">
/// SHA-256 of weights, configuration, <c>lori.json</c> (where there is none, <c>generation_config.json</c>) and tokenizer, with
/// the files beside it.
/// </param>
/// <param name="QuestionsSha256">SHA-256 of the names, questions and answers of all rows.</param>
internal sealed record EvaluationIdentity(string ModelSha256, string QuestionsSha256)
{
    /// <summary>How the file is called in an evaluation's folder.</summary>
    public const string FileName = "identity.json";

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>
    /// The identity for a model, the file that its tokenizer was read from (which may be the weights' own) and questions.
    /// </summary>
    /// <exception cref="InputException">A file cannot be read.</exception>
    public static EvaluationIdentity Of(string model, string tokenizer, IReadOnlyList<ReasoningExample> questions)
    {
        var card = Path.Combine(ModelLoader.Resolve(model), ReasoningCard.FileName);
        var ends = File.Exists(card) ? card : EndTokens.FileOf(model);
        var files = TokenizerFolder.FilesBeside(tokenizer).Prepend(tokenizer).Prepend(ends)
            .Where(file => File.Exists(file) && !IsGguf(file)).Select(ContentHash.OfFile);
        return new EvaluationIdentity(
            HashOf(files.Prepend(CacheIdentity.HashOfModel(model))),
            HashOf(questions.SelectMany(example => new[] { example.Id, example.Question, example.Answer })));
    }

    /// <summary>Reads the file of a begun evaluation.</summary>
    /// <exception cref="InputException">It is damaged.</exception>
    public static EvaluationIdentity Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<EvaluationIdentity>(JsonFile.ReadBytes(path), Format) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InputException(
                $"{path}: is not what an evaluation writes ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); begin again under another "
                + "--output", e);
        }
    }

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Format);

    /// <summary>Refuses to resume this with what is here now.</summary>
    /// <exception cref="InputException">Model or questions differ.</exception>
    public void Check(EvaluationIdentity now, EvaluationOptions options)
    {
        if (ModelSha256 != now.ModelSha256)
        {
            throw new InputException(
                $"--resume {options.Output}: --model {options.Model} (weights, configuration, lori.json or tokenizer) is not the one that "
                + "this evaluation was begun with; give the same one, or begin under another --output");
        }

        if (QuestionsSha256 != now.QuestionsSha256)
        {
            throw new InputException(
                $"--resume {options.Output}: the rows of --data are not those that this evaluation was begun with; give the same files, or "
                + "begin under another --output");
        }
    }

    private static bool IsGguf(string file) => file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);

    /// <summary>SHA-256 of texts, each with its length before it.</summary>
    private static string HashOf(IEnumerable<string> texts)
    {
        using var hash = new ContentHash();
        foreach (var bytes in texts.Select(Encoding.UTF8.GetBytes))
        {
            hash.Add(bytes.Length);
            hash.Add(bytes);
        }

        return hash.Take();
    }
}
