using System.Globalization;
using LoRi.Models.ModelFiles;
using LoRi.Runs.Settings;

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
        foreach (var text in Command(made, isAdapter).Concat(made.Card is { } card ? Card(card, made.HasModellingFile) : []))
        {
            line(text);
        }

        // Without its steps a trained model is another one: where Python cannot take them, none is shown.
        var python = made.Card is null || made.HasModellingFile;
        foreach (var text in !python ? [] : isAdapter ? Adapter(made) : [.. Model(made), .. RoundedBy(options)])
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

    private static IEnumerable<string> Card(ReasoningCard card, bool hasFile)
    {
        var prefix = card.Form.HasPrefix && card.OwnAnswerPrefix is { } text ? $" The answer follows the prefix \"{text}\"." : "";
        yield return card.LatentSteps > 0
            ? $"`lori.json` tells the number of latent steps and the ids that mark them.{prefix}"
            : $"`lori.json` tells how the model is asked.{prefix}";
        if (!hasFile)
        {
            yield return "Only `lori` takes its steps, with the command above: tools that read the plain weights alone run the model "
                + "without them, and get other answers.";
        }
        else
        {
            yield return "";
        }
    }

    private static string[] Model(Provenance made) => made.HasModellingFile
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

    /// <summary>transformers computes in the type that the weights have, from its fifth version on.</summary>
    private static string[] RoundedBy(ExportOptions options) => options.Dtype == DtypeOption.BF16
        ?
        [
            "",
            "The weights are bfloat16. transformers 5 then computes in bfloat16 as well, whose rounding can change a word; with "
                + "`torch_dtype=torch.float32` in `from_pretrained` it computes as `lori generate` does.",
        ]
        : [];

    private static string[] Adapter(Provenance made) =>
    [
        made.TableRows > 0
            ? "With transformers 4.52 and peft 0.15. The base has no rows for the markers of students: its tables are made "
                + $"{made.TableRows} rows long before peft loads the adapter, which brings the rows' values."
            : "With transformers 4.52 and peft 0.15:",
        "",
        "```python",
        "from peft import PeftModel",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        .. made.HasModellingFile ? ["from transformers.dynamic_module_utils import get_class_from_dynamic_module"] : Array.Empty<string>(),
        "",
        Named(made),
        made.Base is { } name
            ? $"base = AutoModelForCausalLM.from_pretrained(\"{name}\")"
            : "base = AutoModelForCausalLM.from_pretrained(\"OWNER/NAME\")  # the model that it was trained on",
        "tokenizer = AutoTokenizer.from_pretrained(name)",
        .. Longer(made.TableRows),
        "model = PeftModel.from_pretrained(base, name)",
        .. made.HasModellingFile ? Student : [],
        "```",
    ];

    private static string[] Student =>
    [
        $"student = get_class_from_dynamic_module(\"modeling_lori.{ModellingFile.ModelClass}\", name).of(model, name)",
        .. Asking("student"),
    ];

    /// <summary>The base's tables with the rows that an adapter brings.</summary>
    private static string[] Longer(int rows) => rows == 0 ? [] :
    [
        string.Create(CultureInfo.InvariantCulture,
            $"base.resize_token_embeddings(max({rows}, base.get_input_embeddings().num_embeddings), mean_resizing=False)"),
    ];

    private static string Named(Provenance made) => $"name = \"{made.Name}\"  # this folder, or its name on the Hub";

    private static string[] Asking(string model) =>
    [
        $"inputs = {model}.question(tokenizer, \"{Question}\")",
        $"written = {model}.generate(**inputs, max_new_tokens=64, do_sample=False)[0, inputs[\"input_ids\"].shape[1]:]",
        "print(tokenizer.decode(written, skip_special_tokens=True))",
    ];
}
