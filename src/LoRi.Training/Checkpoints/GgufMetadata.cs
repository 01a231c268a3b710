using System.Globalization;

namespace LoRi.Training.Checkpoints;

/// <summary>Typed access to the metadata of a GGUF file; a value of another kind is an error that names file and key.</summary>
internal static class GgufMetadata
{
    /// <summary>A string, or null where the key is absent.</summary>
    public static string? FindString(this GgufFile file, string key) => file.Find<string>(key, "a string");

    /// <summary>An array, or null where the key is absent.</summary>
    public static T[]? FindArray<T>(this GgufFile file, string key) => file.Find<T[]>(key, $"an array of {typeof(T).Name}");

    /// <summary>A bool, or null where the key is absent.</summary>
    public static bool? FindBool(this GgufFile file, string key) =>
        file.Metadata.TryGetValue(key, out object? value) ? value as bool? ?? throw Wrong(file, key, value, "a bool") : null;

    /// <summary>An integer of any width, or null where the key is absent.</summary>
    public static long? FindInteger(this GgufFile file, string key)
    {
        if (!file.Metadata.TryGetValue(key, out object? value))
        {
            return null;
        }

        return value is byte or sbyte or ushort or short or uint or int or long or (ulong and <= long.MaxValue)
            ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
            : throw Wrong(file, key, value, "an integer");
    }

    /// <summary>A number of any kind, or null where the key is absent.</summary>
    public static double? FindNumber(this GgufFile file, string key) =>
        file.Metadata.TryGetValue(key, out object? value) && value is float or double
            ? Convert.ToDouble(value, CultureInfo.InvariantCulture)
            : file.FindInteger(key);

    /// <summary>A value that must be there.</summary>
    public static T Required<T>(this GgufFile file, string key, T? value)
        where T : struct =>
        value ?? throw new InputException($"{file.Path}: the metadata has no {key}, which is needed; the file is incomplete");

    private static T? Find<T>(this GgufFile file, string key, string wanted)
        where T : class =>
        file.Metadata.TryGetValue(key, out object? value) ? value as T ?? throw Wrong(file, key, value, wanted) : null;

    private static InputException Wrong(GgufFile file, string key, object value, string wanted) =>
        new($"{file.Path}: the metadata key {MessageText.Quote(key)} is of kind {value.GetType().Name} where {wanted} is needed; the file is damaged");
}
