/// Damaged files end in success or in one clear error, in bounded time and memory. LORI_FUZZ_COUNT sets the number of mutants
/// (1000000 for a long run), LORI_FUZZ_FIRST the first seed, LORI_FUZZ_TARGET one kind of file.
module LoRi.Training.Tests.FuzzTests

open System
open System.Diagnostics
open System.IO
open System.Threading
open Expecto
open LoRi.Files
open LoRi.Models
open LoRi.Training.Tests.FuzzTargets

let private setting (name: string) (otherwise: int64) =
    match Environment.GetEnvironmentVariable name with
    | null
    | "" -> otherwise
    | text -> Int64.Parse text

let private total = setting "LORI_FUZZ_COUNT" 10_000L

/// Mutants of each kind at least, where no number was asked for.
let private least =
    if String.IsNullOrEmpty(Environment.GetEnvironmentVariable "LORI_FUZZ_COUNT") then
        2_000L
    else
        1L

let private first = setting "LORI_FUZZ_FIRST" 0L

/// A pattern of a tokenizer file may take 20 seconds before it is given up.
let private longest = TimeSpan.FromSeconds 40.0

let private mostMemory = 1L <<< 29

/// The mutant of a seed.
let private mutant (target: Target) (seed: int64) =
    let random = SeededRandom(seed, target.Name)
    let seeds = target.Seeds.Value
    target.Damage random seeds[random.Below seeds.Length]

/// How a mutant ends: accepted, or refused in one line. Everything else is a bug.
let private outcome (target: Target) folder =
    try
        target.Read folder
        Ok true
    with
    | :? InputException as e when Seq.exists Char.IsControl e.Message || e.Message.Length > 2000 ->
        Error $"a message that is no line: {e.Message}"
    | :? InputException -> Ok false
    | e -> Error(e.ToString())

/// Ends the program where one mutant takes too long; a hang could not be reported otherwise.
type private Watchdog(target: Target) =
    let mutable began = Stopwatch.GetTimestamp()
    let mutable seed = first

    let check () =
        if Stopwatch.GetElapsedTime(Volatile.Read &began) > 2.0 * longest then
            Environment.FailFast $"fuzz: {target.Name}: seed {seed} hangs"

    let timer = new Timers.Timer(5_000.0, AutoReset = true, Enabled = true)
    do timer.Elapsed.Add(fun _ -> check ())

    member _.Next next =
        seed <- next
        Volatile.Write(&began, Stopwatch.GetTimestamp())

    interface IDisposable with
        member _.Dispose() = timer.Dispose()

let private fail (target: Target) (seed: int64) (content: byte[]) (reason: string) =
    let kept =
        Path.Combine(Path.GetTempPath(), $"""lori-fuzz-{target.Name.Replace(' ', '-')}-{seed}""")

    File.WriteAllBytes(kept, content)

    failtest
        $"{target.Name}, seed {seed}: {reason}\nthe mutant is {kept}; LORI_FUZZ_TARGET='{target.Name}' LORI_FUZZ_FIRST={seed} LORI_FUZZ_COUNT=1 runs it again"

let private fuzz (target: Target) count () =
    let folder = Directory.CreateTempSubdirectory("lori-fuzz-").FullName
    let path = Path.Combine(folder, target.File)
    let mutable accepted = 0

    try
        target.Prepare folder
        use watchdog = new Watchdog(target)

        for seed in first .. first + count - 1L do
            let content = mutant target seed
            File.WriteAllBytes(path, content)
            watchdog.Next seed
            let before, began = GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp()
            let result = outcome target folder
            let memory = GC.GetAllocatedBytesForCurrentThread() - before

            match result with
            | Error reason -> fail target seed content reason
            | Ok ended ->
                accepted <- accepted + (if ended then 1 else 0)

                if memory > mostMemory then
                    fail target seed content $"{memory} bytes were allocated"

                if Stopwatch.GetElapsedTime began > longest then
                    fail target seed content $"{Stopwatch.GetElapsedTime began} were needed"
    finally
        Directory.Delete(folder, true)

    printfn $"fuzz: {target.Name}: {count} mutants, {accepted} accepted, {count - int64 accepted} refused"

/// The valid files themselves are accepted, or the mutants would test little.
let private checkSeeds (target: Target) () =
    let folder = Directory.CreateTempSubdirectory("lori-fuzz-").FullName

    try
        target.Prepare folder
        File.WriteAllBytes(Path.Combine(folder, target.File), target.Seeds.Value[0])
        target.Read folder
    finally
        Directory.Delete(folder, true)

let private kinds = all @ FuzzDataTargets.all

let private chosen =
    match Environment.GetEnvironmentVariable "LORI_FUZZ_TARGET" with
    | null
    | "" -> kinds
    | name -> kinds |> List.filter (fun target -> target.Name = name)

[<Tests>]
let tests =
    let shares = chosen |> List.sumBy _.Share

    testList
        "Fuzz"
        [
            for target in chosen do
                let count = max least (total * int64 target.Share / int64 shares)
                testCase $"{target.Name}: the valid file" (checkSeeds target)
                testCase $"{target.Name}: {count} mutants" (fuzz target count)
        ]
