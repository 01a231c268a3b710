/// The tests behind `lori compare` against SciPy and statsmodels.
module LoRi.Training.Tests.StatisticsTests

open System
open System.Globalization
open System.IO
open System.Security.Cryptography
open System.Text.Json
open Expecto
open LoRi.Files
open LoRi.Models
open LoRi.Runs.Compare
open LoRi.Training.Tests

/// The fixture's own tolerance: 1e-9 relative, 1e-6 for p-values below 1e-12.
let private near (expected: float) (found: float) what =
    let tolerance = if abs expected < 1e-12 then 1e-6 else 1e-9
    let same = (Double.IsNaN expected && Double.IsNaN found) || expected = found

    // Written so that NaN fails.
    if not (same || abs (found - expected) <= tolerance * abs expected + 1e-300) then
        failtest $"{what}: found {found}, expected {expected}"

/// A number, or one of the texts "nan", "inf", "-inf".
let private value (element: JsonElement) =
    match element.ValueKind with
    | JsonValueKind.Number -> element.GetDouble()
    | _ ->
        match element.GetString() with
        | "nan" -> nan
        | "inf" -> infinity
        | "-inf" -> -infinity
        | other -> failtest $"{other} is no number"

let private number (name: string) (element: JsonElement) = value (element.GetProperty name)

let private numbers name (element: JsonElement) =
    [| for item in SharedFiles.items name element -> value item |]

let private interval name (element: JsonElement) =
    match numbers name element with
    | [| low; high |] -> low, high
    | other -> failtest $"{name} has {other.Length} ends"

let private hex (text: string) =
    UInt64.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)

let private generator (root: JsonElement) =
    test "the generator gives the published outputs" {
        let expected = root.GetProperty "splitmix64"
        let zero = SeededRandom.Published 0UL

        for output in SharedFiles.items "seed_0_first_outputs" expected do
            Expect.equal (zero.Next()) (hex (SharedFiles.asText output)) "seed 0"

        let one = SeededRandom.Published 1UL

        for output in SharedFiles.items "below_10_seed_1_first_16" expected do
            Expect.equal (int (one.BelowByUpperHalf 10u)) (output.GetInt32()) "seed 1"
    }

let private mcNemar (index: int, case: JsonElement) =
    test $"McNemar {index}" {
        let found =
            McNemar(case.GetProperty("only_first").GetInt32(), case.GetProperty("only_second").GetInt32())

        near (number "exact_p" case) found.ExactP "exact p"

        near
            (number "mid_p" case)
            (if found.OnlyFirst + found.OnlySecond = 0 then
                 number "mid_p" case
             else
                 found.MidP)
            "mid p"
    }

let private paired (index: int, case: JsonElement) =
    test $"paired t-test {index}" {
        let found = PairedTTest.Of(numbers "first" case, numbers "second" case)
        near (number "difference_mean" case) found.MeanDifference "mean"
        near (number "difference_sd" case) found.Deviation "deviation"
        near (number "t" case) found.T "t"
        near (number "p" case) found.P "p"
        near (number "p_greater" case) found.PGreater "one-sided p"
        Expect.equal found.DegreesOfFreedom (case.GetProperty("df").GetInt32()) "degrees of freedom"
        let low, high = interval "ci95" case
        let struct (foundLow, foundHigh) = found.Interval 0.95
        near low foundLow "low"
        near high foundHigh "high"
    }

/// The indices of all resamples as the fixture hashes them.
let private indexHash (seed: uint64) resamples n =
    let random = SeededRandom.Published seed
    let bytes = Array.zeroCreate (4 * resamples * n)

    for i in 0 .. resamples * n - 1 do
        BitConverter.TryWriteBytes(bytes.AsSpan(4 * i, 4), random.BelowByUpperHalf(uint32 n))
        |> ignore

    Convert.ToHexStringLower(SHA256.HashData bytes)

let private kinds =
    [
        "percentile", BootstrapInterval.Percentile
        "basic", BootstrapInterval.Basic
        "BCa", BootstrapInterval.BCa
    ]

let private bootstrap (index: int, case: JsonElement) =
    test $"paired bootstrap {index}" {
        let first, second = numbers "first" case, numbers "second" case

        let seed, resamples =
            hex (SharedFiles.text "seed" case), case.GetProperty("resamples").GetInt32()

        let found = PairedBootstrap(first, second, resamples, seed)

        Expect.equal
            (indexHash seed resamples first.Length)
            (SharedFiles.text "index_sha256" case)
            "indices, bit for bit"

        near (number "difference" case) found.Difference "difference"
        near (number "standard_error" case) found.StandardError "standard error"
        Array.iteri (fun i expected -> near expected found.Resamples[i] $"resample {i}") (numbers "first_five" case)

        for level in [ 0.9; 0.95 ] do
            let expected = case.GetProperty(level.ToString(CultureInfo.InvariantCulture))

            for name, kind in kinds do
                let low, high = interval name expected
                let struct (foundLow, foundHigh) = found.Interval(level, kind)
                near low foundLow $"{name} {level}, low"
                near high foundHigh $"{name} {level}, high"
    }

let private holm (index: int, case: JsonElement) =
    test $"Holm {index}" {
        let expected = numbers "adjusted" (case.GetProperty "holm")
        Array.iter2 (fun e f -> near e f "adjusted p") expected (HolmCorrection.Adjust(numbers "p" case))
    }

let private golden =
    SharedFiles.fixtureTests "Golden statistics" (fun () ->
        let root = SharedFiles.json "fixtures/statistics/expected.json"

        let all name make =
            SharedFiles.items name root |> List.indexed |> List.map make

        [
            generator root
            testList "McNemar" (all "mcnemar" mcNemar)
            testList "paired" (all "paired" paired)
            testList "bootstrap" (all "bootstrap" bootstrap)
            testList "multiple testing" (all "multiple_testing" holm)
        ])

let private result method (seed: int64) accuracy (answers: (string * bool) list) =
    let kept: Collections.Generic.IReadOnlyDictionary<string, bool> | null =
        if answers.IsEmpty then
            null
        else
            Collections.Generic.Dictionary(dict answers)

    ComparedResult(method, method, Nullable seed, accuracy, kept)

let private comparing =
    testList
        "Comparing"
        [
            test "one run of each is compared question by question" {
                let first = result "a" 0L 0.75 [ "1", true; "2", true; "3", true; "4", false ]
                let second = result "b" 0L 0.25 [ "4", false; "3", false; "2", false; "1", true ]

                let pair =
                    Seq.exactlyOne (MethodComparison.All(ComparedGroup.Of [| first; second |], 0UL))

                Expect.equal (pair.McNemar.Value.OnlyFirst, pair.McNemar.Value.OnlySecond) (2, 0) "only one right"
                near 0.5 pair.P.Value "2 * (1/2)^2"
                Expect.equal pair.AdjustedP pair.P "one pair only"
                Expect.equal pair.Questions 4 "questions"
            }
            test "several seeds are compared by the paired t-test" {
                let runs method values =
                    [
                        for seed, value in List.indexed values -> result method (int64 seed) value []
                    ]

                let pair =
                    runs "a" [ 0.5; 0.6; 0.8 ] @ runs "b" [ 0.4; 0.5; 0.5 ]
                    |> ComparedGroup.Of
                    |> fun groups -> Seq.exactlyOne (MethodComparison.All(groups, 0UL))

                Expect.equal pair.Seeds 3 "seeds"
                near (PairedTTest.Of([| 0.5; 0.6; 0.8 |], [| 0.4; 0.5; 0.5 |]).P) pair.P.Value "p"
            }
            test "a difference that is the same under every seed has no t-test" {
                let runs method values answers =
                    [
                        for seed, value in List.indexed values -> result method (int64 seed) value answers
                    ]

                let only groups =
                    Seq.exactlyOne (MethodComparison.All(ComparedGroup.Of groups, 0UL))

                for values in [ [ 0.5; 0.6; 0.7 ]; [ 0.6; 0.7; 0.8 ] ] do
                    let pair = only (runs "a" values [] @ runs "b" [ 0.5; 0.6; 0.7 ] [])
                    Expect.isFalse pair.Paired.Value.Varies "rounding apart"
                    Expect.isFalse (pair.P.HasValue || pair.AdjustedP.HasValue) "nothing decides without answers"

                let pair =
                    only (runs "a" [ 1.0; 1.0 ] [ "1", true ] @ runs "b" [ 0.0; 0.0 ] [ "1", false ])

                Expect.equal (pair.PairedP.HasValue, pair.P) (false, Nullable pair.McNemar.Value.ExactP) "McNemar"
            }
            test "other questions are refused with the numbers" {
                let first, second =
                    result "a" 0L 1.0 [ "1", true; "2", true ], result "b" 0L 1.0 [ "1", true; "3", true ]

                Expect.throwsC
                    (fun () -> MethodComparison.All(ComparedGroup.Of [| first; second |], 0UL) |> ignore)
                    (fun (error: exn) ->
                        Expect.isTrue (error :? InputException) "bad input"

                        Expect.stringContains
                            error.Message
                            "b: answers 2 questions, a 2, and 1 of these are missing there"
                            "text")
            }
            test "a folder that nothing wrote is refused" {
                let folder = Directory.CreateTempSubdirectory("lori-compare").FullName
                Expect.throwsT<InputException> (fun () -> ComparedFolders.Read folder |> ignore) "refused"
                Directory.Delete folder
            }
        ]

[<Tests>]
let tests = testList "Statistics" [ golden; comparing ]
