/// Ranks that NCCL connects, with a library that stands in for it: no card is needed, and nothing is said of real ones.
module LoRi.Training.Tests.NcclTests

open System
open System.IO
open System.Runtime.InteropServices
open Expecto
open LoRi.Files
open LoRi.Models.Native
open LoRi.Training.Ranks
open LoRi.Training.Tests.CardRanks
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// The results of work on connected ranks, in their order.
let private connected size (work: ICommunicator -> 'result) =
    StandIn.library () |> ignore
    NativeRuntime.Load()

    ThreadRanks.run size (fun ranks ->
        use _ = torch.NewDisposeScope()
        let nccl = join 60.0 ranks
        let result = work nccl
        nccl.Dispose()
        result)

/// Values whose sums depend on the order of adding.
let private valuesOf (length: int) (rank: int) =
    let random = System.Random(31 * length + rank)
    Array.init length (fun _ -> float32 ((random.NextDouble() - 0.5) * 10.0 ** float (random.Next(-6, 6))))

/// Few values, whole blocks and one more or less, whole pieces and one more or less, and any.
let private lengths =
    let random = System.Random 7

    [ 1; 2; 3; 7; 65_535; 65_536; 65_537; (1 <<< 20) - 1; (1 <<< 20) + 1 ]
    @ [ for _ in 1..3 -> random.Next(1, 300_000) ]

let private sums =
    [
        for size in [ 1; 2; 4; 8 ] do
            test $"{size} ranks get the bits of ranks without NCCL, at any length and type" {
                let work (ranks: ICommunicator) =
                    [
                        for length in lengths do
                            for dtype in [ torch.float32; torch.float64; torch.bfloat16 ] do
                                use flat = torch.tensor(valuesOf length ranks.Rank).``to``(dtype: torch.ScalarType)
                                ranks.Sum flat
                                doubles flat
                    ]

                let found = connected size work
                let expected = ThreadRanks.run size work

                for rank in 0 .. size - 1 do
                    Expect.isTrue (found[rank] = expected[rank]) $"rank {rank}"
            }
    ]

let private shares =
    test "what ranks gather of each other's shares is whole" {
        for size in [ 2; 4 ] do
            for length in lengths do
                let all =
                    connected size (fun ranks ->
                        let flat = torch.zeros(int64 length).sub_(1.0.ToScalar())

                        for struct (from, count) in TreeSum.Shares(ranks.Rank, size, int64 length) do
                            flat.narrow(0L, from, count).fill_((float ranks.Rank).ToScalar()) |> ignore

                        ranks.GatherShares flat
                        doubles flat)

                let expected = Array.create length -1.0

                for rank in 0 .. size - 1 do
                    for struct (from, count) in TreeSum.Shares(rank, size, int64 length) do
                        Array.fill expected (int from) (int count) (float rank)

                for rank, values in List.indexed all do
                    Expect.isTrue (values = expected) $"rank {rank} of {size}, {length} values"
    }

let private messages =
    test "values that one rank sends another receives, longer than there is room for" {
        let found =
            connected 4 (fun ranks ->
                [
                    for length in [ 1; 5; 16_384; 16_385; 300_001 ] do
                        if ranks.IsFirst then
                            for other in 1..3 do
                                use flat = torch.zeros (int64 length)
                                ranks.Receive(flat, other)
                                doubles flat = Array.map float (valuesOf length other)
                        else
                            use flat = torch.tensor (valuesOf length ranks.Rank)
                            ranks.Send(flat, 0)
                ])

        Expect.equal found.Head (List.replicate 15 true) "all came"
    }

/// Ranks that count what is asked of them.
type private Counting(inner: ICommunicator) =
    member val Calls: string list = [] with get, set

    interface ICommunicator with
        member _.Rank = inner.Rank
        member _.Size = inner.Size
        member _.Library = inner.Library
        member _.Wait() = inner.Wait()
        member _.Gather(own: ReadOnlySpan<byte>) = inner.Gather own

        member this.Send(flat, other) =
            this.Calls <- "Send" :: this.Calls

            if inner.Size > 1 then
                inner.Send(flat, other)

        member this.Receive(flat, other) =
            this.Calls <- "Receive" :: this.Calls

            if inner.Size > 1 then
                inner.Receive(flat, other)

        member this.SumShares _ = this.Calls <- "SumShares" :: this.Calls

        member this.GatherShares _ =
            this.Calls <- "GatherShares" :: this.Calls

        member _.Abort code = inner.Abort code
        member _.Dispose() = ()

let private elsewhere =
    test "tensors that are not on a card go as they went" {
        StandIn.library () |> ignore
        NativeRuntime.Load()
        let start = new Counting(SingleProcess.Instance)
        use nccl = join 10.0 start
        let ranks = nccl :> ICommunicator

        let call (flat: torch.Tensor) =
            ranks.SumShares flat
            ranks.GatherShares flat
            ranks.Send(flat, 0)
            ranks.Receive(flat, 0)

        use away = torch.empty ([| 5L |], device = torch.META)
        call away
        Expect.equal (List.rev start.Calls) [ "SumShares"; "GatherShares"; "Send"; "Receive" ] "each once"
        use own = torch.ones 5L
        ranks.SumShares own
        ranks.GatherShares own
        Expect.equal start.Calls.Length 4 "and no other"
    }

let private meeting =
    test "two ranks meet before one sends the other what is on its card" {
        StandIn.library () |> ignore
        NativeRuntime.Load()

        let calls =
            ThreadRanks.run 2 (fun ranks ->
                use _ = torch.NewDisposeScope()
                let start = new Counting(ranks)
                use nccl = join 60.0 start
                let flat = torch.ones 5L

                if ranks.IsFirst then
                    (nccl :> ICommunicator).Receive(flat, 1)
                else
                    (nccl :> ICommunicator).Send(flat, 0)

                List.rev start.Calls)

        Expect.equal calls [ [ "Send"; "Receive" ]; [ "Receive"; "Send" ] ] "a word each way"
    }

let private versions =
    test "versions are told as NVIDIA writes them, and one that is too old is refused" {
        let file = StandIn.library ()

        let version code =
            StandIn.told ("STANDIN_VERSION", code) (fun () -> NcclLibrary.Load(file, "").Version)

        for code, text in [ "2708", "2.7.8"; "20908", "2.9.8"; "21805", "2.18.5"; "22304", "2.23.4" ] do
            Expect.equal (version code) text code

        Expect.throwsC (fun () -> version "2604" |> ignore) (fun e ->
            Expect.stringContains e.Message $"{file}: is NCCL 2.6.4; 2.7 or later is needed" "the message")
    }

let private places =
    test "the library is found beside libtorch and in NVIDIA's Python package, or is named" {
        let file = StandIn.library ()
        let folder = Directory.CreateTempSubdirectory("lori-nccl-").FullName
        let torch = Path.Combine(folder, "torch", "lib")

        try
            for place in [ "nvidia/nccl/lib"; "torch/lib" ] do
                let whole = Path.Combine(folder, place)
                Directory.CreateDirectory torch |> ignore
                Directory.CreateDirectory whole |> ignore
                File.Copy(file, Path.Combine(whole, "libnccl.so.2"))
                let found = NcclLibrary.Load(null, torch)
                Expect.equal found.File (Path.Combine(whole, "libnccl.so.2")) "where it is"

            Expect.equal (NcclLibrary.Load(file, torch).File) file "the one that is named"

            Expect.throwsC (fun () -> NcclLibrary.Load("/nowhere/libnccl.so.2", torch) |> ignore) (fun e ->
                Expect.stringContains e.Message "LORI_NCCL=/nowhere/libnccl.so.2: this library does not load" "named")

            Expect.throwsC (fun () -> NcclLibrary.Load("libc.so.6", torch) |> ignore) (fun e ->
                Expect.stringContains e.Message "ncclGetVersion is not in it" "another library")
        finally
            Directory.Delete(folder, true)
    }

let private nowhere =
    test "where there is no library, one line says what was looked for" {
        let isThere, _ = NativeLibrary.TryLoad "libnccl.so.2"

        if isThere then
            skiptest "the system has NCCL"

        Expect.throwsC (fun () -> NcclLibrary.Load(null, "/none/torch/lib") |> ignore) (fun e ->
            for part in
                [
                    "/none/torch/lib/libnccl.so.2, /none/nvidia/nccl/lib/libnccl.so.2, libnccl.so.2"
                    "LORI_NCCL"
                ] do
                Expect.stringContains e.Message part "the message")
    }

[<Tests>]
let tests =
    testList "NCCL" [ yield! sums; shares; messages; elsewhere; meeting; versions; places; nowhere ]
    |> testSequenced
