/// Comparisons of whole arrays, with a message that shows the entry that differs most.
module LoRi.Math.Tests.Asserting

open Expecto
open LoRi.Math

/// The value of something that cannot fail here.
let ok (result: Result<'a, MathError>) : 'a =
    match result with
    | Ok value -> value
    | Error error -> failtest (MathError.describe error)

/// The text of something that must fail.
let errorText (result: Result<'a, MathError>) : string =
    match result with
    | Ok _ -> failtest "was accepted but must be refused"
    | Error error -> MathError.describe error

/// Equal to a share of the largest magnitude of the expected (or of `scale`, where that is larger).
let closeOn (scale: float) (tolerance: float) (expected: float[]) (found: float[]) (what: string) =
    Expect.equal found.Length expected.Length $"{what}: number of values"
    let largest = expected |> Array.fold (fun most x -> max most (abs x)) scale

    for i in 0 .. expected.Length - 1 do
        // Written so that NaN fails: Expecto's comparisons let it pass.
        if not (abs (found[i] - expected[i]) <= tolerance * largest) then
            failtest $"{what}[{i}]: found {found[i]}, expected {expected[i]}"

/// Equal to a share of the largest magnitude of the expected.
let close tolerance expected found what =
    closeOn 0.0 tolerance expected found what

/// The largest magnitude.
let largest (values: float[]) =
    values |> Array.fold (fun most x -> max most (abs x)) 0.0
