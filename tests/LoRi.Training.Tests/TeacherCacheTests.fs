/// The teacher cache: reuse, interruption, mismatch and damage, on a tiny model.
module LoRi.Training.Tests.TeacherCacheTests

open System
open System.IO
open Expecto
open LoRi.Math
open LoRi.Training
open LoRi.Training.Methods.LoRi
open LoRi.Training.Models
open LoRi.Training.Tests.TinyCaches
open LoRi.Training.Tests.TinyTraining
open LoRi.Training.Trajectories
open TorchSharp

/// Between losses of the same float64 coordinates whose variances were summed in another order or taken from other tensors.
let private rounding = 1e-10

/// As many batches as the tiny data set has.
let private allBatches = [ 0..3 ]

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

let private withSubspace change =
    LoRiSettings(change loriSettings.Subspace, loriSettings.Objective)

/// The losses without a cache: all targets in one file, everything measured from raw states.
let private plain (wanted: Wanted) =
    use teacher = model wanted.Precision wanted.TeacherSeed

    let source =
        ModelTrajectories(teacher, wanted.Rows, TracedLevels.All layers, batchSize)

    let scratch = Path.GetTempFileName()

    try
        use like = torch.zeros (1L, dtype = comparing wanted.Precision)
        use targets = LoRiTeacher.Collect(source, wanted.Settings, scratch, like)
        losses wanted.Precision wanted.Rows targets
    finally
        File.Delete scratch

let private cached (wanted: Wanted) =
    openCache wanted (losses wanted.Precision wanted.Rows)

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
            for order in [ Order.Off; Order.Lag1; Order.Third ] do
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

let private sized () =
    inFolder (fun folder ->
        let outcome =
            cached
                { wanted folder with
                    ShardBytes = 2000L
                    Keep = true
                }

        opened outcome |> ignore

        let files =
            contents folder
            |> Map.toList
            |> List.filter (fun (name, _) -> name.EndsWith "1.safetensors")

        Expect.isGreaterThan (contents folder).Count 4 "several files"

        for name, bytes in files do
            // A header of safetensors is some hundred bytes; one batch of states may exceed the limit by itself.
            Expect.isLessThan bytes.Length (8 * 16 * 2 * 24 + 2000 + 1000) name

        Expect.exists outcome.Log _.Contains("are free at") "sizes are printed")

let private killed keep dies () =
    inFolder (fun folder ->
        let whole = folder + "-whole"
        let wanted = { wanted folder with Keep = keep }
        opened (cached { wanted with Folder = whole }) |> ignore
        let first = cached { wanted with Dies = dies }
        Expect.isTrue first.Result.IsError "killed"
        Expect.equal first.Computed (List.truncate dies allBatches) "what the first computed"
        let second = cached wanted
        // Every file holds one batch here, and the batch that was being computed is the first that is missing.
        Expect.equal second.Computed (List.skip dies allBatches) "what the second computed"
        sameLosses 0.0 (opened (cached { wanted with Folder = whole })) (opened second) "losses"
        Expect.equal (contents folder) (contents whole) "the files, byte for byte")

/// Killed while the coordinates are written, where raw states take no part: a subspace is given.
let private killedProjecting () =
    inFolder (fun folder ->
        use teacher = model Precision.Exact 2L
        let source = ModelTrajectories(teacher, data 12, TracedLevels.All layers, batchSize)
        let given = TeacherFit.Fit(source, loriSettings)

        let wanted =
            { wanted folder with
                Given = Some given
            }

        let first = cached { wanted with Dies = 2 }
        Expect.isTrue first.Result.IsError "killed"
        let second = cached wanted
        Expect.equal second.Computed [ 2; 3 ] "only what is missing"
        Expect.exists second.Log _.Contains("going on with 00003.safetensors") "the log says so"
        sameLosses rounding (plain wanted) (opened second) "losses")

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

let private mismatch () =
    inFolder (fun folder ->
        let wanted = wanted folder
        opened (cached wanted) |> ignore
        let index = Path.Combine(folder, "index.json")

        for change, what in
            [
                { wanted with TeacherSeed = 3L }, "other teacher weights: SHA-256 hash of teac... of teacher 2 there"
                { wanted with Rows = data 11 }, "other number of rows: 12 there, 11 here"
                { wanted with
                    Rows = Array.append (data 11) [| (data 10)[9] |]
                },
                "other data: rows with SHA-256"
                { wanted with Levels = "last-1" }, "other levels: all there, last-1 here"
                { wanted with
                    TeacherText = "without-last-step"
                },
                "other teacher text: full there"
                { wanted with
                    Precision = Precision.Full
                },
                "other dtype: float64 there, float32 here"
                { wanted with
                    Settings =
                        withSubspace (fun s ->
                            { s with
                                HiddenRank = RankChoice.Exactly 5
                            })
                },
                "another subspace, --hidden-rank: 6 there, 5 here"
                { wanted with
                    Settings =
                        withSubspace (fun s ->
                            { s with
                                Standardisation = Standardisation.Scale
                            })
                },
                "another subspace, --standardise: full there, scale here"
                { wanted with
                    Settings = withSubspace (fun s -> { s with Kind = SubspaceKind.Identity })
                },
                "another subspace, --subspace-kind: multilinear-svd there, identity here"
                { wanted with Keep = true }, "the cache was made without --keep-trajectories"
            ] do
            let outcome = cached change
            Expect.isEmpty outcome.Computed "the teacher does not run"
            let message = refused outcome
            Expect.stringStarts message $"{index}: the cache " "names the index"
            Expect.stringContains message what "says what differs")

let private flip (file: string) =
    let bytes = File.ReadAllBytes file
    bytes[bytes.Length - 5] <- bytes[bytes.Length - 5] ^^^ 1uy
    File.WriteAllBytes(file, bytes)

let private damaged () =
    inFolder (fun folder ->
        let wanted = wanted folder
        let expected = opened (cached wanted)
        let before = contents folder

        for name in before.Keys do
            let file = Path.Combine(folder, name)
            flip file
            let outcome = cached wanted
            Expect.stringStarts (refused outcome) $"{file}: its SHA-256 is " "names the file"
            Expect.isEmpty outcome.Computed "the teacher does not run"
            File.WriteAllBytes(file, before[name])

        for number in 1..4 do
            let name = before.Keys |> Seq.find _.EndsWith($"0000{number}.safetensors")
            File.Delete(Path.Combine(folder, name))
            let outcome = cached wanted
            Expect.equal outcome.Computed [ number - 1 ] "a file that was removed is made again"
            sameLosses 0.0 expected (opened outcome) "losses"

        Expect.equal (contents folder) before "the same files")

let private badIndex () =
    inFolder (fun folder ->
        let wanted = wanted folder
        opened (cached wanted) |> ignore
        let index = Path.Combine(folder, "index.json")
        let text = File.ReadAllText index

        for content, what in
            [
                text[.. text.Length / 2], "is not valid JSON"
                "[]", "holds Array where a JSON object is needed"
                "{}", "is no lori-teacher-cache of version 1"
                text.Replace("\"version\": 1", "\"version\": 2"), "is no lori-teacher-cache of version 1"
                text.Replace("\"batch_size\": 3", "\"batch_size\": \"x\""), "the file is damaged"
                text.Replace("00001.safetensors", "../1.safetensors"), "the file is damaged"
                text.Replace("\"rows_sha256\"", "\"other\""), "the file is damaged"
                text.Replace("\"projections\"", "\"further\""), "the file is damaged"
            ] do
            File.WriteAllText(index, content)
            let message = refused (cached wanted)
            Expect.stringStarts message $"{index}: " "names the index"
            Expect.stringContains message what "says what is wrong"

        File.Delete index
        Expect.stringContains (refused (cached wanted)) "no index.json of a teacher cache" "another folder")

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

let private locked () =
    inFolder (fun folder ->
        Directory.CreateDirectory folder |> ignore

        use _ =
            new FileStream(Path.Combine(folder, ".lock"), FileMode.Create, FileAccess.Write, FileShare.None)

        Expect.stringContains (refused (cached (wanted folder))) "another process is writing it" "says why")

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
            TensorValues.near rounding expected.EnergyKept found.EnergyKept $"{kind}: energy kept"
            TensorValues.nearArrays rounding expected.AnchorDeviation found.AnchorDeviation $"{kind}: anchors"
            Expect.sequenceEqual found.Variances.Keys expected.Variances.Keys "variances"

            for name in expected.Variances.Keys do
                TensorValues.nearArrays rounding expected.Variances[name] found.Variances[name] $"{kind}: {name}")

[<Tests>]
let tests =
    testList
        "TeacherCache"
        [
            testCase "another covariance, order or weighting runs no teacher and gives the losses of raw states" reuse
            testCase "files are bounded and sizes are printed before the teacher runs" sized
            for keep in [ false; true ] do
                for dies in 0..3 do
                    testCase
                        $"a collection killed after {dies} batches goes on there (states kept: {keep})"
                        (killed keep dies)
            testCase "a projection that was killed goes on at the first missing file" killedProjecting
            testCase "states too large for scratch files make the teacher run twice" twice
            testCase "too little space is one error before the teacher runs" tooSmall
            testCase "a cache of another teacher, data or subspace is refused by what differs" mismatch
            testCase "a damaged file is refused by name, a removed one is made again" damaged
            testCase "a damaged index is refused" badIndex
            testCase "other subspaces are fitted to kept states without the teacher" kept
            testCase "a folder that another process writes is refused" locked
            testCase "what is derived from coordinates is what raw states give" energies
        ]
