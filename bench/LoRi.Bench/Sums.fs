/// Sums over ranks, under mpirun: the reproducible tree beside the MPI library's own sum of the same values.
module LoRi.Bench.Sums

#nowarn "9" // The library is given addresses.

open System
open System.Runtime.CompilerServices
open System.Runtime.InteropServices
open FSharp.NativeInterop
open LoRi.Bench.Clock
open LoRi.Training.Ranks
open TorchSharp

/// What is measured.
type Settings = { Values: int64; Rounds: int }

[<UnmanagedFunctionPointer(CallingConvention.Cdecl)>]
type private AllReduce = delegate of nativeint * nativeint * int * nativeint * nativeint * nativeint -> int

/// Where a tensor's values are.
let private address (flat: torch.Tensor) =
    let bytes = flat.bytes

    Unsafe.AsPointer(&MemoryMarshal.GetReference bytes)
    |> NativePtr.ofVoidPtr<byte>
    |> NativePtr.toNativeInt

/// The library's sum of float32 values in place, with handles of its family.
let private ofLibrary (file: string) =
    let library = NativeLibrary.Load file
    let isOpenMpi, _ = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world")

    let handle name (number: int) =
        if isOpenMpi then
            NativeLibrary.GetExport(library, name)
        else
            nativeint number

    let reduce =
        Marshal.GetDelegateForFunctionPointer<AllReduce>(NativeLibrary.GetExport(library, "MPI_Allreduce"))

    let values = handle "ompi_mpi_float" 0x4c00040a
    let sum = handle "ompi_mpi_op_sum" 0x58000003
    let world = handle "ompi_mpi_comm_world" 0x44000000
    let inPlace = if isOpenMpi then 1n else -1n

    fun (flat: torch.Tensor) -> reduce.Invoke(inPlace, address flat, int (flat.numel ()), values, sum, world) |> ignore

let private seconds (ranks: ICommunicator) rounds (work: unit -> unit) =
    [
        for _ in 1..rounds ->
            ranks.Gather(ReadOnlySpan<byte> [||]) |> ignore
            snd (timed work)
    ]

/// Measures on the ranks that a launcher started; the first one shows the rows of a table.
let run settings =
    match Launcher.Find() with
    | null -> failwith "start it with mpirun"
    | launcher ->
        use ranks = launcher.Join(TimeSpan.FromMinutes 5.0)
        torch.set_num_threads 1
        let flat = torch.ones (settings.Values, torch.ScalarType.Float32)
        let file = (ranks.Library.Split(", ", 2))[1]
        let library = ofLibrary file
        let bytes = 4.0 * float settings.Values
        let tree = seconds ranks settings.Rounds (fun () -> ranks.Sum flat)
        let own = seconds ranks settings.Rounds (fun () -> library flat)

        if ranks.IsFirst then
            let row name times =
                let best, middle = List.min times, median times
                printfn $"| {name} | %.3f{best} | %.3f{middle} | %.2f{bytes / best / 1e9} |"

            printfn
                $"{settings.Values} values, {ranks.Size} ranks of one thread, {ranks.Library}, {settings.Rounds} rounds"

            printfn "| sum | best, s | median, s | GB/s |\n| --- | --: | --: | --: |"
            row "reproducible tree" tree
            row "the library's own" own

            printfn
                $"the tree takes %.2f{List.min tree / List.min own} times as long (best), %.2f{median tree / median own} (median)"
