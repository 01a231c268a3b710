/// When a run counts as lost.
module LoRi.Training.Tests.RunWatchTests

open System.Collections.Generic
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Runs.RunFolders
open LoRi.Files.Settings
open LoRi.Runs.Settings
open LoRi.Runs.Training
open LoRi.Training
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private step number loss norm =
    StepMetrics(number, loss, Dictionary<string, float>(), 1e-3, norm, 10L, 0.1)

/// Settings with a threshold of the latents' spread.
let private collapse threshold =
    TrainOptions(SettingValues.None.With(TrainSettings.CollapseThreshold, threshold))

/// The first finding of a watch that is shown these losses and spreads, and its step.
let private finding (options: TrainOptions) (seen: WatchState) (steps: (float * float option) list) =
    let watch =
        RunWatch(options, Unchecked.defaultof<ReasoningModel>, PlainReasoning.Explicit, [||], seen)

    steps
    |> List.mapi (fun index (loss, spread) ->
        let found = watch.Check(step (index + 1) loss 1.0, Option.toNullable spread)
        Option.ofObj found |> Option.map (fun found -> index + 1, found.Since))
    |> List.tryPick id

let private losses values =
    finding (TrainOptions SettingValues.None) (WatchState()) [ for value in values -> value, None ]

let private flat = List.replicate 20 1.0

let private cases =
    [
        test "losses that stay, fall or jump once are well" {
            Expect.isNone (losses (List.replicate 100 2.0)) "stay"
            Expect.isNone (losses [ for index in 1..100 -> 5.0 / float index ]) "fall"
            Expect.isNone (losses (flat @ [ 30.0 ] @ flat)) "jump once: (19 + 30) / 20 < 3 + 1"

            Expect.isNone
                (losses (List.replicate 20 1e-4 @ List.replicate 100 0.9))
                "a small loss may grow up to the margin of 1"
        }
        test "a loss that stays above the factor and the margin is divergence" {
            // The mean of k values of 10 and 20 - k of 1 passes 3 * 1 + 1 = 4 with k = 7: 4.15.
            Expect.equal (losses (flat @ List.replicate 20 10.0)) (Some(27, 8)) "step, and the first step of the window"
        }
        test "what looks wrong begins at the first loss above the limit, or where the latents collapse" {
            let sound values =
                let seen = WatchState()
                finding (collapse 1e-3) seen values |> ignore

                RunWatch((collapse 1e-3), Unchecked.defaultof<ReasoningModel>, PlainReasoning.Explicit, [||], seen)
                    .SoundUntil(values.Length)

            let all loss = loss, None
            Expect.equal (sound (List.map all flat)) 20 "nothing"
            Expect.equal (sound (List.map all (flat @ [ 3.9; 4.1; 1.0 ]))) 21 "the limit is 3 * 1 + 1"
            Expect.equal (sound (List.map all (flat @ [ 9.0 ] @ flat))) 41 "out of view"

            let measured =
                [
                    for step in 1..33 ->
                        1.0,
                        (if step % 10 = 0 then
                             Some(if step = 10 then 1.0 else 1e-4)
                         else
                             None)
                ]

            Expect.equal (sound measured) 19 "before the first of the small spreads"
        }
        test "infinity and NaN are lost at once, whatever is turned off" {
            let options =
                TrainOptions((collapse 0.0).Values.With(TrainSettings.DivergenceFactor, 0.0))

            for loss in [ nan; infinity ] do
                Expect.equal (finding options (WatchState()) [ 1.0, None; loss, None ]) (Some(2, 2)) $"{loss}"

            let watch =
                RunWatch(options, Unchecked.defaultof<ReasoningModel>, PlainReasoning.Explicit, [||], WatchState())

            Expect.isNotNull (watch.Check(step 1 1.0 nan, System.Nullable())) "gradient"
        }
        test "latents are collapsed where every measurement of the window is below the threshold" {
            let spreads values =
                finding (collapse 1e-3) (WatchState()) [ for value in values -> 1.0, Some value ]

            Expect.isNone
                (spreads [ 1e-4; 1e-4; 1e-4; 1e-4; 2e-3; 1e-4; 1e-4; 1e-4; 1e-4 ])
                "one is above in every window"

            Expect.isTrue ((spreads (List.replicate 5 1e-4)).IsSome) "five are below"
        }
        test "at a point of a curriculum, what is compared begins anew" {
            let state = RunState()
            let tiny, large = List.replicate 20 1e-3, List.replicate 20 50.0

            let seen losses =
                finding (TrainOptions SettingValues.None) state.Watch [ for loss in losses -> loss, None ]

            Expect.isNone (seen tiny) "the first stage"
            state.BestValidation <- System.Nullable 1e-3
            state.BestStep <- 20
            state.BeginPoint 1
            Expect.isNone (seen large) "a loss that rises on purpose"

            Expect.equal
                (state.Point, state.BestValidation.HasValue, state.BestStep)
                (1, false, 0)
                "the best validation"

            Expect.isSome (seen (List.replicate 20 500.0)) "a loss that rises within the stage"
        }
        test "what was seen goes on after a resume" {
            let options = TrainOptions SettingValues.None
            let seen = WatchState()
            finding options seen [ for loss in flat @ List.replicate 6 10.0 -> loss, None ] |> ignore

            let state =
                RunState(
                    Watch = seen,
                    Tokens = 7L,
                    Seconds = 0.1 + 0.2,
                    BestValidation = System.Nullable(1.0 / 3.0),
                    BestStep = 5
                )

            let text = state.ToText()
            let read = nonNull (RunState.Parse text)
            Expect.equal (read.ToText()) text "bit for bit"
            Expect.equal (finding options read.Watch [ 10.0, None ]) (Some(1, -18)) "the seventh step of 10"
        }
        test "the spread is 0 for one direction and 1 - 1/n for n orthogonal ones" {
            NativeRuntime.Load()
            use _ = torch.NewDisposeScope()
            let same = torch.ones (5L, 8L) * torch.arange(1L, 6L).reshape(5L, 1L)
            // Sums of float64 numbers of size 1: a few roundings.
            Expect.isTrue (abs (RunWatch.SpreadOf same) <= 1e-12) "one direction, other lengths"
            Expect.isTrue (abs (RunWatch.SpreadOf(torch.eye 4L) - 0.75) <= 1e-12) "orthogonal"
        }
        test "latents are measured every tenth step, and only where there are some" {
            NativeRuntime.Load()
            use model = model Precision.Full 1L
            let rows = data 4

            let watch (reasoning: IReasoning) =
                RunWatch((TrainOptions SettingValues.None), model, reasoning, rows, WatchState())

            let latent = SequentialReasoning 2
            Expect.isFalse ((watch latent).Measure(9).HasValue) "step 9"
            Expect.isFalse ((watch PlainReasoning.Explicit).Measure(10).HasValue) "no latents"
            let spread = (watch latent).Measure(10).Value
            Expect.isTrue (spread > 0.0 && spread < 1.0) $"step 10: {spread}"
        }
    ]

[<Tests>]
let tests = testList "RunWatch" cases
