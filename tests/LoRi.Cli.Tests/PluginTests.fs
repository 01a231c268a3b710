/// A method of one's own, in an assembly of one's own: trained in two stages, killed, resumed, asked, and refused in one line where it is none.
module LoRi.Cli.Tests.PluginTests

open System
open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

/// The sample's assembly, which is built with these tests.
let private sample =
    let configuration =
        DirectoryInfo(AppContext.BaseDirectory.TrimEnd '/').Parent |> nonNull |> _.Name

    let rec up (folder: DirectoryInfo) =
        if File.Exists(Path.Combine(folder.FullName, "LoRi.sln")) then
            folder.FullName
        else
            up (nonNull folder.Parent)

    Path.Combine(
        up (DirectoryInfo AppContext.BaseDirectory),
        "samples/OwnMethod/bin",
        configuration,
        "net10.0/OwnMethod.dll"
    )

let private steps = 30

/// In a process of its own: what one test adds to the methods, no other may see.
let private own arguments =
    start ([ "--plugin"; sample ] @ arguments)

let private distill folder output options =
    [
        "distill"
        "--method"
        "fading-cot"
        "--teacher"
        Path.Combine(folder, "model")
        "--fade-every"
        "5"
    ]
    @ training folder steps output
    @ options

let private card (run: string) =
    JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "final/lori.json"))).RootElement

let private stepsOf (run: string) =
    [
        for line in File.ReadLines(Path.Combine(run, "metrics.jsonl")) ->
            JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt32()
    ]

let private weights (run: string) =
    File.ReadAllBytes(Path.Combine(run, "final/model.safetensors"))

let private trained =
    test "it is trained in its stages, killed in the second and resumed to the same bits, and answers by its card" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)

            succeed (finish (own (distill folder "whole" [ "--checkpoint-every"; "7" ])))

            Expect.equal (stepsOf (path "whole")) (1 :: [ 3..3 .. 2 * steps ]) "steps of both stages"
            let whole = card (path "whole")
            Expect.equal (whole.GetProperty("method").GetString()) "fading-cot" "method"
            Expect.equal (whole.GetProperty("mode").GetString()) "direct" "mode"
            Expect.equal (whole.GetProperty("trained").GetProperty("stage").GetString()) "fading" "stage"
            let log = File.ReadAllText(Path.Combine(path "whole", "log.txt"))
            Expect.stringContains log "the curriculum comes to point 2" "a point"

            let options = [ "--checkpoint-every"; "7" ]
            let running = own (distill folder "killed" options)

            let second () =
                File.Exists(Path.Combine(path "killed", "metrics.jsonl"))
                && Directory.Exists(Path.Combine(path "killed", "checkpoints", $"step-%06d{steps + 5}"))

            untilThere (fun () -> second () || running.HasExited)
            running.Kill()
            finish running |> ignore
            Expect.isFalse (Directory.Exists(Path.Combine(path "killed", "final"))) "it was killed before its end"
            succeed (finish (own (distill folder "killed" (options @ [ "--resume" ]))))
            Expect.equal (weights (path "killed")) (weights (path "whole")) "the same bits"
            Expect.equal (stepsOf (path "killed")) (stepsOf (path "whole")) "the same steps"

            // The card is all that the answer needs.
            let answer =
                loriWith
                    ""
                    [
                        "generate"
                        "--model"
                        path "whole"
                        "--prompt"
                        "1 + 2 ="
                        "--max-new-tokens"
                        "4"
                        "--json"
                    ]

            Expect.equal answer.Code 0 answer.Error)
    }

let private shown =
    test "its settings are in the help, in config.json and in contradictions" {
        withTiny (fun folder ->
            let help = (succeeded (finish (own [ "distill"; "--help" ]))).Out
            Expect.stringContains help "--fade-every" "the setting"
            Expect.stringContains help "fading-cot" "the name"

            let refused =
                finish (
                    own (
                        [
                            "distill"
                            "--method"
                            "no-cot"
                            "--fade-every"
                            "3"
                            "--model"
                            Path.Combine(folder, "model")
                        ]
                        @ training folder 2 "r"
                    )
                )

            Expect.equal refused.Code 2 refused.Error
            Expect.stringContains refused.Error "--fade-every 3 and --method no-cot contradict each other" "said"
            succeed (finish (own (distill folder "dry" [ "--dry-run" ])))
            Expect.isFalse (Directory.Exists(Path.Combine(folder, "dry"))) "nothing was written")
    }

let private refused =
    testList
        "what is no plug-in is refused in one line"
        [
            for name, file, reason in
                [
                    "no file", (fun folder -> Path.Combine(folder, "none.dll")), "there is no such file"
                    "no assembly", (fun folder -> Running.file folder "text.dll" "words"), "is no .NET assembly"
                    "no method",
                    (fun _ -> Path.Combine(AppContext.BaseDirectory, "LoRi.Jinja.dll")),
                    "has no public class"
                ] ->
                test name {
                    inFolder (fun folder ->
                        let outcome = finish (start [ "--plugin"; file folder; "info" ])
                        Expect.notEqual outcome.Code 0 "refused"
                        Expect.equal (outcome.Error.TrimEnd().Split('\n').Length) 1 outcome.Error
                        Expect.stringContains outcome.Error reason "the reason")
                }
        ]

[<Tests>]
let tests = testList "Plug-ins" [ trained; shown; refused ]
