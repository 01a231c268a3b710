using System.Globalization;
using LoRi.Models.ModelFiles;

namespace LoRi.Runs.Export;

/// <summary>The part of a model card that says how the model is asked: by <c>lori</c>, and from Python.</summary>
internal static class CardUse
{
    private const string Question = "Tom has 3 apples and buys 4 more. How many does he have?";

    /// <summary>Writes it.</summary>
    /// <param name="line">Takes a line.</param>
    /// <param name="made">What is known of the model.</param>
    /// <param name="options">What was exported.</param>
    public static void Write(Action<string> line, Provenance made, ExportOptions options)
    {
        var isAdapter = options.Form == ExportForm.Adapter;
        foreach (var text in Command(made, isAdapter).Concat(made.Card is { } card ? Card(card) : []))
        {
            line(text);
        }

        foreach (var text in isAdapter ? Adapter(made) : Model(made))
        {
            line(text);
        }

        line("");
    }

    private static string[] Command(Provenance made, bool isAdapter) =>
    [
        "## Use",
        "",
        "```",
        $"lori generate {(isAdapter ? $"--model BASE --adapter {made.Name}" : $"--model {made.Name}")} --prompt \"...\"",
        "```",
        "",
    ];

    private static IEnumerable<string> Card(ReasoningCard card)
    {
        var prefix = card.AnswerPrefix.Length > 0 ? $" The answer follows the prefix \"{card.AnswerPrefix}\"." : "";
        yield return card.LatentSteps > 0
            ? $"`lori.json` tells the number of latent steps and the ids that mark them.{prefix}"
            : $"`lori.json` tells how the model is asked.{prefix}";
        if (!ModellingFile.Takes(card))
        {
            yield return "Only `lori` takes its steps: tools that read the plain weights alone run the model without them.";
        }

        yield return "";
    }

    private static string[] Model(Provenance made) => made.Card is { } card && ModellingFile.Takes(card)
        ?
        [
            $"With transformers 4.52 or later, whose `generate` then does all of this by `{ModellingFile.Name}` (read it: it is code "
                + "that runs). Without `trust_remote_code` the plain weights run alone.",
            "",
            "```python",
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            Named(made),
            "tokenizer = AutoTokenizer.from_pretrained(name)",
            "model = AutoModelForCausalLM.from_pretrained(name, trust_remote_code=True)",
            .. Asking("model"),
            "```",
        ]
        :
        [
            "```python",
            "from transformers import AutoModelForCausalLM, AutoTokenizer",
            "",
            Named(made),
            "tokenizer = AutoTokenizer.from_pretrained(name)",
            "model = AutoModelForCausalLM.from_pretrained(name)",
            $"inputs = tokenizer(\"{Question}\", return_tensors=\"pt\")",
            "print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0]))",
            "```",
        ];

    private static IEnumerable<string> Adapter(Provenance made)
    {
        var card = made.Card is { } found && ModellingFile.Takes(found) ? found : null;
        var rows = made.Card is { LatentSteps: > 0 } latent ? latent.Special.Markers.Max() + 1 : 0;
        yield return rows > 0
            ? $"With transformers 4.52 and peft 0.15. The base has no rows for the markers of the latent steps: its tables are made {rows} "
                + "rows long before peft loads the adapter, which brings the rows' values."
            : "With transformers 4.52 and peft 0.15:";
        yield return "";
        yield return "```python";
        yield return "from peft import PeftModel";
        yield return "from transformers import AutoModelForCausalLM, AutoTokenizer";
        if (card is not null)
        {
            yield return "from transformers.dynamic_module_utils import get_class_from_dynamic_module";
        }

        yield return "";
        yield return Named(made);
        yield return made.Base is { } name
            ? $"base = AutoModelForCausalLM.from_pretrained(\"{name}\")"
            : "base = AutoModelForCausalLM.from_pretrained(\"OWNER/NAME\")  # the model that it was trained on";
        yield return "tokenizer = AutoTokenizer.from_pretrained(name)";
        if (rows > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"base.resize_token_embeddings(max({rows}, base.get_input_embeddings().num_embeddings), mean_resizing=False)");
        }

        yield return "model = PeftModel.from_pretrained(base, name).get_base_model()";
        if (card is not null)
        {
            yield return $"student = get_class_from_dynamic_module(\"modeling_lori.{ModellingFile.ModelClass}\", name).of(model, name)";
            foreach (var text in Asking("student"))
            {
                yield return text;
            }
        }

        yield return "```";
    }

    private static string Named(Provenance made) => $"name = \"{made.Name}\"  # this folder, or its name on the Hub";

    private static string[] Asking(string model) =>
    [
        $"inputs = {model}.question(tokenizer, \"{Question}\")",
        $"written = {model}.generate(**inputs, max_new_tokens=64)[0, inputs[\"input_ids\"].shape[1]:]",
        "print(tokenizer.decode(written, skip_special_tokens=True))",
    ];
}
