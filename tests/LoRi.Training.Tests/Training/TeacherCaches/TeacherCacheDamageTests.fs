/// Teacher caches that were interrupted, that belong to something else, or that are damaged.
module LoRi.Training.Tests.TeacherCacheDamageTests

open System.IO
open System.Threading.Tasks
open Expecto
open LoRi.Math
open LoRi.Models.Decoders
open LoRi.Training.Methods.LoRi
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open LoRi.Training.Tests.TinyCaches
open LoRi.Training.Tests.TinyTraining

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
                "[]", "holds a JSON Array where an object is needed"
                "{}", "is no lori-teacher-cache of version 2"
                text.Replace("\"version\": 2", "\"version\": 3"), "is no lori-teacher-cache of version 2"
                text.Replace("\"batch_size\": 3", "\"batch_size\": \"x\""), "the file is damaged"
                text.Replace("00001.safetensors", "../1.safetensors"), "the file is damaged"
                text.Replace("\"rows_sha256\"", "\"other\""), "the file is damaged"
                text.Replace("\"projections\"", "\"further\""), "the file is damaged"
                text.Replace("\"batches\": 1,", "\"batches\": 2147483647,"), "3 rows in 2147483647 batches"
                text.Replace("\"batches\": 1,", "\"batches\": 0,"), "3 rows in 0 batches"
                text.Replace("\"first_batch\": 1,", "\"first_batch\": 2,"), "from 2 on"
                text.Replace("\"rows\": 3,", "\"rows\": 4,"), "4 rows in 1 batches"
                text.Replace("\"rows\": 12,", "\"rows\": 11,"), "12 rows"
                text.Replace("\"sha256\": \"", "\"sha256\": \"x"), "what cannot be"
            ] do
            File.WriteAllText(index, content)
            let message = refused (cached wanted)
            Expect.stringStarts message $"{index}: " "names the index"
            Expect.stringContains message what "says what is wrong"

        File.Delete index
        Expect.stringContains (refused (cached wanted)) "no index.json of a teacher cache" "another folder")

/// `lori inspect` looks at every file of a cache.
let private inspected () =
    inFolder (fun folder ->
        opened (cached { wanted folder with Keep = true }) |> ignore

        let states () =
            match (LoRi.Runs.Inspect.Inspection.Of folder).Details["shards"] with
            | :? System.Text.Json.Nodes.JsonArray as shards ->
                [ for shard in shards -> $"""{(nonNull shard)["state"]}""" ]
            | _ -> []

        Expect.equal (states ()) (List.replicate 8 "whole") "coordinates and states"

        for name in (contents folder).Keys |> Seq.filter _.EndsWith(".safetensors") do
            let file = Path.Combine(folder, name)
            let before = File.ReadAllBytes file
            flip file

            Expect.stringStarts
                (SharedFiles.refusalOf (fun () -> states () |> ignore))
                $"{file}: its SHA-256 is "
                "names the file"

            File.WriteAllBytes(file, before)

        File.Delete(Path.Combine(folder, "trajectories", "00002.safetensors"))
        Expect.equal (states () |> List.filter _.StartsWith("missing") |> List.length) 1 "one is missing")

/// While another process has the lock, it fills the folder; whoever waited for it computes nothing.
let private locked () =
    inFolder (fun folder ->
        let other = folder + "-other"
        let expected = opened (cached (wanted other))
        Directory.CreateDirectory folder |> ignore

        let held =
            new FileStream(Path.Combine(folder, ".lock"), FileMode.Create, FileAccess.Write, FileShare.None)

        let waiting = Task.Run(fun () -> cached (wanted folder))
        Expect.isFalse (waiting.Wait 600) "it waits"

        for file in Directory.GetFiles(other, "*", SearchOption.AllDirectories) do
            let copy = Path.Combine(folder, Path.GetRelativePath(other, file))

            Directory.CreateDirectory(Option.ofObj (Path.GetDirectoryName copy) |> Option.get)
            |> ignore

            if Path.GetFileName file <> ".lock" then
                File.Copy(file, copy)

        held.Dispose()
        let outcome = waiting.Result
        Expect.equal outcome.Computed [] "the teacher does not run"
        Expect.exists outcome.Log _.Contains("another process is writing it; waiting for") "says so"
        sameLosses 0.0 expected (opened outcome) "losses")

let private unwritable () =
    inFolder (fun folder ->
        Directory.CreateDirectory(Path.Combine(folder, ".lock")) |> ignore
        Expect.stringContains (refused (cached (wanted folder))) "cannot be written" "says why")

/// Several that begin at once: one computes, and the others have what it made.
let private together () =
    inFolder (fun folder ->
        let all = [| for _ in 1..4 -> Task.Run(fun () -> cached (wanted folder)) |]
        let outcomes = Array.map (fun (one: Task<_>) -> one.Result) all
        let computed = outcomes |> Array.filter (fun one -> one.Computed <> [])
        Expect.equal (Array.map _.Computed computed) [| allBatches |] "one of them computes all"

        for outcome in outcomes do
            sameLosses 0.0 (opened outcomes[0]) (opened outcome) "losses")

[<Tests>]
let tests =
    testList
        "TeacherCacheDamage"
        [
            for keep in [ false; true ] do
                for dies in 0..3 do
                    testCase
                        $"a collection killed after {dies} batches goes on there (states kept: {keep})"
                        (killed keep dies)
            testCase "a projection that was killed goes on at the first missing file" killedProjecting
            testCase "a cache of another teacher, data or subspace is refused by what differs" mismatch
            testCase "a damaged file is refused by name, a removed one is made again" damaged
            testCase "a damaged index is refused" badIndex
            testCase "inspect compares every file of a cache with the index" inspected
            testCase "a folder that another process writes is waited for, and taken as it is then" locked
            testCase "of several that begin at once one computes" together
            testCase "a folder that cannot be locked is refused" unwritable
        ]
