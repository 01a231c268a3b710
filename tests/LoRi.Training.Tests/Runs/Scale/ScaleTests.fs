/// The cost model of many hosts, against points that were computed apart from it.
module LoRi.Training.Tests.ScaleTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Runs.Scale

let private llama width inner layers heads headSize tied =
    DecoderConfig(
        Family = DecoderFamily.Llama,
        HiddenSize = width,
        IntermediateSize = inner,
        Layers = layers,
        QueryHeads = heads,
        KeyValueHeads = 8,
        HeadSize = headSize,
        VocabularySize = 128_256,
        NormEpsilon = 1e-5,
        RotaryBase = 500_000.0,
        TiedHead = tied,
        MaxPositions = 131_072
    )

/// Llama 3.2 1B and 3B, and Llama 3.1 8B.
let private sizes =
    [
        "1B", llama 2048 8192 16 32 64 true
        "3B", llama 3072 8192 28 24 128 true
        "8B", llama 4096 14336 32 32 128 false
    ]

let private named name (known: 'one seq) (nameOf: 'one -> string) =
    known |> Seq.find (fun one -> nameOf one = name)

let private h100 = named "h100" Accelerator.Known _.Name
let private fast = named "8x400g" Network.Known _.Name
let private teach = ScaledWork(194, 0, infinity)
let private distill = ScaledWork(84, 5, infinity)
let private adapters = System.Nullable 128
let private all = System.Nullable<int>()

let private scale config rank work network =
    ScaleModel(ScaledModel.Of(config, rank), h100, 8, named network Network.Known _.Name, work)

/// As near as a table of two digits says.
let private near (within: float) (expected: float) actual what =
    Expect.isLessThanOrEqual (abs (actual - expected)) within $"{what}: {actual}, expected {expected}"

let private thousands (model: ScaleModel) hosts = model.TokensWanted hosts / 1000.0

[<Tests>]
let tests =
    testList
        "Scale"
        [
            test "values that are trained, in millions" {
                for (name, config), weights, values in List.zip3 sizes [ 1236.0; 3213.0; 8030.0 ] [ 90.0; 195.0; 335.0 ] do
                    let model = ScaledModel.Of(config, adapters)
                    near 1.0 weights (model.Parameters / 1e6) $"{name}: weights"
                    near 1.0 values (model.Trained / 1e6) $"{name}: adapters"
                    Expect.equal (ScaledModel.Of(config, all).Trained) model.Parameters $"{name}: all"
            }

            test "tokens that a GPU must compute for 90 % of full training" {
                let _, config = sizes.Head

                for network, expected in
                    [
                        "8x400g", [ 1, 13.0; 4, 23.0; 16, 26.0; 64, 27.0 ]
                        "400g", [ 1, 13.0; 4, 97.0; 16, 119.0; 64, 124.0 ]
                        "100g", [ 1, 13.0; 4, 369.0; 16, 458.0; 64, 480.0 ]
                        "25g", [ 4, 1400.0; 16, 1800.0; 64, 1900.0 ]
                    ] do
                    for hosts, tokens in expected do
                        near
                            (0.03 * tokens)
                            tokens
                            (thousands (scale config all teach network) hosts)
                            $"{network}, {hosts} hosts"
            }

            test "tokens that a GPU must compute for 90 % with adapters on 64 hosts" {
                for network, least, most in [ "400g", 7.0, 12.0; "100g", 28.0, 48.0; "25g", 110.0, 185.0 ] do
                    let found =
                        [ for _, config in sizes -> thousands (scale config adapters teach network) 64 ]

                    near (0.05 * least) least (List.min found) $"{network}, the least"
                    near (0.05 * most) most (List.max found) $"{network}, the most"
            }

            test "weak scaling on 64 hosts, in percent" {
                for what, rank, work, rows, expected in
                    [
                        "teach, adapters", adapters, teach, 32.0, [ 95.0; 96.0; 97.0 ]
                        "distill, adapters", adapters, distill, 32.0, [ 92.0; 93.0; 95.0 ]
                        "teach, all weights", all, teach, 32.0, [ 68.0; 68.0; 68.0 ]
                        "distill, all weights", all, distill, 8.0, [ 33.0; 30.0; 30.0 ]
                    ] do
                    for (name, config), percent in List.zip sizes expected do
                        let model = scale config rank work "8x400g"
                        let found = model.Compute rows / model.Step(64, rows)
                        near 0.6 percent (100.0 * found) $"{what}, {name}"
            }

            test "a fixed batch of 128 rows on more than one host of 8, in percent" {
                for hosts, least, most in [ 2, 65.0, 69.0; 4, 39.0, 43.0; 8, 21.0, 24.0 ] do
                    for name, config in sizes do
                        let found =
                            100.0 * (scale config adapters distill "8x400g").StrongEfficiency(hosts, 16.0)

                        Expect.isTrue
                            (found > least - 1.5 && found < most + 1.5)
                            $"{name}, {hosts} hosts: {found} of {least} to {most}"
            }

            test "memory of a GPU without activations, in GB" {
                let expected = [ "1B", 22.0, 14.0; "3B", 58.0, 35.0; "8B", 144.0, 88.0 ]

                for (_, config), (name, whole, shared) in List.zip sizes expected do
                    let model = scale config all distill "8x400g"
                    near 0.6 whole (model.Memory() / 1e9) $"{name}: each all moments"
                    near 0.6 shared (model.Memory(8) / 1e9) $"{name}: shared moments"

                let largest = scale (snd sizes[2]) all distill "8x400g"
                near 0.6 60.0 (largest.Memory(8, 8) / 1e9) "8B: shared gradients"
                near 0.6 18.0 (largest.Memory(8, 8, 8) / 1e9) "8B: shared weights"
                near 0.6 53.0 ((scale (snd sizes[2]) adapters distill "8x400g").Memory() / 1e9) "8B: adapters"
            }

            test "rows that pass in parts read all weights again for every latent step" {
                let whole = scale (snd sizes.Head) adapters distill "8x400g"

                let parts = scale (snd sizes.Head) adapters (ScaledWork(84, 5, 8.0)) "8x400g"

                Expect.floatClose Accuracy.high (parts.Compute 8.0) (whole.Compute 8.0) "one part"
                Expect.floatClose Accuracy.high (parts.Compute 32.0) (4.0 * whole.Compute 8.0) "four"
                Expect.isGreaterThan (parts.Compute 32.0) (whole.Compute 32.0) "which take longer than one pass"
            }

            test "one rank waits for nobody" {
                let alone = ScaleModel(ScaledModel.Of(snd sizes.Head, all), h100, 1, fast, teach)

                Expect.equal (alone.Communicate 1) 0.0 "no sums"
                Expect.equal (alone.Step(1, 4.0)) (alone.Compute 4.0) "weak"
                Expect.equal (alone.StrongEfficiency(1, 4.0)) 1.0 "strong"
            }
        ]
