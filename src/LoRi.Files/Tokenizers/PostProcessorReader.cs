using LoRi.Files.Text;

namespace LoRi.Files.Tokenizers;

/// <summary>Reads what a file adds around a text and does to offsets.</summary>
internal static class PostProcessorReader
{
    /// <summary>Ids in front of a text and after it, and what offsets leave out.</summary>
    public static TextFrame Read(TokenizerJson? processor)
    {
        List<int> before = [], after = [];
        var trim = OffsetTrim.Off;
        foreach (var part in processor?.Parts("processors") ?? [])
        {
            switch (part.Text("type"))
            {
                case "ByteLevel" when part.Flag("trim_offsets", true):
                    trim = part.Flag("add_prefix_space", true) ? OffsetTrim.AfterPrefix : OffsetTrim.On;
                    break;
                case "ByteLevel":
                    break;
                case "TemplateProcessing":
                    List<int> first = [];
                    ReadTemplate(part, first, after);
                    before.InsertRange(0, first);
                    break;
                case string other:
                    throw part.Unsupported($"is of type {MessageText.Quote(other)}");
            }
        }

        return new TextFrame(before, after, trim);
    }

    private static void ReadTemplate(TokenizerJson template, List<int> before, List<int> after)
    {
        var textSeen = false;
        foreach (var item in template.Get("single").Items())
        {
            if (item.Find("SpecialToken") is TokenizerJson special)
            {
                var ids = template.Get("special_tokens").Get(special.Text("id")).Get("ids").Items().Select(id => id.AsId());
                (textSeen ? after : before).AddRange(ids);
            }
            else if (!textSeen && item.Get("Sequence").Text("id") == "A")
            {
                textSeen = true;
            }
            else
            {
                throw item.Unsupported("is neither a special token nor the one text");
            }
        }

        if (!textSeen)
        {
            throw template.Unsupported("has no place for the text");
        }
    }
}
