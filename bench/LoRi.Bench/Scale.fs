/// What ranks gain on one machine: training steps with more rows and with the same, a teacher's collection and an evaluation, each by
/// one rank of one thread and by several, beside processes that are not connected.
module LoRi.Bench.Scale

open System
open System.IO
open System.Text.Json
open System.Threading.Tasks
open LoRi.Bench.ChildProcess

/// What is run on what.
type Settings =
    {
        Cli: string
        Model: string
        Train: string
        Test: string
        Folder: string
        /// The launcher and its options, but for the number of ranks.
        Launcher: string list
        Ranks: int
        /// Rows of a step on one rank.
        Rows: int
        Steps: int
    }

/// Rows that pass together.
let private together = 4

let private lori settings ranks arguments =
    eprintfn "%s" (String.Join(' ', $"{ranks} x" :: List.truncate 1 arguments))
    let line = program settings.Cli @ arguments @ [ "--threads"; "1" ]

    match ranks, settings.Launcher with
    | 1, _
    | _, [] -> runLine line
    | _, launcher -> runLine (launcher @ [ "-n"; string ranks ] @ line)

/// Tokens a second of the steps but the first, which also makes what later ones use again. Both are counted from the beginning.
let private rate folder =
    let steps = jsonLines (Path.Combine(folder, "metrics.jsonl"))

    let since name =
        number name (Array.last steps) - number name steps[0]

    since "tokens" / since "seconds"

let private teach settings ranks rows name =
    let folder = Path.Combine(settings.Folder, name)

    let line =
        [
            "teach"
            "--model"
            settings.Model
            "--data"
            settings.Train
            "--output"
            folder
        ]
        @ [ "--steps"; string (settings.Steps + 1); "--batch-size"; string rows ]
        @ [
            "--accumulation"
            string (rows / together)
            "--log-every"
            "1"
            "--max-tokens"
            "384"
        ]
        @ [ "--checkpoint-every"; "1000000" ]

    lori settings ranks line |> ignore
    rate folder

/// Tokens a second of each of some processes that know nothing of each other.
let private apart settings rows =
    [
        for copy in 1 .. settings.Ranks -> Task.Run(fun () -> teach settings 1 rows $"apart-{copy}")
    ]
    |> List.map _.Result

let private trajectories settings ranks =
    let file = Path.Combine(settings.Folder, $"trajectories-{ranks}.safetensors")

    let line =
        [
            "trajectories"
            "--model"
            settings.Model
            "--data"
            settings.Train
            "--output"
            file
        ]
        @ [
            "--limit"
            string (8 * settings.Rows)
            "--batch-size"
            string together
            "--json"
        ]

    let output = (lori settings ranks line).Output
    // Open MPI gives a process a terminal, to which .NET says how it is to be used.
    JsonDocument.Parse(output.Substring(output.IndexOf '{')).RootElement |> number "seconds"

let private evaluate settings ranks =
    let folder = Path.Combine(settings.Folder, $"evaluation-{ranks}")

    let line =
        [
            "evaluate"
            "--model"
            Path.Combine(settings.Folder, "alone")
            "--data"
            settings.Test
            "--output"
            folder
        ]
        @ [
            "--limit"
            string (8 * settings.Rows)
            "--batch-size"
            string together
            "--max-new-tokens"
            "32"
        ]
        @ [ "--latency-questions"; "0" ]

    // Of the whole process: seconds in evaluation.json are those of all questions together, whichever rank had them.
    (lori settings ranks line).Seconds

/// Runs everything and shows the table.
let show settings =
    let n = settings.Ranks
    let alone = teach settings 1 settings.Rows "alone"
    let whole = teach settings 1 (n * settings.Rows) "whole"
    let copies = apart settings settings.Rows
    let weak = teach settings n (n * settings.Rows) "weak"
    let strong = teach settings n settings.Rows "strong"
    let traced = [ for ranks in [ 1; n ] -> trajectories settings ranks ]
    let answered = [ for ranks in [ 1; n ] -> evaluate settings ranks ]
    let percent value = $"%.0f{100.0 * value} %%"

    printfn
        $"{n} ranks of one thread, {settings.Rows} rows a rank and step, {together} at a time, {settings.Steps} steps after the first"

    printfn "| what | one process | ranks | efficiency |\n| --- | --: | --: | --: |"

    printfn
        $"| steps with {settings.Rows} rows a rank, tokens/s | %.0f{alone} | %.0f{weak} | {percent (weak / (float n * alone))} |"

    printfn
        $"| the same against one process with all rows | %.0f{whole} | %.0f{weak} | {percent (weak / (float n * whole))} |"

    printfn
        $"| as many processes that are not connected | %.0f{alone} | %.0f{List.sum copies} | {percent (List.sum copies / (float n * alone))} |"

    printfn
        $"| steps with {settings.Rows} rows for all, tokens/s | %.0f{alone} | %.0f{strong} | {percent (strong / (float n * alone))} |"

    for what, times in [ "trajectories, s", traced; "evaluate, whole process, s", answered ] do
        printfn $"| {what} | %.2f{times[0]} | %.2f{times[1]} | {percent (times[0] / (float n * times[1]))} |"
