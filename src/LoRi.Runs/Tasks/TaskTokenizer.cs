using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoRi.Files.Disk;
using LoRi.Files.Json;

namespace LoRi.Runs.Tasks;

/// <summary>
/// The tokenizer of a task: each of its words is a token, and so are the marks that published methods write between the parts of a row.
/// Words need no space between them.
/// </summary>
public static class TaskTokenizer
{
    /// <summary>The text that ends a sequence.</summary>
    public const string End = "<end>";

    private static readonly string[] marks = ["\n", "###", "####"];

    /// <summary>Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</summary>
    /// <param name="folder">The folder; it is made where it is not there.</param>
    /// <param name="task">The task.</param>
    public static void Write(string folder, ReasoningTask task)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(task);
        AtomicFile.CreateFolder(folder);
        Write(Path.Combine(folder, "tokenizer.json"), Content(task));
        Write(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["eos_token"] = End });
    }

    private static void Write(string path, JsonObject content) =>
        AtomicFile.WriteText(path, content.ToJsonString(JsonText.Indented) + "\n");

    private static JsonObject Content(ReasoningTask task)
    {
        string[] words = [.. task.Words, ReasoningTask.AnswerPrefix, End, .. marks];
        var vocabulary = new JsonObject();
        for (var id = 0; id < words.Length; id++)
        {
            vocabulary[words[id]] = id;
        }

        var alternatives = string.Join('|', words.Where(word => word != End).OrderByDescending(word => word.Length).Select(Regex.Escape));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(new JsonObject
            {
                ["id"] = Array.IndexOf(words, End),
                ["content"] = End,
                ["special"] = true,
            }),
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    Split(new JsonObject { ["String"] = " " }, "Removed"), Split(new JsonObject { ["Regex"] = alternatives }, "Isolated")),
            },
            ["model"] = new JsonObject { ["type"] = "WordLevel", ["vocab"] = vocabulary },
        };
    }

    private static JsonObject Split(JsonObject pattern, string behavior) => new()
    {
        ["type"] = "Split",
        ["pattern"] = pattern,
        ["behavior"] = behavior,
        ["invert"] = false,
    };
}
