/// Which results `lori compare` takes for seeds of one setting, how it calls them, and which it compares.
module LoRi.Training.Tests.ComparedGroupTests

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Expecto
open LoRi.Files
open LoRi.Models.Native
open LoRi.Runs.Compare
open LoRi.Runs.Demo

/// A result of method `lori` from `folder` with settings given as `key=value`.
let private result (folder: string) (seed: int64) (settings: string list) =
    let pair (text: string) =
        match text.Split '=' with
        | [| key; value |] -> KeyValuePair(key, value)
        | _ -> failtest text

    ComparedResult(
        folder,
        "lori",
        Nullable seed,
        0.5,
        null,
        Dataset = "test.jsonl",
        Settings = List.map pair settings,
        Examples = 4
    )

/// Labels with the folders of their results.
let private labels (results: ComparedResult list) =
    [
        for group in ComparedGroup.Of results -> group.Label, [ for r in group.Results -> r.Source ]
    ]

let private labelling =
    [
        test "results of one method are one group, whatever their settings share" {
            Expect.equal
                (labels [ result "a" 0L [ "steps=3" ]; result "b" 1L [ "steps=3" ] ])
                [ "lori", [ "a"; "b" ] ]
                "one label"
        }
        test "settings that differ make the label, as few as are needed" {
            let svd = [ "steps=3"; "subspace_kind=svd"; "hidden_rank=8" ]
            let random = [ "steps=3"; "subspace_kind=random"; "hidden_rank=9" ]

            Expect.equal
                (labels
                    [
                        result "a" 0L svd
                        result "b" 0L random
                        result "c" 1L svd
                        result "d" 1L random
                    ])
                [
                    "lori (subspace_kind=svd)", [ "a"; "c" ]
                    "lori (subspace_kind=random)", [ "b"; "d" ]
                ]
                "one of the two settings is enough"
        }
        test "a setting that only one of them has tells them apart" {
            Expect.equal
                (labels [ result "a" 0L []; result "b" 0L [ "order=third" ] ] |> List.map fst)
                [ "lori (order=)"; "lori (order=third)" ]
                "labels"
        }
        test "equal settings with a seed twice are told apart by their folders without the seed" {
            let all =
                [
                    for kind in [ "svd"; "random" ] do
                        for seed in 0..2 -> result $"x/lori-{kind}-{seed}" (int64 seed) []
                ]

            Expect.equal
                (labels all |> List.map (fun (label, folders) -> label, folders.Length))
                [ "lori (lori-svd)", 3; "lori (lori-random)", 3 ]
                "stems"
        }
        test "folders without anything in common keep their own names" {
            Expect.equal
                (labels [ result "run3a" 0L []; result "run3a-0" 0L [] ] |> List.map fst)
                [ "lori (run3a)"; "lori (run3a-0)" ]
                "the stems are the same, so the folders are named"
        }
        test "the same seeds on two data sets are no seed twice" {
            let on (dataset: string) (r: ComparedResult) =
                ComparedResult(r.Source, r.Method, r.Seed, r.Accuracy, r.Correct, Dataset = dataset)

            let groups =
                ComparedGroup.Of [ on "gsm8k" (result "a" 0L []); on "svamp" (result "b" 0L []) ]

            Expect.equal [ for g in groups -> g.Label, g.Dataset ] [ "lori", "gsm8k"; "lori", "svamp" ] "labels"
        }
        test "a seed is cut out of a path with the word that announces it, once" {
            for path, seed, expected in
                [
                    "lori-svd-0", 0L, "lori-svd"
                    "lori_seed12", 12L, "lori"
                    "lori-seed-3", 3L, "lori"
                    "svd/s0/gsm8k", 0L, "svd/gsm8k"
                    "svd/1", 1L, "svd"
                    "v1-s1", 1L, "v1"
                    "svd-2-gsm8k", 2L, "svd-gsm8k"
                    "run-10", 1L, "run-10"
                    "gsm8k", 8L, "gsm8k"
                    "teacher0", 0L, "teacher"
                ] do
                Expect.equal (DistinguishingSettings.WithoutSeed(path, Nullable seed)) expected $"{path}, {seed}"

            Expect.equal (DistinguishingSettings.WithoutSeed("run-1", Nullable())) "run-1" "no seed"
        }
        test "a given name holds whatever the settings, but a seed only once" {
            let named name (r: ComparedResult) =
                ComparedResult(
                    r.Source,
                    r.Method,
                    r.Seed,
                    r.Accuracy,
                    r.Correct,
                    Settings = r.Settings,
                    Name = name,
                    Dataset = "d"
                )

            let first = result "a" 0L [ "steps=1" ] |> named "ours"
            let second = result "b" 1L [ "steps=2" ] |> named "ours"
            Expect.equal (labels [ first; second ]) [ "ours", [ "a"; "b" ] ] "one label"
            let again = result "c" 1L [] |> named "ours"

            Expect.throwsC (fun () -> ComparedGroup.Of [ first; second; again ] |> ignore) (fun e ->
                Expect.isTrue (e :? InputException) "bad input"
                Expect.stringContains e.Message "ours stands for seed 1 twice on d: b and c" "message")
        }
    ]

let private demo (folder: string) (setting: string) method (seed: int64) (right: string) =
    let answers =
        Dictionary(dict [ for i, mark in Seq.indexed right -> string i, (mark = '1') ])

    let correct = right |> Seq.filter ((=) '1') |> Seq.length

    ComparedResult(
        folder,
        method,
        Nullable seed,
        float correct / float right.Length,
        answers,
        IsDemo = true,
        Dataset = "chains",
        Settings = [ KeyValuePair("", setting) ],
        Examples = right.Length
    )

let private pairing =
    [
        test "the methods of one demonstration have all three tests" {
            let groups =
                ComparedGroup.Of
                    [
                        demo "x" "one" "lori" 0L "1111"
                        demo "x" "one" "lori" 1L "1110"
                        demo "x" "one" "codi" 0L "0011"
                        demo "x" "one" "codi" 1L "0000"
                    ]

            let pair = Seq.exactlyOne (MethodComparison.All(groups, 0UL))
            Expect.equal (pair.First, pair.Second, pair.Questions, pair.Seeds) ("lori", "codi", 4, 2) "pair"
            Expect.equal (pair.McNemar.Value.OnlyFirst, pair.McNemar.Value.OnlySecond) (5, 0) "over both seeds"
            Expect.equal pair.Paired.Value (PairedTTest.Of([| 1.0; 0.75 |], [| 0.5; 0.0 |])) "over seeds"
            Expect.equal pair.P (Nullable pair.Paired.Value.P) "several seeds: the t-test decides"
            Expect.equal pair.McNemarAdjustedP (Nullable pair.McNemar.Value.ExactP) "one pair"
            let struct (low, high) = pair.Interval.Value

            let mean =
                PairedBootstrap([| 1.0; 1.0; 1.0; 0.5 |], [| 0.0; 0.0; 0.5; 0.5 |], 10_000, 0UL)

            Expect.equal (struct (low, high)) (mean.Interval(0.95, BootstrapInterval.Percentile)) "means over seeds"
        }
        test "two demonstrations: methods within each, and each method across" {
            let groups =
                ComparedGroup.Of
                    [
                        for setting in [ "one"; "compressed" ] do
                            for method in [ "lori"; "codi" ] -> demo setting setting method 0L "1010"
                    ]

            let pairs = MethodComparison.All(groups, 0UL)

            Expect.equal
                [ for p in pairs -> p.First, p.Second ]
                [
                    "lori (one)", "codi (one)"
                    "lori (one)", "lori (compressed)"
                    "codi (one)", "codi (compressed)"
                    "lori (compressed)", "codi (compressed)"
                ]
                "pairs"

            Expect.equal
                [ for p in MethodComparison.All(groups, 0UL, "lori (one)") -> p.Second ]
                [ "codi (one)"; "lori (compressed)" ]
                "with a baseline"

            Expect.throwsC (fun () -> MethodComparison.All(groups, 0UL, "lory") |> ignore) (fun e ->
                Expect.stringContains e.Message "--baseline lory: there is no such label; there are: lori" "message")
        }
        test "demonstrations of the same setting with the same seeds are called by their folders" {
            let groups =
                ComparedGroup.Of
                    [
                        for folder in [ "runs/demo-0"; "runs/demo-1" ] do
                            for seed in 0L .. 1L -> demo folder "one" "lori" seed "1010"
                    ]

            Expect.equal [ for g in groups -> g.Label, g.Results.Count ] [ "lori (demo-0)", 2; "lori (demo-1)", 2 ] ""
        }
        test "data sets are compared apart, and one method on two is nothing to compare" {
            let on dataset method (accuracy: float) =
                ComparedResult($"{method}-{dataset}", method, Nullable 0L, accuracy, null, Dataset = dataset)

            let groups = ComparedGroup.Of [ on "gsm8k" "lori" 0.5; on "svamp" "lori" 0.5 ]

            Expect.throwsC (fun () -> MethodComparison.All(groups, 0UL) |> ignore) (fun e ->
                Expect.stringContains
                    e.Message
                    "no two methods or settings to compare on the same data; found lori on gsm8k, lori on svamp"
                    "message")

            let groups =
                ComparedGroup.Of
                    [
                        for dataset in [ "gsm8k"; "svamp" ] do
                            for method in [ "lori"; "codi" ] -> on dataset method 0.5
                    ]

            Expect.equal
                [ for p in MethodComparison.All(groups, 0UL) -> p.Dataset, p.First, p.Second ]
                [ "gsm8k", "lori", "codi"; "svamp", "lori", "codi" ]
                "pairs"
        }
    ]

let private demonstration =
    test "a demonstration keeps every answer, and comparing its folder gives its accuracies" {
        NativeRuntime.Load()
        let folder = Directory.CreateTempSubdirectory("lori-compare").FullName

        try
            let tiny =
                DemoSettings(
                    Name = "tiny",
                    Purpose = "test",
                    LatentSteps = 2,
                    LongestChain = 2,
                    TrainingRows = 300,
                    BatchSize = 4,
                    TestRowsPerLength = 10,
                    TeacherSteps = 3,
                    StudentSteps = 3
                )

            let report =
                DemoRunner(tiny, DemoStudents.Names, [| 0L; 1L |], 1, folder, Action<string> ignore).Run()

            File.WriteAllText(Path.Combine(folder, "demo.json"), JsonSerializer.Serialize report)
            let results = ComparedFolders.Read folder
            Expect.equal results.Count report.Rows.Count "one a row"

            for row, read in Seq.zip report.Rows results do
                let marks = nonNull row.Right
                Expect.equal marks.Length row.Examples "a mark a question"
                Expect.equal (marks |> Seq.filter ((=) '1') |> Seq.length) row.Correct "right answers"
                Expect.equal ((nonNull read.Correct).Values |> Seq.filter id |> Seq.length) row.Correct "read back"
                Expect.equal read.Dataset report.Dataset "questions"

            let pairs = MethodComparison.All(ComparedGroup.Of results, 0UL)
            let rows = DemoStudents.Names.Count + 1
            Expect.equal pairs.Count (rows * (rows - 1) / 2) "every two of teacher and students"

            for pair in pairs do
                Expect.isTrue (pair.Interval.HasValue && pair.McNemar.HasValue && pair.Paired.HasValue) pair.First
        finally
            Directory.Delete(folder, true)
    }

[<Tests>]
let tests = testList "Compared groups" (labelling @ pairing @ [ demonstration ])
