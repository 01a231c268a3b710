using LoRi.Models.Tensors;
using static TorchSharp.torch;

namespace LoRi.Models.Decoders;

/// <summary>The map <c>f</c> from a final state to the next latent input embedding.</summary>
public enum ProjectionKind
{
    /// <summary>LayerNorm(W2 GELU(W1 x + b1) + b2), exact GELU, epsilon 1e-5: CODI's head.</summary>
    Mlp,

    /// <summary>One square matrix without bias.</summary>
    Linear,

    /// <summary>The final state itself.</summary>
    Identity,
}

/// <summary>The feedback projection, over parameters named <c>prj.*</c> in the model's <see cref="ParameterSet"/>.</summary>
/// <param name="Kind">Which map.</param>
/// <param name="Width">Inner width of the mlp; unused otherwise.</param>
public sealed record FeedbackProjection(ProjectionKind Kind, int Width)
{
    private const double NormEpsilon = 1e-5;

    /// <summary>The parameters that this projection needs for states of <paramref name="hidden"/> components.</summary>
    /// <param name="hidden">The width d of the model.</param>
    public IEnumerable<ParameterSlot> Slots(int hidden) => Kind switch
    {
        ProjectionKind.Mlp =>
        [
            new("prj.fc1.weight", [Width, hidden], true),
            new("prj.fc1.bias", [Width], false),
            new("prj.fc2.weight", [hidden, Width], true),
            new("prj.fc2.bias", [hidden], false),
            new("prj.ln.weight", [hidden], false),
            new("prj.ln.bias", [hidden], false),
        ],
        ProjectionKind.Linear => [new("prj.linear.weight", [hidden, hidden], true)],
        _ => [],
    };

    /// <summary>The next input embeddings for final states, [.., d] to [.., d].</summary>
    /// <param name="parameters">The model's parameters, the projection's among them.</param>
    /// <param name="states">Final states at the positions that are fed back.</param>
    public Tensor Apply(ParameterSet parameters, Tensor states)
    {
        Tensor Read(string name) => parameters[name].dtype == states.dtype ? parameters[name] : parameters[name].to(states.dtype);
        switch (Kind)
        {
            case ProjectionKind.Mlp:
                var inner = nn.functional.gelu(new LinearMap(Read("prj.fc1.weight"), Read("prj.fc1.bias")).Apply(states));
                var outer = new LinearMap(Read("prj.fc2.weight"), Read("prj.fc2.bias")).Apply(inner);
                return nn.functional.layer_norm(outer, [outer.shape[^1]], Read("prj.ln.weight"), Read("prj.ln.bias"), NormEpsilon);
            case ProjectionKind.Linear:
                return new LinearMap(Read("prj.linear.weight")).Apply(states);
            default:
                return states;
        }
    }

    /// <summary>
    /// Start values: the mlp as PyTorch initialises linear layers (uniform within 1 / sqrt(inputs)), its norm as the identity;
    /// the linear map as the identity times <paramref name="scale"/>, the ratio of the embeddings' size to the states'.
    /// </summary>
    /// <param name="parameters">The model's parameters, the projection's among them, which are overwritten.</param>
    /// <param name="scale">What the linear map multiplies the identity by.</param>
    /// <param name="random">Where the mlp's numbers come from.</param>
    public void Initialise(ParameterSet parameters, double scale, SeededRandom random)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        switch (Kind)
        {
            case ProjectionKind.Mlp:
                foreach (var layer in new[] { "prj.fc1", "prj.fc2" })
                {
                    var bound = 1 / System.Math.Sqrt(parameters[layer + ".weight"].shape[1]);
                    random.FillUniform(parameters[layer + ".weight"], bound);
                    random.FillUniform(parameters[layer + ".bias"], bound);
                }

                parameters["prj.ln.weight"].FillWith(1);
                break;
            case ProjectionKind.Linear:
                var matrix = parameters["prj.linear.weight"];
                matrix.copy_(eye(matrix.shape[0], dtype: matrix.dtype, device: matrix.device).Times(scale));
                break;
            default:
                break;
        }
    }
}
