module LoRi.Cli.Commands.Info

open System.Reflection
open System.Runtime.InteropServices
open LoRi.Cli
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.Settings
open LoRi.Training.Ranks

/// The version of this program.
let version () =
    match Assembly.GetExecutingAssembly().GetName().Version with
    | null -> "unknown"
    | version -> version.ToString 3

/// What started this process as one of several, and the library that connects them.
let private ranks () =
    match Launcher.Find() with
    | null -> "started alone"
    | launcher -> $"{launcher.Size} processes by {launcher.Name} ({launcher.Library()})"

let private yesNo flag = if flag then "yes" else "no"

let private asJson (report: NativeRuntimeReport) =
    Json.object
        [
            "version", Json.text (version ())
            "dotnet", Json.text RuntimeInformation.FrameworkDescription
            "system", Json.text RuntimeInformation.RuntimeIdentifier
            "libtorch_version", Json.text report.LibtorchVersion
            "libtorch_folder", Json.text report.LibtorchFolder
            "libtorch_source", Json.text report.LibtorchSource
            "torchsharp_version", Json.text report.TorchSharpVersion
            "torchsharp_library", Json.text report.TorchSharpLibrary
            "adapted", Json.flag report.Adapted
            "adapted_reason", Json.text report.AdaptedReason
            "cpu_capabilities", Json.list (Seq.map Json.text report.CpuCapabilities)
            "vector_bits", Json.whole report.VectorBits
            "threads", Json.whole report.Threads
            "cuda", Json.flag report.CudaAvailable
            "cuda_devices", Json.whole report.CudaDevices
            "ranks", Json.text (ranks ())
            "nccl", Json.text (Launcher.CardLibrary())
        ]

let private rows (report: NativeRuntimeReport) =
    [
        "LoRi", version ()
        ".NET", $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}"
        "libtorch", $"{report.LibtorchVersion}, named by {report.LibtorchSource}"
        "its folder", report.LibtorchFolder
        "TorchSharp", report.TorchSharpVersion
        "its library", report.TorchSharpLibrary
        "adapted copy", $"{yesNo report.Adapted} ({report.AdaptedReason})"
        "processor", String.concat " " report.CpuCapabilities
        "own loops",
        (if report.VectorBits = 0 then
             "not on this processor, libtorch's operations instead"
         else
             $"on vectors of {report.VectorBits} bits")
        "threads", string report.Threads
        "CUDA",
        (if report.CudaAvailable then
             $"{report.CudaDevices} devices"
         else
             "not available")
        "ranks", ranks ()
        "NCCL", Launcher.CardLibrary()
    ]

/// Its options.
let settings =
    CommandSettings("info", [| StageSettings.Threads; StageSettings.Json |])

/// What is installed, and what the machine offers.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let options = SettingOptions.read settings arguments
    NativeRuntime.Load(native.WithThreads(options.Get StageSettings.Threads))
    let report = NativeRuntime.Report()

    if options.Get StageSettings.Json then
        Terminal.writeJson terminal (asJson report)
    else
        Terminal.writeFields terminal (rows report)
