module LoRi.Cli.Tests.MathFormsTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Math
open LoRi.Files.Safetensors
open LoRi.Training.Trajectories
open LoRi.Cli.Tests.MathRunning

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
                for corpus in corpora () do
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
                            for order, anchor in
                                [ "none", "full"; "lag-1", "subspace"; "third", "off"; "parts-3", "full" ] do
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
                Expect.equal subspace.Fitted.LayerRank (fitted.GetProperty("layer_rank").GetInt32()) "rank"
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

                let examples, _, _ = sizes teacher
                Expect.equal ((loriJson twice).GetProperty("examples").GetInt32()) (2 * examples) "examples"
                LoRi.Models.Native.NativeRuntime.Load()
                let sharded = Path.Combine(folder, "t.safetensors")
                use corpus = TrajectoryFiles.Open [ teacher ]

                let paths =
                    use writer = new TrajectoryWriter(sharded, FileInfo(teacher).Length / 5L)
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
                        (Ok(share.Value.GetInt32()))
                        $"rank at {share.Name} of {List.ofArray values}"
        }
    ]

[<Tests>]
let tests = testList "Math from the command line, forms" forms
