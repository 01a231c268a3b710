/// Values of tensors, and how near they must be to what is expected.
module LoRi.Training.Tests.TensorValues

open Expecto
open TorchSharp

/// A scalar as a number.
let number (tensor: torch.Tensor) =
    tensor.``to``(torch.ScalarType.Float64).item<double>()

/// All values; TorchSharp cannot copy none.
let doubles (tensor: torch.Tensor) =
    if tensor.numel () = 0L then
        [||]
    else
        // Held until the copy is made: outside of a dispose scope the collector could take it before.
        use wide = tensor.detach().``to``(torch.ScalarType.Float64).contiguous()
        wide.data<double>().ToArray()

/// The relative difference; a number that must be zero may miss it by the tolerance itself. NaN is never near.
let near (tolerance: float) (wanted: float) (found: float) (what: string) =
    let scale = if wanted = 0.0 then 1.0 else abs wanted
    Agreement.note (abs (found - wanted) / scale) tolerance 1
    Expect.isTrue (abs (found - wanted) <= tolerance * scale) $"{what}: found {found:R}, expected {wanted:R}"

/// Every difference of two arrays, over the largest size of the expected one. NaN is never near.
let nearArrays (tolerance: float) (wanted: float[]) (found: float[]) (what: string) =
    Expect.equal found.Length wanted.Length $"{what}: number of values"

    let largest =
        wanted |> Array.fold (fun largest value -> max largest (abs value)) 0.0

    let unit = if largest = 0.0 then 1.0 else largest

    if wanted.Length > 0 then
        let error = Array.map2 (fun a b -> abs (a - b)) wanted found |> Array.max
        Agreement.note (error / unit) tolerance wanted.Length

    let far =
        Array.zip wanted found
        |> Array.filter (fun (a, b) -> not (abs (a - b) <= tolerance * largest))

    Expect.isEmpty far $"{what}: expected and found, where they differ by more than {tolerance} of {largest}"
