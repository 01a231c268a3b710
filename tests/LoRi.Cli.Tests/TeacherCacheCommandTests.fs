/// Teacher caches from the command line, on the reference's tiny teacher.
module LoRi.Cli.Tests.TeacherCacheCommandTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running

let private teacher () = peerModel ()

/// Sums with a chain of thought of one to five steps.
let private problems folder =
    file
        folder
        "sums.jsonl"
        (String.concat
            ""
            [
                for a in 1..30 ->
                    let steps = String.replicate (1 + a % 5) $"{a}+2={a + 2}; "
                    $"{{\"question\": \"{a} plus 2?\", \"rationale\": \"{steps}\", \"answer\": \"{a + 2}\"}}\n"
            ])

let private distill folder (run: string) options =
    [
        "distill"
        "--method"
        "lori"
        "--teacher"
        teacher ()
        "--data"
        problems folder
    ]
    @ [
        "--output"
        Path.Combine(folder, run)
        "--steps"
        "1"
        "--batch-size"
        "4"
        "--log-every"
        "1"
    ]
    @ [ "--hidden-rank"; "8"; "--layer-rank"; "2" ]
    @ options

let private lossOf folder run =
    let line = File.ReadAllLines(Path.Combine(folder, run, "metrics.jsonl"))[0]
    JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble()

/// float32 rounds to 6e-8; sums of some hundred such numbers.
let private float32 = 1e-5

let private near wanted found what =
    Expect.isTrue (abs (found - wanted) <= float32 * abs wanted) $"{what}: found {found}, expected {wanted}"

let private files folder =
    Map.ofList
        [
            for path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories) -> path, File.ReadAllBytes path
        ]

let private wrong =
    [
        for name, options, message in
            [
                "online and a cache",
                [ "--online"; "--teacher-cache"; "c" ],
                "--online and --teacher-cache c contradict each other"
                "online and kept states",
                [ "--online"; "--keep-trajectories" ],
                "--online and --keep-trajectories contradict each other"
                "a cache without a frozen teacher",
                [ "--method"; "codi"; "--teacher-cache"; "c" ],
                "--teacher-cache c and --method codi contradict each other"
                "files of no size",
                [ "--shard-size"; "0" ],
                "--shard-size 0: must be a size with its unit, such as 5GB or 500MiB"
            ] ->
            test $"{name} is bad usage" {
                expectError BadUsage message ([ "distill"; "--teacher"; "t"; "--data"; "d"; "--output"; "o" ] @ options)
            }
    ]

let private caches =
    [
        test "a second distillation with other forms and weights reads the cache; --online gives the same loss" {
            inFolder (fun folder ->
                let cache = Path.Combine(folder, "cache")
                let shared = [ "--teacher-cache"; cache ]
                let log = (succeeded (lori (distill folder "first" shared))).Error
                Expect.stringContains log "teacher cache: will write" "sizes"
                Expect.isFalse (log.Contains "reused") "made"
                let before = files cache
                let forms = [ "--covariance"; "per-layer"; "--order"; "third"; "--w-mean"; "2" ]
                let log = (succeeded (lori (distill folder "second" (shared @ forms)))).Error
                Expect.stringContains log $"teacher cache reused: {cache}; the teacher does not run" "reused"
                Expect.equal (files cache) before "nothing is written"
                succeed (lori (distill folder "online" ("--online" :: forms)))
                near (lossOf folder "second") (lossOf folder "online") "loss"
                Expect.notEqual (lossOf folder "first") (lossOf folder "second") "other forms"

                let other = lori (distill folder "third" (shared @ [ "--dtype"; "bfloat16" ]))
                Expect.equal other.Code Failed "refused"

                Expect.stringContains
                    other.Error
                    $"lori: error: {cache}/index.json: the cache was made from other dtype: float32 there, bfloat16 here"
                    "what differs")
        }
        test "--resume makes what is missing of the run's own cache, and nothing else" {
            inFolder (fun folder ->
                let options = [ "--subspace-kind"; "complement"; "--shard-size"; "1" ]
                succeed (lori (distill folder "run" options))
                let cache = Path.Combine(folder, "run", "teacher-cache")
                let before = files cache
                let loss = lossOf folder "run"
                let shard = before.Keys |> Seq.find _.EndsWith("00001.safetensors")
                File.Delete shard

                for part in [ "checkpoints"; "final" ] do
                    Directory.Delete(Path.Combine(folder, "run", part), true)

                let log = (succeeded (lori (distill folder "run" ("--resume" :: options)))).Error
                Expect.stringContains log "coordinates, file 1 of" "made again"
                Expect.isFalse (log.Contains "teacher cache: states") "no states are needed"
                Expect.equal (files cache) before "the same files"
                Expect.equal (lossOf folder "run") loss "the same loss")
        }
    ]

[<Tests>]
let tests = testList "TeacherCacheCommand" (caches @ wrong)
