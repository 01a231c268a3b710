using System.Text.Json.Nodes;

namespace LoRi.Files.Settings;

/// <summary>Settings that a file holds.</summary>
/// <param name="Settings">Its settings by their keys.</param>
/// <param name="Source">How messages name them.</param>
public sealed record SettingFile(JsonObject Settings, SettingSource Source);
