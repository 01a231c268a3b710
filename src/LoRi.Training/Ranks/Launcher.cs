using System.Globalization;
using LoRi.Files;

namespace LoRi.Training.Ranks;

/// <summary>What started this process as one of several, as its environment tells: mpirun of Open MPI or MPICH, or Slurm's srun.</summary>
/// <param name="Name">What it is, for messages.</param>
/// <param name="Rank">The number of this process, from 0.</param>
/// <param name="Size">How many processes there are.</param>
/// <param name="Libraries">The files of the MPI library that it talks to, the likeliest first.</param>
public sealed record Launcher(string Name, int Rank, int Size, IReadOnlyList<string> Libraries)
{
    /// <summary>Names the library instead of <see cref="Libraries"/>.</summary>
    public const string LibraryVariable = "LORI_MPI";

    /// <summary>The number of this process among those on its machine, from 0; null where the launcher does not say it.</summary>
    public int? LocalRank { get; init; }

    private static readonly string[] openMpi = ["libmpi.so.40", "libmpi.so.80", "libmpi.so", "libmpi.dylib"];

    private static readonly string[] mpich = ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.so", "libmpi.dylib"];

    /// <summary>
    /// Every launcher that is known: what it is called, the variables of a rank's number, of the number of ranks and of a rank's number on
    /// its machine, and its library. srun with PMIx sets variables of Slurm alone beside the rank, which a batch script has as well.
    /// </summary>
    private static readonly (string Name, string Rank, string[] Size, string[] Local, string[] Libraries)[] known =
    [
        ("mpirun of Open MPI", "OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"], ["OMPI_COMM_WORLD_LOCAL_RANK"], openMpi),
        ("srun with PMIx", "PMIX_RANK", ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"], ["SLURM_LOCALID"], openMpi),
        ("mpirun of MPICH", "PMI_RANK", ["PMI_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"], ["MPI_LOCALRANKID", "SLURM_LOCALID"], mpich),
    ];

    /// <summary>Whether this process is one of several and another one owns files and screen.</summary>
    public bool IsFollower => Size > 1 && Rank > 0;

    /// <summary>The launcher of this process; null where it was started alone.</summary>
    /// <exception cref="InputException">The variables contradict each other.</exception>
    public static Launcher? Find() => Find(Environment.GetEnvironmentVariable);

    /// <summary>The same from any variables.</summary>
    /// <param name="variable">Gives the value of an environment variable, or null.</param>
    /// <exception cref="InputException">The variables contradict each other.</exception>
    public static Launcher? Find(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        foreach (var (name, rankOf, sizeOf, localOf, libraries) in known)
        {
            if (variable(rankOf) is not { Length: > 0 } rank || Array.Find(sizeOf, one => variable(one) is { Length: > 0 }) is not { } size)
            {
                continue;
            }

            if (!TryCount(rank, out var number) || !TryCount(variable(size)!, out var count) || number >= count)
            {
                throw new InputException(
                    $"{rankOf}={rank} and {size}={variable(size)}: are no number of a process and number of processes; start with mpirun "
                    + "or srun, or alone with --ranks single");
            }

            var named = variable(LibraryVariable);
            return new Launcher(name.StartsWith("mpirun", StringComparison.Ordinal) && variable("SLURM_STEP_ID") is { Length: > 0 }
                && size != "OMPI_COMM_WORLD_SIZE" ? "srun with PMI-2" : name, number, count,
                string.IsNullOrEmpty(named) ? libraries : [named])
            {
                LocalRank = Array.Find(localOf, one => variable(one) is { Length: > 0 }) is { } local
                    && TryCount(variable(local)!, out var place) ? place : null,
            };
        }

        return null;
    }

    /// <summary>Connects this process with the others; with no other there is nothing to connect.</summary>
    /// <param name="limit">How long a rank that does not answer is waited for before all end; zero for ever.</param>
    /// <returns>The connection, which the caller disposes of.</returns>
    /// <exception cref="InputException">There is no MPI library, or not the one of this launcher.</exception>
    public ICommunicator Join(TimeSpan limit) => Size == 1 ? SingleProcess.Instance : MpiCommunicator.Join(this, limit);

    /// <summary>The MPI library that this process would use: what it says it is, and its file.</summary>
    /// <exception cref="InputException">There is none.</exception>
    public string Library()
    {
        var mpi = MpiLibrary.Load(this);
        return $"{mpi.Version}, {mpi.File}";
    }

    /// <summary>The NCCL by which ranks on GPUs would hand each other tensors: its version and file, or why there is none.</summary>
    public static string CardLibrary() => NcclLibrary.Describe();

    private static bool TryCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
}
