/// Rotary scalings: frequencies against numbers computed apart from the published formulas, and how configurations name them.
module LoRi.Training.Tests.RotaryScalingTests

open System.Text.Json.Nodes
open Expecto
open LoRi.Models.Decoders
open LoRi.Training.Tests.TensorValues

let private llama (extra: string) =
    let json =
        """{"model_type": "llama", "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 8, "num_hidden_layers": 1,
"num_attention_heads": 2, "vocab_size": 4, "rms_norm_eps": 1e-5, "max_position_embeddings": 64"""

    DecoderConfig.FromJson(JsonNode.Parse(json + ", " + extra + "}") |> nonNull |> _.AsObject(), "config.json")

let private classic (rotaryBase: string) (scaling: string) =
    llama $""" "rope_theta": {rotaryBase}, "rope_scaling": {scaling}"""

/// A name, the base, the scaling as a configuration has it, the length of the sequence, and the frequencies.
let private cases =
    [
        "linear",
        "10000.0",
        """{"type": "linear", "factor": 4.0}""",
        10,
        [
            0.25
            0.079056941504209485
            0.025
            0.0079056941504209478
            0.0025
            0.00079056941504209474
            0.00025
            7.9056941504209485e-05
        ]
        "dynamic, within the original length",
        "10000.0",
        """{"type": "dynamic", "factor": 2.0}""",
        10,
        [
            1.0
            0.31622776601683794
            0.1
            0.031622776601683791
            0.01
            0.003162277660168379
            0.001
            0.00031622776601683794
        ]
        "dynamic, beyond it",
        "10000.0",
        """{"rope_type": "dynamic", "factor": 2.0}""",
        100,
        [
            1.0
            0.28394513884825068
            0.080624841875552355
            0.02289303192097197
            0.0065003651274578205
            0.0018457470786803376
            0.00052409091053464156
            0.00014881306636086491
        ]
        "llama3",
        "500000.0",
        """{"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}""",
        10,
        [
            1.0
            0.067133037511049903
            0.0011751884665894979
            0.00022789577303803464
            4.419417382415922e-05
            8.5702554898814781e-06
            1.6619674677953091e-06
            3.2229329303788936e-07
        ]
        "yarn",
        "10000.0",
        """{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128}""",
        10,
        [
            1.0
            0.23717082451262847
            0.05
            0.0079056941504209478
            0.0025
            0.00079056941504209474
            0.00025
            7.9056941504209485e-05
        ]
        "yarn, Qwen2.5's",
        "1000000.0",
        """{"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}""",
        10,
        [
            1.0
            0.17782794100389226
            0.031622776601683791
            0.0042175599389276189
            0.0005
            4.4456985250973067e-05
            7.9056941504209488e-06
            1.4058533129758728e-06
        ]
        "yarn, ramp between components",
        "10000.0",
        """{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 512, "beta_fast": 16, "beta_slow": 2, "truncate": false}""",
        10,
        [
            1.0
            0.31622776601683794
            0.075664394391007972
            0.010796108651350396
            0.0025
            0.00079056941504209474
            0.00025
            7.9056941504209485e-05
        ]
    ]

let private frequencyTests =
    [
        for name, rotaryBase, scaling, length, wanted in cases do
            testCase $"frequencies: {name}"
            <| fun () ->
                let config = classic rotaryBase scaling
                let found = config.Rotary.Frequencies length

                for i, frequency in List.indexed wanted do
                    near 1e-14 frequency found[i] $"component {i}"

                let written = DecoderConfig.FromJson(config.ToJson(), "written")
                Expect.equal written.Scaling config.Scaling "the written configuration says the same"
    ]

let private attentionTests =
    [
        for fields, wanted in
            [
                "", 1.138629436111989
                """, "attention_factor": 1.5""", 1.5
                """, "mscale": 0.7, "mscale_all_dim": 0.5""", 1.0259286501478284
                """, "mscale": 1.0, "mscale_all_dim": 0.0""", 1.138629436111989
            ] do
            testCase $"yarn's factor on the angles: {fields}"
            <| fun () ->
                let config =
                    classic
                        "10000"
                        ("""{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16"""
                         + fields
                         + "}")

                near 1e-15 wanted config.Rotary.AttentionFactor "factor"
    ]

let private forms =
    testCase "the newer form says the same as the classic one"
    <| fun () ->
        let scaling =
            """"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32"""

        let older = classic "5000.5" ("{" + scaling + "}")

        let newer =
            llama (""" "rope_parameters": {"rope_theta": 5000.5, """ + scaling + "}")

        Expect.equal newer.Rotary older.Rotary "rotation"

        let plain =
            llama """ "rope_parameters": {"rope_theta": 77.0, "rope_type": "default"}"""

        Expect.equal plain.Rotary (RotaryShape(16, 77.0, null)) "no scaling"

/// Where a field may stand: fields, the base, the length of pretraining and the number of notes.
let private places =
    let llama3 =
        """"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0"""

    [
        """ "rope_scaling": {"type": "linear", "factor": 2.0, "rope_theta": 5e5}""", 5e5, 0, 0
        """ "rope_theta": 5e5, "rope_scaling": {"type": "linear", "factor": 2.0, "rope_theta": 500000}""", 5e5, 0, 0
        """ "rope_theta": 5e5, "rope_parameters": {"rope_type": "linear", "factor": 2.0}""", 5e5, 0, 0
        """ "rope_theta": 1e4, "original_max_position_embeddings": 16, "rope_scaling": {"""
        + llama3
        + "}",
        1e4,
        16,
        0
        """ "rope_theta": 1e4, "original_max_position_embeddings": 16, "rope_parameters": {"""
        + llama3
        + "}",
        1e4,
        16,
        0
        """ "rope_theta": 1e4, "original_max_position_embeddings": 16, "rope_scaling": {"type": "yarn", "factor": 4.0}""",
        1e4,
        16,
        0
        """ "rope_theta": 1e4, "rope_scaling": {""" + llama3 + "}", 1e4, 64, 1
        """ "rope_theta": 1e4, "rope_scaling": {"type": "yarn", "factor": 4.0}""", 1e4, 64, 1
        """ "rope_theta": 1e4, "rope_scaling": {"type": "yarn", "original_max_position_embeddings": 16}""", 1e4, 16, 1
    ]

let private placeTests =
    [
        for fields, rotaryBase, original, notes in places do
            testCase $"where fields may stand: {fields}"
            <| fun () ->
                let config = llama fields
                Expect.equal config.RotaryBase rotaryBase "base"
                let scaling = nonNull config.Scaling
                Expect.equal scaling.OriginalPositions original "length of pretraining"

                Expect.equal
                    scaling.Factor
                    (if fields.Contains "linear" then 2.0
                     elif fields.Contains "llama3" then 8.0
                     else 4.0)
                    "factor"

                Expect.hasLength config.Notes notes "notes"
    ]

let private divided =
    testCase "a list of divisors, and back"
    <| fun () ->
        let list = "[1, 1.5, 2, 4, 8, 8, 8, 8]"

        let config =
            classic
                "10000.0"
                $"""{{"rope_type": "longrope", "short_factor": {list}, "long_factor": {list}, "attention_factor": 1.0}}"""

        let plain = (llama """ "rope_theta": 10000.0""").Rotary.Frequencies 10

        for i, divisor in List.indexed [ 1.0; 1.5; 2.0; 4.0; 8.0; 8.0; 8.0; 8.0 ] do
            near 1e-15 (plain[i] / divisor) ((config.Rotary.Frequencies 10)[i]) $"frequency {i}"

        let written = DecoderConfig.FromJson(config.ToJson(), "written")
        Expect.equal written.Scaling config.Scaling "the written configuration says the same"

        Expect.notEqual
            (classic "10000.0" (config.ToJson()["rope_scaling"] |> string |> _.Replace("1.5", "1.25"))).Scaling
            config.Scaling
            "other numbers are another scaling"

/// Fields that are refused, and what the message must name.
let private refusals =
    [
        """ "rope_theta": 1e4, "rope_scaling": {"type": "longrope", "factor": 2.0}""", "longrope"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "linear"}""", "factor"
        """ "rope_theta": 1e4, "rope_scaling": {"factor": 2.0}""", "rope_type"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "yarn"}""", "factor"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "yarn", "original_max_position_embeddings": 64}""", "factor"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 2.0, "rope_theta": 5e5}""",
        "rope_scaling.rope_theta is 500000, but rope_theta is 10000"
        """ "rope_theta": 1e4, "original_max_position_embeddings": 16,
"rope_scaling": {"type": "yarn", "factor": 2.0, "original_max_position_embeddings": 32}""",
        "original_max_position_embeddings is 16, but that of its rotary scaling is 32"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "longrope", "short_factor": [1, 2], "long_factor": [1, 3], "attention_factor": 1}""",
        "long_factor"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "longrope", "short_factor": [1, 2], "long_factor": [1, 2]}""",
        "attention_factor"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "longrope", "short_factor": [1, 2], "long_factor": [1, 2], "attention_factor": 1}""",
        "2 factors"
        """ "rope_theta": 1e4, "rope_scaling": {"type": "longrope", "short_factor": [1, 0], "long_factor": [1, 0], "attention_factor": 1}""",
        "short_factor"
        """ "rope_theta": 1e4, "rope_scaling": {"rope_type": "llama3", "factor": 2.0}""", "low_freq_factor"
        """ "rope_theta": 1e4, "rope_scaling": "linear" """, "rope_scaling"
        """ "rope_theta": 1e4, "partial_rotary_factor": 0.5""", "partial_rotary_factor"
        """ "rope_theta": -1""", "rope_theta"
        """ "rope_parameters": {"rope_type": "default"}""", "rope_theta"
        """ "rope_parameters": {"rope_theta": 1e4, "rope_type": "su"}""", "su"
        """ "rope_theta": 5.0, "rope_parameters": {"rope_theta": 1e4, "rope_type": "default"}""", "rope_theta"
    ]

let private refusalTests =
    [
        for fields, named in refusals do
            testCase $"refused: {fields}"
            <| fun () ->
                let message =
                    Expect.throwsC (fun () -> llama fields |> ignore) (fun error -> error.Message)

                Expect.stringContains message "config.json" "the file"
                Expect.stringContains message named "the field or the value"
    ]

[<Tests>]
let tests =
    testList "Rotary scalings" (frequencyTests @ attentionTests @ [ forms; divided ] @ placeTests @ refusalTests)
