module LoRi.Cli.Tests.MathTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Math
open LoRi.Training.Checkpoints
open LoRi.Training.Trajectories

/// Relative to the largest magnitude of the list: float64 sums in another order.
let private sumTolerance = 1e-10

/// Losses are quotients of such sums.
let private lossTolerance = 1e-9

let private expectNumbers tolerance (expected: float[]) (found: float[]) name =
    Expect.equal found.Length expected.Length name
    let scale = expected |> Array.map abs |> Array.max

    for i in 0 .. expected.Length - 1 do
        Expect.isLessThanOrEqual
            (abs (found[i] - expected[i]))
            (tolerance * scale)
            $"{name}[{i}]: {found[i]} against {expected[i]}"

let private number (name: string) (element: JsonElement) = element.GetProperty(name).GetDouble()

let private files corpus =
    sharedFile $"fixtures/math/lori-{corpus}.teacher.safetensors",
    sharedFile $"fixtures/math/lori-{corpus}.student.safetensors"

let private fit folder (teacher: string) (options: string list) =
    let subspace = Path.Combine(folder, "subspace.safetensors")
    subspace, loriJson ([ "subspace"; "fit"; "--trajectories"; teacher; "--output"; subspace; "--json" ] @ options)

let private objective (subspace: string) (teacher: string) (student: string) (options: string list) =
    loriJson (
        [
            "objective"
            "--subspace"
            subspace
            "--teacher"
            teacher
            "--student"
            student
            "--json"
        ]
        @ options
    )

let private checkFit (corpus: JsonElement) (variant: JsonElement) (fitted: JsonElement) =
    for name in [ "eigenvalues_layer"; "eigenvalues_hidden" ] do
        expectNumbers sumTolerance (numbers (variant.GetProperty name)) (numbers (fitted.GetProperty name)) name

    expectNumbers
        sumTolerance
        (numbers (corpus.GetProperty "anchor_std"))
        (numbers (fitted.GetProperty "anchor_std"))
        "anchor_std"

    let energy = number "energy" variant

    for name in [ "energy"; "energy_kept"; "squared_error"; "squared_error_bound" ] do
        let difference = abs (number name fitted - number name variant)
        Expect.isLessThanOrEqual difference (sumTolerance * number name variant + 1e-12 * energy) name

let private checkLosses (variant: JsonElement) (losses: JsonElement) =
    for name in [ "mean_loss"; "covariance_loss"; "anchor_loss" ] do
        expectNumbers lossTolerance [| number name variant |] [| number name losses |] name

    Expect.equal (number "order_loss" losses) 0.0 "order_loss"

    let rows (element: JsonElement) =
        [|
            for row in element.GetProperty("per_example").EnumerateArray() -> numbers row
        |]

    for expected, found in Array.zip (rows variant) (rows losses) do
        for term in 0..2 do
            expectNumbers lossTolerance [| expected[term] |] [| found[term] |] "per_example"

let private golden =
    [
        for corpus in 0..2 do
            for standardise in [ "full"; "scale"; "none" ] do
                for covariance in [ "modewise"; "full" ] ->
                    test $"corpus {corpus}, {standardise}, {covariance}: fit and losses agree with the golden numbers" {
                        use expected =
                            JsonDocument.Parse(File.ReadAllText(sharedFile "fixtures/math/expected.json"))

                        let case = expected.RootElement.GetProperty("lori")[corpus]

                        let variant =
                            case.GetProperty("variants").EnumerateArray()
                            |> Seq.find (fun v ->
                                text "standardise" v = standardise && text "covariance" v = covariance)

                        inFolder (fun folder ->
                            let teacher, student = files corpus

                            let rank name =
                                string (case.GetProperty(name: string).GetInt32())

                            let subspace, fitted =
                                fit
                                    folder
                                    teacher
                                    [
                                        "--standardise"
                                        standardise
                                        "--layer-rank"
                                        rank "layer_rank"
                                        "--hidden-rank"
                                        rank "hidden_rank"
                                        "--weighting"
                                        "none"
                                    ]

                            checkFit case variant fitted

                            checkLosses
                                variant
                                (objective
                                    subspace
                                    teacher
                                    student
                                    [ "--covariance"; covariance; "--weighting"; "none" ]))
                    }
    ]

let private fitKeys =
    [
        "layers"
        "width"
        "examples"
        "tokens"
        "layer_rank"
        "hidden_rank"
        "standardise"
        "eigenvalues_layer"
        "eigenvalues_hidden"
        "energy"
        "energy_kept"
        "squared_error"
        "squared_error_bound"
        "anchor_std"
    ]

let private forms =
    [
        test "the fixed keys, in their order" {
            inFolder (fun folder ->
                let teacher, student = files 0
                let subspace, fitted = fit folder teacher []
                Expect.equal [ for p in fitted.EnumerateObject() -> p.Name ] fitKeys "fit"
                let losses = objective subspace teacher student []

                Expect.equal
                    [ for p in losses.EnumerateObject() -> p.Name ]
                    [ "mean_loss"; "covariance_loss"; "order_loss"; "anchor_loss"; "per_example" ]
                    "objective")
        }
        test "with little memory the fit is the same" {
            inFolder (fun folder ->
                for corpus in 0..2 do
                    for standardise in [ "full"; "scale"; "none" ] do
                        let teacher, _ = files corpus

                        let options =
                            [ "--standardise"; standardise; "--layer-rank"; "1"; "--hidden-rank"; "2" ]

                        let _, plain = fit folder teacher options
                        let _, small = fit folder teacher ("--low-memory" :: options)

                        for p in plain.EnumerateObject() do
                            match p.Value.ValueKind with
                            | JsonValueKind.Array ->
                                expectNumbers 1e-11 (numbers p.Value) (numbers (small.GetProperty p.Name)) p.Name
                            | JsonValueKind.Number ->
                                expectNumbers 1e-11 [| p.Value.GetDouble() |] [| number p.Name small |] p.Name
                            | _ -> ())
        }
        test "every kind, weighting, covariance, order and anchor gives finite losses, zero against itself" {
            inFolder (fun folder ->
                let teacher, student = files 0

                for kind in [ "multilinear-svd"; "random"; "identity"; "complement" ] do
                    for weighting in [ "none"; "variance"; "statistic" ] do
                        let subspace, _ =
                            fit
                                folder
                                teacher
                                [
                                    "--kind"
                                    kind
                                    "--layer-rank"
                                    "2"
                                    "--hidden-rank"
                                    "3"
                                    "--weighting"
                                    weighting
                                ]

                        for covariance in [ "modewise"; "full"; "per-layer"; "diagonal"; "off" ] do
                            for order, anchor in [ "none", "full"; "lag-1", "subspace"; "third", "off" ] do
                                let options =
                                    [
                                        "--weighting"
                                        weighting
                                        "--covariance"
                                        covariance
                                        "--order"
                                        order
                                        "--anchor"
                                        anchor
                                    ]

                                let losses = objective subspace teacher student options
                                let same = objective subspace teacher teacher options
                                let where = String.Join(" ", kind :: options)

                                for term, isOff in
                                    [
                                        "mean_loss", false
                                        "covariance_loss", covariance = "off"
                                        "order_loss", order = "none"
                                        "anchor_loss", anchor = "off"
                                    ] do
                                    let value = number term losses

                                    Expect.isTrue
                                        (Double.IsFinite value && (value > 0.0) = not isOff)
                                        $"{term} {value}: {where}"

                                    Expect.isLessThan (abs (number term same)) 1e-12 $"{term} against itself: {where}")
        }
        test "a subspace file holds what it says" {
            inFolder (fun folder ->
                let teacher, _ = files 1

                let path, fitted =
                    fit folder teacher [ "--layer-energy"; "0.9"; "--hidden-energy"; "0.8"; "--seed"; "7" ]

                use file = SafetensorsFile.Open path
                let names = [ for entry in file.Entries -> entry.Name ]

                for name in
                    [
                        "layer.basis"
                        "hidden.basis"
                        "mean"
                        "rms"
                        "anchor.std"
                        "spectrum.full.layer"
                        "spectrum.scale.hidden"
                        "spectrum.none.layer"
                    ] do
                    Expect.contains names name name

                Expect.isTrue (file.Entries |> Seq.forall (fun entry -> entry.Dtype = "F64")) "float64"

                for key in
                    [
                        "format"
                        "standardise"
                        "kind"
                        "seed"
                        "examples"
                        "tokens"
                        "energy"
                        "energy_kept"
                        "source_sha256"
                    ] do
                    Expect.isTrue (file.Metadata.ContainsKey key) key

                let subspace = SubspaceFile.Read path
                Expect.equal subspace.LayerRank (fitted.GetProperty("layer_rank").GetInt32()) "rank"
                let again = Path.Combine(folder, "again.safetensors")
                SubspaceFile.Write(again, subspace, 7L, file.Metadata["source_sha256"])
                Expect.equal (File.ReadAllBytes again) (File.ReadAllBytes path) "same bytes")
        }
        test "several files and the shards of one are one corpus" {
            inFolder (fun folder ->
                let teacher, _ = files 0
                let copy = Path.Combine(folder, "copy.safetensors")
                File.Copy(teacher, copy)

                let twice =
                    [
                        "subspace"
                        "fit"
                        "--trajectories"
                        teacher
                        copy
                        "--output"
                        Path.Combine(folder, "s")
                        "--json"
                    ]

                expectError
                    Failed
                    "named twice"
                    [
                        "subspace"
                        "fit"
                        "--trajectories"
                        copy
                        copy
                        "--output"
                        Path.Combine(folder, "s")
                    ]

                Expect.equal ((loriJson twice).GetProperty("examples").GetInt32()) 24 "examples"
                LoRi.Training.NativeRuntime.Load()
                let sharded = Path.Combine(folder, "t.safetensors")
                use corpus = TrajectoryFiles.Open [ teacher ]

                let paths =
                    use writer = new TrajectoryWriter(sharded, 6000L)
                    corpus.ForEach(fun batch -> writer.Add batch)
                    writer.Finish corpus.Ids

                Expect.isGreaterThan paths.Count 3 "shards"
                let _, whole = fit folder teacher []

                for given in
                    [
                        [ sharded ]
                        [ sharded + ".index.json" ]
                        List.ofSeq (Seq.truncate (paths.Count - 1) paths)
                    ] do
                    let parts =
                        loriJson (
                            [
                                "subspace"
                                "fit"
                                "--output"
                                Path.Combine(folder, "p")
                                "--json"
                                "--trajectories"
                            ]
                            @ given
                        )

                    expectNumbers
                        sumTolerance
                        (numbers (whole.GetProperty "eigenvalues_hidden"))
                        (numbers (parts.GetProperty "eigenvalues_hidden"))
                        "eigenvalues"

                Expect.equal
                    (List.ofSeq (use again = TrajectoryFiles.Open [ sharded ] in again.Ids))
                    (List.ofSeq corpus.Ids)
                    "ids")
        }
        test "the report has both modes under the three standardisations" {
            inFolder (fun folder ->
                let teacher, _ = files 0
                let subspace, _ = fit folder teacher []

                let spectra =
                    (loriJson [ "subspace"; "report"; "--subspace"; subspace; "--json" ]).GetProperty "spectra"

                for name in [ "full"; "scale"; "none" ] do
                    for mode in [ "layer"; "hidden" ] do
                        let shares =
                            numbers (spectra.GetProperty(name).GetProperty(mode).GetProperty "energy_per_rank")

                        Expect.floatClose Accuracy.veryHigh (Array.last shares) 1.0 "all energy")
        }
        test "effective ranks agree with the golden numbers" {
            use expected =
                JsonDocument.Parse(File.ReadAllText(sharedFile "fixtures/statistics/expected.json"))

            for case in expected.RootElement.GetProperty("spectrum").EnumerateArray() do
                let values = numbers (case.GetProperty "eigenvalues") |> Array.sortDescending
                let summary = EffectiveRank.ofEigenvalues values

                Expect.floatClose
                    Accuracy.veryHigh
                    summary.EntropyRank
                    (number "entropy_rank_of_eigenvalues" case)
                    "entropy"

                Expect.floatClose
                    Accuracy.veryHigh
                    summary.Participation
                    (number "participation_ratio" case)
                    "participation"

                for share in case.GetProperty("rank_at_energy").EnumerateObject() do
                    Expect.equal
                        (EffectiveRank.atEnergy (float share.Name) values)
                        (share.Value.GetInt32())
                        $"rank at {share.Name} of {List.ofArray values}"
        }
    ]

let private doubles name (shape: int64 list) (values: float[]) =
    SafetensorsContent.FromDoubles(name, shape, values)

let private tensor name (shape: int64 list) =
    let count = shape |> List.fold (*) 1L |> int
    doubles name shape (Array.init count (fun i -> sin (float i + float (String.length name))))

let private trajectories (folder: string) (name: string) (contents: SafetensorsContent list) =
    let path = Path.Combine(folder, name)
    SafetensorsWriter.Write(path, contents, Collections.Generic.Dictionary(dict [ "format", "lori-trajectories" ]))
    path

let private refused =
    [
        for name, contents, message in
            [
                "a gap",
                [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "trajectory.2" [ 2L; 3L; 4L ] ],
                "neither trajectory.1 nor anchor.1"
                "no number 0", [ tensor "anchor.1" [ 2L; 4L ] ], "neither trajectory.0"
                "another width",
                [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "trajectory.1" [ 2L; 3L; 5L ] ],
                "tensor trajectory.1 has 2 levels of 5"
                "another level count",
                [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "anchor.0" [ 3L; 4L ] ],
                "levels of 4 components"
                "no token", [ tensor "trajectory.0" [ 2L; 0L; 4L ] ], "tensor trajectory.0 has shape [2, 0, 4]"
                "two dimensions", [ tensor "trajectory.0" [ 2L; 4L ] ], "tensor trajectory.0 has shape [2, 4]"
                "NaN",
                [ doubles "trajectory.0" [ 1L; 1L; 2L ] [| 1.0; nan |] ],
                "tensor trajectory.0 holds NaN or infinity"
                "infinity",
                [
                    tensor "trajectory.0" [ 1L; 2L; 2L ]
                    doubles "anchor.0" [ 1L; 2L ] [| infinity; 1.0 |]
                ],
                "tensor anchor.0 holds NaN"
                "another name", [ tensor "states.0" [ 2L; 3L; 4L ] ], "states.0"
                "a leading zero", [ tensor "trajectory.00" [ 2L; 3L; 4L ] ], "trajectory.00"
                "whole numbers",
                [
                    SafetensorsContent(
                        "trajectory.0",
                        "I32",
                        [ 1L; 1L; 1L ],
                        fun s -> s.Write(ReadOnlySpan [| 0uy; 0uy; 0uy; 0uy |])
                    )
                ],
                "tensor trajectory.0 is I32"
                "nothing", [], "there is no example"
                "no rationale at all", [ tensor "anchor.0" [ 2L; 4L ] ], "the corpus has no rationale token"
            ] ->
            test $"trajectories with {name} are refused" {
                inFolder (fun folder ->
                    let path = trajectories folder "t.safetensors" contents

                    expectError
                        Failed
                        message
                        [
                            "subspace"
                            "fit"
                            "--trajectories"
                            path
                            "--output"
                            Path.Combine(folder, "s")
                        ]

                    Expect.isFalse (File.Exists(Path.Combine(folder, "s"))) "nothing is written")
            }
    ]

let private misfits =
    [
        test "files that do not belong together are refused" {
            inFolder (fun folder ->
                let teacher, student = files 0
                let otherTeacher, _ = files 1
                let subspace, _ = fit folder teacher [ "--weighting"; "none" ]

                let run subspace teacher student options =
                    [
                        "objective"
                        "--subspace"
                        subspace
                        "--teacher"
                        teacher
                        "--student"
                        student
                    ]
                    @ options

                expectError
                    Failed
                    "--teacher: the trajectories have 6 levels of 16"
                    (run subspace otherTeacher student [])

                expectError Failed "statistic.mean" (run subspace teacher student [])
                expectError Failed "expected lori-subspace" (run teacher teacher student [])
                expectError Failed "expected lori-trajectories" (run subspace subspace student [])

                expectError
                    BadUsage
                    "--covariance huge: must be one of"
                    (run subspace teacher student [ "--covariance"; "huge" ])

                expectError
                    Failed
                    "rank 11 of the hidden mode"
                    [
                        "subspace"
                        "fit"
                        "--trajectories"
                        teacher
                        "--hidden-rank"
                        "11"
                        "--output"
                        Path.Combine(folder, "x")
                    ]

                expectError
                    BadUsage
                    "--layer-rank 1 and --layer-energy 0.5 contradict"
                    [
                        "subspace"
                        "fit"
                        "--trajectories"
                        teacher
                        "--layer-rank"
                        "1"
                        "--layer-energy"
                        "0.5"
                        "--output"
                        Path.Combine(folder, "x")
                    ])
        }
        test "an example without rationale has no rationale losses; without anchors the anchor loss must be off" {
            inFolder (fun folder ->
                let both =
                    [
                        tensor "trajectory.0" [ 2L; 3L; 4L ]
                        tensor "anchor.0" [ 2L; 4L ]
                        tensor "anchor.1" [ 2L; 4L ]
                    ]

                let teacher = trajectories folder "t" both

                let student =
                    trajectories folder "s" [ yield! both; tensor "trajectory.1" [ 2L; 5L; 4L ] ]

                let bare =
                    trajectories
                        folder
                        "b"
                        [ tensor "trajectory.0" [ 2L; 3L; 4L ]; tensor "trajectory.1" [ 2L; 3L; 4L ] ]

                let subspace, fitted =
                    fit folder teacher [ "--weighting"; "none"; "--layer-rank"; "1"; "--hidden-rank"; "2" ]

                Expect.equal (fitted.GetProperty("examples").GetInt32()) 1 "examples with a rationale"

                let rows =
                    (objective subspace teacher student [ "--weighting"; "none" ]).GetProperty "per_example"

                Expect.equal (Array.truncate 2 (numbers rows[1])) [| 0.0; 0.0 |] "mean and covariance"

                expectError
                    Failed
                    "--student: there is no anchor.0"
                    [
                        "objective"
                        "--subspace"
                        subspace
                        "--teacher"
                        teacher
                        "--student"
                        bare
                        "--weighting"
                        "none"
                    ]

                let _, alone =
                    fit folder bare [ "--weighting"; "none"; "--layer-rank"; "1"; "--hidden-rank"; "2" ]

                Expect.equal (numbers (alone.GetProperty "anchor_std")) [||] "no anchors")
        }
    ]

[<Tests>]
let tests =
    testList "Math from the command line" (golden @ forms @ refused @ misfits)
