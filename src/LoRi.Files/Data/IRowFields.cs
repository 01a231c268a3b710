namespace LoRi.Files.Data;

/// <summary>
/// The fields of one row, whatever file it is in; what is wrong with one is a <see cref="BadRowException"/> that names it.
/// </summary>
internal interface IRowFields
{
    /// <summary>Whether the field exists and is not null.</summary>
    bool Has(string name);

    /// <summary>Whether the field is a list.</summary>
    bool IsList(string name);

    /// <summary>A field that must be text.</summary>
    string Text(string name);

    /// <summary>A field that may be text, a number or a truth value, as text.</summary>
    string Value(string name);

    /// <summary>A field that may name the row; null where it is there and can be no name, or is not there.</summary>
    string? Name(string name);

    /// <summary>A field that must be a list of such values.</summary>
    IReadOnlyList<string> Values(string name);

    /// <summary>A field that must be a list of messages, each with a role and a content.</summary>
    IReadOnlyList<ChatMessage> Messages(string name);
}
