using System.Text.Json.Nodes;
using LoRi.Files;
using LoRi.Files.Tokenizers;

namespace LoRi.Jinja;

/// <summary>
/// A model's chat template: Jinja as Hugging Face's <c>transformers</c> sets it up (trim_blocks, lstrip_blocks, loop controls, Python's
/// string methods, <c>tojson</c>, <c>raise_exception</c>, <c>strftime_now</c>). No published package renders these. Templates come
/// from outside: depth, work and output are bounded. Safe to use from several threads.
/// </summary>
public sealed class ChatTemplate
{
    private const string Setting = "chat_template", DefaultName = "default";

    private readonly string source;
    private readonly JsonObject special;
    private readonly TimeProvider clock;
    private readonly IReadOnlyList<TemplateStatement> statements;

    /// <summary>Reads a template.</summary>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="template">Its text.</param>
    /// <param name="special">The special tokens by role: texts, objects that have one as their content, or lists of texts.</param>
    /// <param name="clock">The time that the template sees; the system's where it is null.</param>
    /// <exception cref="InputException">It is malformed or has a tag that is not supported; the message names the line.</exception>
    public ChatTemplate(string source, string template, JsonObject special, TimeProvider? clock = null)
    {
        this.source = source;
        this.special = special;
        this.clock = clock ?? TimeProvider.System;
        statements = Guard(() => TemplateParser.Parse(template));
    }

    /// <summary>The template of a model by its tokenizer; null where it has none.</summary>
    /// <param name="tokenizer">The tokenizer, whose configuration holds the template or several by name.</param>
    /// <exception cref="InputException">It is malformed, or there are several and none is called default.</exception>
    public static ChatTemplate? Find(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var config = tokenizer.Config;
        return config[Setting] switch
        {
            null => null,
            JsonValue value when value.TryGetValue(out string? template) =>
                new ChatTemplate(tokenizer.Path, template, tokenizer.SpecialTokens),
            JsonArray list => new ChatTemplate(tokenizer.Path, Choose(tokenizer.Path, list), tokenizer.SpecialTokens),
            _ => throw new InputException(
                $"{tokenizer.Path}: the {Setting} beside it is neither a text nor a list of named templates; correct "
                + "tokenizer_config.json"),
        };
    }

    private static string Choose(string path, JsonArray list)
    {
        Dictionary<string, string> templates = [];
        foreach (var entry in list)
        {
            var valid = entry is JsonObject named && named["name"] is JsonValue name && name.TryGetValue(out string? text)
                && named["template"] is JsonValue template && template.TryGetValue(out string? body) && templates.TryAdd(text, body);
            if (!valid)
            {
                throw new InputException(
                    $"{path}: the {Setting} beside it has an entry that is not a new name with a template; correct tokenizer_config.json");
            }
        }

        return templates.TryGetValue(DefaultName, out var chosen) ? chosen
            : templates.Count == 1 ? templates.Values.Single()
            : throw new InputException(
                $"{path}: of the chat templates beside it ({string.Join(", ", templates.Keys)}) none is called {DefaultName}; correct "
                + "tokenizer_config.json");
    }

    /// <summary>A chat as the text that the model was trained on.</summary>
    /// <param name="messages">Objects with <c>role</c> and <c>content</c>, and whatever else the template knows.</param>
    /// <param name="addGenerationPrompt">Whether to end with the beginning of an answer.</param>
    /// <param name="arguments">More variables for the template.</param>
    /// <exception cref="InputException">The template refuses, or does what it must not; the message names the line.</exception>
    public string Render(JsonArray messages, bool addGenerationPrompt, JsonObject? arguments = null)
    {
        TemplateScope variables = new(null);
        TemplateFunctions.Define(variables);
        foreach ((var name, var token) in special)
        {
            variables.Set(name, TemplateValues.FromJson(token is JsonObject properties ? properties["content"] : token));
        }

        variables.Set("messages", TemplateValues.FromJson(messages));
        variables.Set("tools", null);
        variables.Set("documents", null);
        variables.Set("add_generation_prompt", addGenerationPrompt);
        foreach ((var name, var value) in arguments ?? [])
        {
            variables.Set(name, TemplateValues.FromJson(value));
        }

        TemplateContext context = new(variables, clock);
        return Guard(() =>
        {
            TemplateStatement.RunAll(statements, context);
            return context.Output.ToString();
        });
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (TemplateException e)
        {
            throw new InputException($"{source}: chat template, line {e.Line}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
