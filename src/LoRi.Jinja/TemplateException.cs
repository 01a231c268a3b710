namespace LoRi.Jinja;

/// <summary>Something that a template must not do or cannot mean; it gets the line of the innermost part that knows its own.</summary>
internal sealed class TemplateException(string message) : Exception(message)
{
    /// <summary>The template's line, from 1 on; 0 while it is not known.</summary>
    public int Line { get; private set; }

    /// <summary>Remembers the line unless an inner part gave its own. False always: for use in an exception filter.</summary>
    public bool At(int line)
    {
        Line = Line == 0 ? line : Line;
        return false;
    }
}
