using static TorchSharp.torch;

namespace LoRi.Training.Ranks;

/// <summary>A process that works alone.</summary>
public sealed class SingleProcess : ICommunicator
{
    private SingleProcess()
    {
    }

    /// <summary>The one there is.</summary>
    public static SingleProcess Instance { get; } = new();

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public string Library => "none";

    /// <inheritdoc/>
    public void SumShares(Tensor flat)
    {
    }

    /// <inheritdoc/>
    public void GatherShares(Tensor flat)
    {
    }

    /// <inheritdoc/>
    public void Send(Tensor flat, int other) => throw new InvalidOperationException("there is no other rank");

    /// <inheritdoc/>
    public void Receive(Tensor flat, int other) => throw new InvalidOperationException("there is no other rank");

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> own) => [own.ToArray()];

    /// <inheritdoc/>
    public void Wait()
    {
    }

    /// <inheritdoc/>
    public void Abort(int code) => Environment.Exit(code);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
