/// Every family's checkpoint against the reference implementation's numbers, in float64, float32 and bfloat16.
module LoRi.Training.Tests.FamilyTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Training.Tests.FamilyChecks
open LoRi.Training.Tests.FamilyFixture
open LoRi.Training.Tests.SharedFiles
open TorchSharp

/// All checks, by name.
let checks: (string * (Context -> Measured list)) list =
    [
        "one row", single
        "padding", padded
        "cache", cached
        "embeddings as input", latent
        "states fed back", feedback
        "greedy", greedy
        "training", FamilyTraining.training
    ]

/// Runs a check on a model of its own.
let run (name: string) (numbers: Numbers) (check: Context -> Measured list) : Measured list =
    NativeRuntime.Load()
    let checkpoint = checkpoint name
    use model = load checkpoint numbers.Precision

    check
        {
            Checkpoint = checkpoint
            Numbers = numbers
            Model = model
        }

/// Logits in bfloat16 against float64's. The reference's own bfloat16 says how far rounding takes them.
let bfloat16 (name: string) : Measured =
    let numbers =
        { float64 with
            Name = "bfloat16"
            Precision = Precision(torch.ScalarType.BFloat16, torch.ScalarType.BFloat16)
        }

    let logits =
        run name numbers single |> List.find (fun measured -> measured.What = "logits")

    use file = golden (checkpoint name)

    let own =
        match file.Find "bf16.single.logits" with
        | null -> None
        | _ -> Some(distance (file.ReadDoubles "f64.single.logits") (file.ReadDoubles "bf16.single.logits"))

    { logits with
        What = "logits in bfloat16"
        Limit = own |> Option.map ((*) 2.0) |> Option.defaultValue infinity
    }

let private within (measured: Measured) =
    Expect.isLessThanOrEqual measured.Error measured.Limit measured.What

[<Tests>]
let tests =
    fixtureTests "Families" (fun () ->
        [
            for name in names () do
                for numbers in [ float64; float32 ] do
                    for what, check in checks do
                        testCase $"{name}: {what}, {numbers.Name}" (fun () ->
                            run name numbers check |> List.iter within)

                testCase $"{name}: bfloat16" (fun () -> within (bfloat16 name))
        ])
