using System.Globalization;
using LoRi.Files.Text;

namespace LoRi.Files.Gguf;

/// <summary>Typed access to the metadata of a GGUF file; a value of another kind is an error that names file and key.</summary>
internal static class GgufMetadata
{
    /// <summary>A string, or null where the key is absent.</summary>
    public static string? FindString(this GgufFile file, string key) => file.Find<string>(key, "a string");

    /// <summary>An array, or null where the key is absent.</summary>
    public static T[]? FindArray<T>(this GgufFile file, string key) =>
        file.Find<T[]>(
            key, typeof(T) == typeof(string) ? "an array of strings" : typeof(T) == typeof(float) ? "an array of f32" : "an array of i32");

    /// <summary>A bool, or null where the key is absent.</summary>
    public static bool? FindBool(this GgufFile file, string key) =>
        file.Metadata.TryGetValue(key, out var value) ? value as bool? ?? throw Wrong(file, key, value, "a bool") : null;

    /// <summary>An integer of any width, or null where the key is absent.</summary>
    public static long? FindInteger(this GgufFile file, string key)
    {
        if (!file.Metadata.TryGetValue(key, out var value))
        {
            return null;
        }

        return value is byte or sbyte or ushort or short or uint or int or long or (ulong and <= long.MaxValue)
            ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
            : throw Wrong(file, key, value, "an integer");
    }

    /// <summary>An integer, or an array of one for each block that are all the same; null where the key is absent.</summary>
    public static long? FindIntegerOfBlocks(this GgufFile file, string key)
    {
        if (!file.Metadata.TryGetValue(key, out var value) || value is not Array { Length: > 0 } list)
        {
            return file.FindInteger(key);
        }

        object[] different = [.. list.Cast<object>().Distinct().Take(2)];
        return different is [byte or sbyte or ushort or short or uint or int or long or (ulong and <= long.MaxValue)]
            ? Convert.ToInt64(different[0], CultureInfo.InvariantCulture)
            : throw new InputException(
                $"{file.Path}: {key} differs from block to block ({different[0]}, {different[^1]}, ..); numbers per block are not "
                + "supported, use another model");
    }

    /// <summary>A number of any kind, or null where the key is absent.</summary>
    public static double? FindNumber(this GgufFile file, string key) =>
        file.Metadata.TryGetValue(key, out var value) && value is float or double
            ? Convert.ToDouble(value, CultureInfo.InvariantCulture)
            : file.FindInteger(key);

    /// <summary>A value that must be there.</summary>
    public static T Required<T>(this GgufFile file, string key, T? value)
        where T : struct =>
        value ?? throw new InputException($"{file.Path}: the metadata has no {key}, which is needed; the file is incomplete");

    private static T? Find<T>(this GgufFile file, string key, string wanted)
        where T : class =>
        file.Metadata.TryGetValue(key, out var value) ? value as T ?? throw Wrong(file, key, value, wanted) : null;

    private static InputException Wrong(GgufFile file, string key, object value, string wanted) =>
        new($"{file.Path}: the metadata key {MessageText.Quote(key)} is {Kind(value)} where {wanted} is needed; this variant is not "
            + "supported, use the model's Hub folder");

    /// <summary>The format's name of a value's kind.</summary>
    private static string Kind(object value) => value is Array list
        ? $"an array of {(list.Length == 0 ? "nothing" : $"{list.Length} values, the first {Kind(list.GetValue(0)!)}")}"
        : value switch
        {
            byte => "of kind u8",
            sbyte => "of kind i8",
            ushort => "of kind u16",
            short => "of kind i16",
            uint => "of kind u32",
            int => "of kind i32",
            ulong => "of kind u64",
            long => "of kind i64",
            float => "of kind f32",
            double => "of kind f64",
            bool => "a bool",
            _ => "a string",
        };
}
