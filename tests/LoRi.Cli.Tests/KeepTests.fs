/// The weights of the lowest validation loss, and training that ends where it no longer falls.
module LoRi.Cli.Tests.KeepTests

open System.IO
open System.Text.Json
open Expecto
open LoRi.Cli.ExitCodes
open LoRi.Cli.Tests.Running
open LoRi.Cli.Tests.TinyRun

/// Steps that are so large that the loss over rows held out rises again.
let private options folder steps output =
    (teach folder steps output |> List.map (fun word -> if word = "0.01" then "0.05" else word))
    @ [
        "--schedule"
        "constant"
        "--warmup-steps"
        "0"
        "--validation-fraction"
        "0.3"
        "--eval-every"
        "2"
        "--divergence-factor"
        "0"
    ]

let private validations (run: string) =
    [
        for line in File.ReadLines(Path.Combine(run, "metrics.jsonl")) do
            let row = JsonDocument.Parse(line).RootElement

            match row.TryGetProperty "validation_loss" with
            | true, loss -> row.GetProperty("step").GetInt32(), loss.GetDouble()
            | _ -> ()
    ]

let private weights (run: string) =
    File.ReadAllBytes(Path.Combine(run, "final/model.safetensors"))

let private trained (run: string) =
    let card =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "final/lori.json"))).RootElement.GetProperty "trained"

    card.GetProperty("step").GetInt32(), card.GetProperty("kept").GetString()

/// The last step, of a run of so many, after which the loss over rows held out was lower before. Where that is depends on the processor's
/// rounding; the schedule is constant, so that a run which ends there has the same steps.
let private risen folder steps =
    succeed (lori (options folder steps "looked"))
    let found = validations (Path.Combine(folder, "looked"))

    found
    |> List.filter (fun (step, loss) -> List.exists (fun (before, lower) -> before < step && lower < loss) found)
    |> List.last
    |> fst

let private best =
    test "--keep best: the final model is that of the lowest validation loss, and killing the run changes nothing" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            let long = risen folder 60
            succeed (lori (options folder long "best" @ [ "--keep"; "best"; "--checkpoint-every"; "6" ]))
            let step, _ = validations (path "best") |> List.minBy snd
            Expect.isLessThan step long "the loss rises again"
            Expect.equal (trained (path "best")) (step, "best") "said on the card"
            // The schedule is constant, so a shorter run comes to the same weights.
            succeed (lori (options folder step "short"))
            Expect.equal (weights (path "best")) (weights (path "short")) "weights of that step"
            succeed (lori (options folder long "last"))
            Expect.equal (trained (path "last")) (long, "last") "the default"
            Expect.notEqual (weights (path "last")) (weights (path "best")) "the last weights are others"

            let running =
                start (options folder long "killed" @ [ "--keep"; "best"; "--checkpoint-every"; "6" ])

            untilThere (fun () ->
                Directory.Exists(Path.Combine(path "killed", "checkpoints/step-000018"))
                || running.HasExited)

            running.Kill()
            finish running |> ignore
            succeed (lori (options folder long "killed" @ [ "--keep"; "best"; "--checkpoint-every"; "6"; "--resume" ]))
            Expect.equal (weights (path "killed")) (weights (path "best")) "the same bits")
    }

let private early =
    test "--patience: training ends after so many evaluations without a lower loss" {
        withTiny (fun folder ->
            let path name = Path.Combine(folder, name)
            let patience = [ "--patience"; "3"; "--keep"; "best" ]
            succeed (lori (options folder 200 "early" @ patience))
            let found = validations (path "early")
            let step, _ = List.minBy snd found
            Expect.equal (fst (List.last found)) (step + 6) "three evaluations later"
            Expect.equal (trained (path "early")) (step, "best") "the best is kept"
            Expect.stringContains (File.ReadAllText(path "early/log.txt")) "stops early" "said"
            let again = lori (options folder 200 "early" @ patience @ [ "--resume" ])
            succeed again
            Expect.stringContains again.Error "finished" "there is nothing to resume")
    }

let private refused =
    test "without rows held out, neither can be asked for" {
        withTiny (fun folder ->
            for asked in [ [ "--keep"; "best" ]; [ "--patience"; "3" ] ] do
                let outcome = lori (teach folder 4 "run" @ asked)
                Expect.equal outcome.Code BadUsage outcome.Error
                Expect.stringContains outcome.Error "needs --validation-fraction" "said")
    }

[<Tests>]
let tests = testList "Kept weights" [ best; early; refused ]
