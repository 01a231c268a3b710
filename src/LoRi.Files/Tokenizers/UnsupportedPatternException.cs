namespace LoRi.Files.Tokenizers;

/// <summary>An expression has a construct that .NET's expressions cannot say, or that is malformed; the message names it.</summary>
internal sealed class UnsupportedPatternException(string message) : Exception(message);
