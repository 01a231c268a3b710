/// The teacher cache: reuse, interruption, mismatch and damage, on a tiny model.
module LoRi.Training.Tests.TeacherCacheTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto
open LoRi.Math
open LoRi.Models.Decoders
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open LoRi.Training.Tests.TinyCaches
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private withRationale covariance order weighting =
    LoRiSettings(
        loriSettings.Subspace,
        { loriSettings.Objective with
            Rationale =
                {
                    Covariance = covariance
                    Order = order
                    Weighting = weighting
                }
        }
    )

let private everyForm =
    [
        for covariance in
            [
                Covariance.Modewise
                Covariance.Full
                Covariance.PerLayer
                Covariance.Diagonal
                Covariance.Off
            ] do
            for order in [ Order.Off; Order.Lag1; Order.Third; Order.Parts 3 ] do
                for weighting in [ Weighting.Off; Weighting.Variance; Weighting.Statistic ] do
                    withRationale covariance order weighting
    ]

let private reuse () =
    inFolder (fun folder ->
        let wanted = wanted folder
        let first = cached wanted
        Expect.equal first.Computed allBatches "the teacher runs once"
        sameLosses rounding (plain wanted) (opened first) "made"

        for settings in everyForm do
            let again = { wanted with Settings = settings }
            let outcome = cached again
            Expect.isEmpty outcome.Computed "the teacher does not run"
            Expect.exists outcome.Log _.Contains("teacher cache reused") "the log says so"
            sameLosses rounding (plain again) (opened outcome) $"{settings.Objective.Rationale}")

/// Bytes of safetensors headers here, at most.
let private header = 1024

/// What the log says will be written: coordinates, then states.
let private announced (log: string list) =
    let line = log |> List.find _.Contains("will write")

    [
        for size in Regex.Matches(line.Split(';')[0], "([0-9.]+) KiB") -> 1024.0 * float size.Groups[1].Value
    ]

let private sized () =
    inFolder (fun folder ->
        let limit = 4000

        let outcome =
            cached
                { wanted folder with
                    ShardBytes = int64 limit
                    Keep = true
                }

        opened outcome |> ignore

        let files =
            contents folder
            |> Map.toList
            |> List.filter (fun (name, _) -> not (name.EndsWith "subspace.safetensors"))
            |> List.map (fun (name, bytes) -> Path.GetDirectoryName name = "trajectories", bytes.Length)

        for states in [ false; true ] do
            let sizes =
                [
                    for kind, size in files do
                        if kind = states then
                            size
                ]

            let total = float (List.sum sizes)
            let announced = (announced outcome.Log)[if states then 1 else 0]
            Expect.isGreaterThan sizes.Length 1 "several files"

            Expect.isLessThan
                total
                (announced + float (header * sizes.Length))
                "no more than announced, but for headers"

            Expect.isGreaterThan total (announced - 60.0) "no less, but for rounding to tenths of KiB"

            if not states then
                for size in sizes do
                    Expect.isLessThan size (limit + header) "no file above the limit")

let private twice () =
    inFolder (fun folder ->
        let wanted =
            { wanted folder with
                LargestScratch = 0L
            }

        let outcome = cached wanted
        Expect.equal outcome.Computed (allBatches @ allBatches) "for the subspace and for the coordinates"
        Expect.exists outcome.Log _.Contains("the teacher runs once for the subspace and once") "the log says so"
        sameLosses rounding (plain wanted) (opened outcome) "losses")

let private tooSmall () =
    inFolder (fun folder ->
        for keep, free in [ false, 500L; true, 9000L ] do
            let outcome =
                cached
                    { wanted folder with
                        Keep = keep
                        Free = free
                    }

            Expect.isEmpty outcome.Computed "the teacher does not run"
            let message = refused outcome
            Expect.stringContains message $"--teacher-cache {folder}: " "names the folder"
            Expect.stringContains message "are free there" "says what is free"
            Expect.isFalse (Directory.Exists(Path.Combine(folder, "trajectories"))) "nothing is written")

let private kept () =
    inFolder (fun folder ->
        let wanted = { wanted folder with Keep = true }
        opened (cached wanted) |> ignore

        for change in
            [
                fun (s: SubspaceOptions) -> { s with Kind = SubspaceKind.Identity }
                fun s ->
                    { s with
                        Kind = SubspaceKind.Complement
                    }
                fun s -> { s with Kind = SubspaceKind.Random 5L }
                fun s ->
                    { s with
                        HiddenRank = RankChoice.Energy(0.8, 9)
                    }
                fun s ->
                    { s with
                        LayerRank = RankChoice.Exactly 1
                    }
                fun s ->
                    { s with
                        Standardisation = Standardisation.Off
                    }
            ] do
            let other =
                { wanted with
                    Settings = withSubspace change
                    Keep = false
                }

            let made = cached other
            Expect.isEmpty made.Computed "fitted to the states of the cache"
            sameLosses rounding (plain other) (opened made) $"{other.Settings.Subspace}"
            let again = cached other
            Expect.exists again.Log _.Contains("teacher cache reused") "its coordinates are cached too"
            sameLosses 0.0 (opened made) (opened again) "losses")

let private energies () =
    inFolder (fun folder ->
        for kind in
            [
                SubspaceKind.MultilinearSvd
                SubspaceKind.Random 3L
                SubspaceKind.Identity
                SubspaceKind.Complement
            ] do
            let settings = withSubspace (fun s -> { s with Kind = kind })
            use teacher = model Precision.Exact 2L
            let source = ModelTrajectories(teacher, data 12, TracedLevels.All layers, batchSize)
            let expected = TeacherFit.Fit(source, settings)

            let outcome =
                openCache
                    { wanted (folder + SubspaceFile.KindName kind) with
                        Settings = settings
                    }
                    _.Subspace

            let found = opened outcome
            let energy (subspace: MeasuredSubspace) = Option.get subspace.EnergyKept
            let anchors (subspace: MeasuredSubspace) = Option.get subspace.AnchorDeviation

            let variances =
                SubspaceFile.Variances >> Seq.map (fun struct (name, values) -> name, values) >> Map.ofSeq

            let wanted, there = variances expected, variances found
            TensorValues.near rounding (energy expected) (energy found) $"{kind}: energy kept"
            TensorValues.nearArrays rounding (anchors expected) (anchors found) $"{kind}: anchors"
            Expect.sequenceEqual there.Keys wanted.Keys "variances"

            for name in wanted.Keys do
                TensorValues.nearArrays rounding wanted[name] there[name] $"{kind}: {name}")

[<Tests>]
let tests =
    testList
        "TeacherCache"
        [
            testCase "another covariance, order or weighting runs no teacher and gives the losses of raw states" reuse
            testCase "files are bounded and sizes are printed before the teacher runs" sized
            testCase "states too large for scratch files make the teacher run twice" twice
            testCase "too little space is one error before the teacher runs" tooSmall
            testCase "other subspaces are fitted to kept states without the teacher" kept
            testCase "what is derived from coordinates is what raw states give" energies
        ]
