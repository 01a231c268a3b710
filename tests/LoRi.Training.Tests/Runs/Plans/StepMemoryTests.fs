/// What a step is said to keep, against peaks that were measured.
module LoRi.Training.Tests.StepMemoryTests

open Expecto
open LoRi.Files.Settings
open LoRi.Models.Decoders
open LoRi.Models.Sequences
open LoRi.Runs.Plans
open LoRi.Runs.Settings
open LoRi.Training
open LoRi.Training.Methods

/// SmolLM2-135M.
let private shape =
    DecoderConfig(
        HiddenSize = 576,
        IntermediateSize = 1536,
        Layers = 30,
        QueryHeads = 9,
        KeyValueHeads = 3,
        HeadSize = 64,
        VocabularySize = 49152,
        NormEpsilon = 1e-5,
        RotaryBase = 10_000.0,
        TiedHead = true,
        MaxPositions = 2048
    )

/// As long as the longest of the measured rows.
let private row =
    EncodedExample(0, Array.zeroCreate 60, Array.zeroCreate 86, Array.zeroCreate 4, Array.zeroCreate 3)

let private planOf (name: string) (sweeps: int) =
    let values =
        SettingValues.None
            .With(StudentSettings.Method, name)
            .With(SharedSettings.LatentSteps, 24)
            .With(SharedSettings.Sweeps, sweeps)

    (nonNull (KnownMethods.Find name)).Plan values

let private activations name sweeps recomputed =
    use plan = planOf name sweeps
    StepMemory(plan, shape, 4, recomputed).Of(4, [ row ], row.Length(plan.Reasoning.LatentSteps))

/// Peaks of whole processes in MiB, four rows a step, 24 latent steps, three sweeps: without and with --checkpointing.
let private measured =
    [
        "cot", 3449.0, 3072.0
        "codi", 3925.0, 3334.0
        "pccot", 4932.0, 4284.0
        "kava", 5764.0, 5812.0
    ]

let private near =
    [
        for name, whole, least in measured do
            for recomputed, peak in [ false, whole; true, least ] do
                test $"""{name}{if recomputed then " --checkpointing" else ""}: within 15 %% of the measured peak""" {
                    let state = 16.0 * float (MemoryEstimate shape).Parameters
                    let said = state + StepMemory.ProgramBytes + activations name 3 recomputed
                    let share = said / (peak * 1048576.0)
                    Expect.isTrue (share > 0.85 && share < 1.15) $"{share}"
                }
    ]

[<Tests>]
let tests =
    testList
        "Memory of a step"
        [
            yield! near
            test "sweeps count, and are not computed again" {
                for name in [ "pccot"; "kava" ] do
                    let more recomputed =
                        activations name 5 recomputed - activations name 3 recomputed

                    Expect.isGreaterThan (more false) (2.0 * 4.0 * 24.0 * 30.0 * 4.0 * 10.0 * 576.0) name
                    Expect.equal (more true) (more false) name
            }
            test "what is computed again is less" {
                for name, _, _ in measured do
                    Expect.isLessThan (activations name 3 true) (activations name 3 false) name
            }
        ]
