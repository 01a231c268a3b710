namespace LoRi.Files.Data;

/// <summary>One message of a chat.</summary>
/// <param name="Role">Who speaks: system, user, assistant.</param>
/// <param name="Content">What is said.</param>
internal readonly record struct ChatMessage(string Role, string Content);

/// <summary>
/// [ours] A row of <c>messages</c> as a question and its answer: the last message, the assistant's, answers all before it. Several of
/// those are told apart by their roles.
/// </summary>
internal static class ChatRow
{
    /// <summary>The field that holds them.</summary>
    internal const string Field = "messages";

    private const string EndOfThought = "</think>";
    private const string Thought = "<think>";

    internal static ReasoningExample Read(string id, IReadOnlyList<ChatMessage> messages, AnnotationHandling annotations)
    {
        if (messages.Count < 2 || messages[^1].Role != "assistant")
        {
            var found = messages.Count == 0 ? "there is none" : $"the last of {messages.Count} is of '{messages[^1].Role}'";
            throw new BadRowException($"'{Field}' must end with an answer of 'assistant' to something before it; {found}");
        }

        var asked = messages.Count == 2
            ? messages[0].Content.Trim()
            : string.Join("\n", messages.SkipLast(1).Select(message => $"{message.Role}: {message.Content.Trim()}"));
        var said = messages[^1].Content.Trim();
        if (said.Contains(Gsm8k.AnswerMark.TrimEnd(), StringComparison.Ordinal))
        {
            return Gsm8k.Read(id, asked, said, annotations);
        }

        var (thought, answer) = Split(said);
        return RowChecks.Complete(new ReasoningExample(id, asked, RowChecks.StepsOf(thought), thought, answer));
    }

    /// <summary>What was thought and what was answered: parted by the mark of thoughts, else the last line is the answer.</summary>
    private static (string Thought, string Answer) Split(string said)
    {
        var end = said.LastIndexOf(EndOfThought, StringComparison.Ordinal);
        var line = end < 0 ? said.LastIndexOf('\n') : end;
        var thought = line < 0 ? "" : said[..line].Replace(Thought, "", StringComparison.Ordinal).Trim();
        return (thought, said[(end < 0 ? line + 1 : end + EndOfThought.Length)..].Trim());
    }
}
