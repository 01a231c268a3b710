/// Every property runs on every backend: the reference one, Torch on the CPU, and Torch on CUDA where there is a device.
module LoRi.Math.Tests.Backends

open Expecto
open FsCheck
open LoRi.Math
open LoRi.Models.Native
open LoRi.Models.Tensors
open TorchSharp

type Backend =
    {
        Name: string
        /// A tensor of the backend, float64.
        Like: RawTensor
        Spectral: ISpectral
    }

    /// A tensor from row-major values.
    member this.Tensor (shape: int list) (values: float[]) =
        this.Like.Constant(Array.ofList shape, values)

let reference =
    {
        Name = "reference"
        Like = ReferenceTensor([| 1 |], [| 0.0 |])
        Spectral = ReferenceSpectral()
    }

let private torchOn (device: torch.Device) =
    {
        Name = $"torch {device}"
        Like = TorchTensor(torch.zeros ([| 1L |], dtype = torch.ScalarType.Float64, device = device))
        Spectral = TorchSpectral()
    }

let torchCpu =
    lazy
        (NativeRuntime.Load()
         torchOn torch.CPU)

let private cuda =
    lazy
        (NativeRuntime.Load()

         if torch.cuda.is_available () then
             Some(torchOn torch.CUDA)
         else
             None)

/// Runs a body with its tensors disposed of afterwards.
let inScope (body: unit -> 'a) =
    use _ = torch.NewDisposeScope()
    body ()

/// The same tests on every backend; those for CUDA are one skipped test where there is no device.
let onEach (name: string) (tests: Backend -> Test list) : Test =
    testList
        name
        [
            testList "reference" (tests reference)
            testList "torch cpu" (tests (torchCpu.Force()))
            match cuda.Force() with
            | Some backend -> testList "torch cuda" (tests backend)
            | None -> ()
        ]

/// One skipped test stands for all of CUDA where there is no device.
[<Tests>]
let cudaIsMissing =
    testList
        "CUDA"
        [
            if cuda.Force().IsNone then
                ptest "no device here: the properties ran on the reference backend and on Torch on the CPU" { () }
        ]

/// An example, with Torch's tensors disposed of afterwards.
let example (name: string) (body: unit -> unit) : Test =
    test name {
        torchCpu.Force() |> ignore
        inScope body
    }

/// A property over generated cases (`Generators` makes them).
let property<'case> (generators: System.Type) (name: string) (body: 'case -> unit) : Test =
    let config =
        { FsCheckConfig.defaultConfig with
            maxTest = 30
            arbitrary = [ generators ]
        }

    testPropertyWithConfig config name (fun (case: 'case) -> inScope (fun () -> body case))
