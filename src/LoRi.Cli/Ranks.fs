/// Several processes that mpirun or srun started for one command: which of them speaks, and how they end together.
module LoRi.Cli.Ranks

open System
open System.IO
open System.Threading
open LoRi.Files
open LoRi.Runs.Settings
open LoRi.Training.Ranks

/// Work failed in one of several connected processes; the others must not wait for it.
exception RankFailed of ranks: ICommunicator * cause: exn

/// All processes ended after the same step, and the first one says why.
exception EndedTogether

/// How long a process leaves it to the first one to say what is wrong with both.
let private patience = TimeSpan.FromSeconds 2.0

/// How long a launcher has to read an error line: MPICH's drops what it has not read yet when a process ends all.
let private hearing = TimeSpan.FromSeconds 0.5

/// The commands whose work is shared.
let private shared =
    set
        [
            "teach"
            "distill"
            "evaluate"
            "trajectories"
            "subspace fit"
            "experiment run"
        ]

/// The launcher that started this process, whether it works with the others or alone; none where there is none.
let launched () : Launcher option =
    try
        Option.ofObj (Launcher.Find())
    with :? InputException ->
        None

/// The launcher of a process; none where there is none, or the processes work alone.
let launcher (arguments: string list) : Launcher option =
    if arguments |> List.pairwise |> List.contains ("--ranks", "single") then
        None
    else
        launched ()

/// The launcher of a process that leaves files and screen to the first one.
let follower arguments =
    launcher arguments |> Option.filter _.IsFollower

/// Streams of such a process: it has a word for its own errors only.
let quiet () =
    {
        In = TextReader.Null
        Out = TextWriter.Null
        Error = StandardStreams.errorsOnly ()
        Colour = false
    }

/// What it says of an error, after the first one had its time to say the same.
let ownWord (launcher: Launcher) (message: string) =
    Thread.Sleep patience
    let own = $"rank {launcher.Rank} on {Environment.MachineName}"

    if message.StartsWith(own, StringComparison.Ordinal) then
        message
    else
        $"{own}: {message}"

/// Ends all processes once the launcher had its time to pass on what was said.
let abort (ranks: ICommunicator) code =
    if ranks.Size > 1 then
        Thread.Sleep hearing

    ranks.Abort code

/// Runs a command in every process if its work is shared, else in the first one alone.
let dealt (terminal: Terminal) (command: string) (arguments: string list) (run: unit -> unit) =
    if shared.Contains command then
        run ()
    elif (follower arguments).IsNone then
        match Launcher.Find() with
        | null -> ()
        | launcher when launcher.Size > 1 && command <> "info" ->
            terminal.Error.WriteLine
                $"warning: lori {command} is not shared among the {launcher.Size} processes of {launcher.Name}: this one does all of it"
        | _ -> ()

        run ()

/// Whether another process of a shared command owns its files and screen.
let follows (option: RanksOption) =
    option = RanksOption.Auto
    && (match Launcher.Find() with
        | null -> false
        | launcher -> launcher.IsFollower)

/// Threads of each process, where they are left out: several share the cores of their machine.
let threads (given: Nullable<int>) (ranks: ICommunicator) =
    if ranks.Size > 1 && not given.HasValue then
        Nullable(SharedCores.Threads ranks)
    else
        given

/// Runs work that all processes of a launcher share, connected; by itself where there is no launcher. A process that does not answer
/// for `timeout` seconds ends all, with 0 none does.
let together (option: RanksOption) (timeout: int) (work: ICommunicator -> 'result) =
    match (if option = RanksOption.Alone then null else Launcher.Find()) with
    | null -> work SingleProcess.Instance
    | launcher ->
        let ranks = launcher.Join(TimeSpan.FromSeconds(float timeout))

        let result =
            try
                work ranks
            with e ->
                raise (RankFailed(ranks, e))

        ranks.Dispose()
        result
