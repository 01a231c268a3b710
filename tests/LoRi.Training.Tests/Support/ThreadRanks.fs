/// Ranks that are threads of this process, with the sums and the rules of real ones.
module LoRi.Training.Tests.ThreadRanks

open System
open System.Collections.Concurrent
open System.Collections.Generic
open System.Threading
open System.Threading.Tasks
open LoRi.Training.Ranks
open TorchSharp

/// How long a rank waits for the others before the test fails.
let private patience = TimeSpan.FromMinutes 2.0

/// What all ranks see. `failed` ends the waiting of all.
type private Group(size: int) =
    let barrier = new Barrier(size)
    let failed = new CancellationTokenSource()
    let bytes = Array.create<byte array> size [||]
    let tensors = Array.zeroCreate<torch.Tensor> size

    let sent =
        Array.init (size * size) (fun _ -> new BlockingCollection<torch.Tensor>())

    member _.Size = size
    member _.Fail() = failed.Cancel()

    member _.Meet() =
        if not (barrier.SignalAndWait(patience, failed.Token)) then
            failwith "another rank does not come"

    /// What every rank brings, once all have.
    member this.Gather (rank: int) (own: byte array) =
        bytes[rank] <- own
        this.Meet()
        let all = Array.copy bytes
        this.Meet()
        all

    /// What is sent from one rank to another, in its order.
    member _.Sent(from: int, into: int) = sent[from * size + into]

    member _.Failed = failed.Token

    /// Copies what another rank sends.
    member this.Exchange (rank: int) (other: int) (sent: torch.Tensor) (received: torch.Tensor) =
        use copy = sent.clone ()
        tensors[rank] <- copy
        this.Meet()
        received.copy_ tensors[other] |> ignore
        this.Meet()

type private ThreadRank(group: Group, rank: int) =
    let tree =
        TreeSum(rank, group.Size, Action<_, _, _>(fun other sent received -> group.Exchange rank other sent received))

    interface ICommunicator with
        member _.Rank = rank
        member _.Size = group.Size
        member _.Library = "threads"
        member _.Wait() = group.Meet()

        member _.Gather(own: ReadOnlySpan<byte>) =
            group.Gather rank (own.ToArray()) :> IReadOnlyList<byte array>

        member _.Send(flat: torch.Tensor, other: int) =
            group.Sent(rank, other).Add(flat.clone().DetachFromDisposeScope())

        member _.Receive(flat: torch.Tensor, other: int) =
            use arrived = group.Sent(other, rank).Take group.Failed
            flat.copy_ arrived |> ignore

        member _.SumShares(flat: torch.Tensor) = tree.SumShares flat
        member _.GatherShares(flat: torch.Tensor) = tree.GatherShares flat
        member _.Abort _ = group.Fail()
        member _.Dispose() = ()

/// Runs the same work on every rank; gives the results in their order. What one of them throws is thrown.
let run (size: int) (work: ICommunicator -> 'result) =
    let group = Group size

    let own rank =
        Task.Factory.StartNew(
            (fun () ->
                try
                    Ok(work (new ThreadRank(group, rank)))
                with e ->
                    group.Fail()
                    Error e),
            TaskCreationOptions.LongRunning
        )

    let results = [ for rank in 0 .. size - 1 -> own rank ] |> List.map _.Result

    let cause =
        results
        |> List.choose (function
            | Error(e: exn) -> Some e
            | Ok _ -> None)
        |> List.sortBy (fun e -> e :? OperationCanceledException)
        |> List.tryHead

    match cause with
    | Some e -> raise e
    | None ->
        results
        |> List.choose (function
            | Ok result -> Some result
            | Error _ -> None)
