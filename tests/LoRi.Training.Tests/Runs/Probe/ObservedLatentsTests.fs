/// What replaces the inputs of latent steps, and what is said of it.
module LoRi.Training.Tests.ObservedLatentsTests

open System.Collections.Generic
open Expecto
open LoRi.Models
open LoRi.Models.Native
open LoRi.Runs.Probe
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private questions, private steps, private width = 7, 3, 5

let private inputs () =
    let values =
        torch.zeros (int64 questions, int64 steps, int64 width, dtype = torch.ScalarType.Float64)

    SeededRandom(3L, "inputs").FillNormal(values, 1.0)
    values

let private parsed (text: string) = nonNull (LatentIntervention.Parse text)

/// What stands at a step for some questions.
let private edited (all: torch.Tensor) (intervention: string) (rows: int list) step draw =
    use latents = new ObservedLatents(all)

    let edit =
        latents.Edit(parsed intervention, HashSet [ 0 .. steps - 1 ], List.toArray rows, draw)

    doubles (edit.Invoke(step, torch.stack [| for row in rows -> all[int64 row, int64 step] |]))
    |> Array.chunkBySize width

let private withInputs (check: torch.Tensor -> unit) () =
    NativeRuntime.Load()
    use _ = torch.NewDisposeScope()
    check (inputs ())

let private everyone = [ 0 .. questions - 1 ]

let private own (all: torch.Tensor) step =
    [| for row in everyone -> doubles all[int64 row, int64 step] |]

let private replaced (all: torch.Tensor) =
    for step in 0 .. steps - 1 do
        let before = own all step

        let mean =
            Array.init width (fun at -> before |> Array.averageBy (fun row -> row[at]))

        for row in edited all "zero" everyone step 1L do
            Expect.equal row (Array.zeroCreate width) "zeros"

        for row in edited all "mean" everyone step 1L do
            nearArrays 1e-12 mean row "the mean of its step"

        let shuffled = edited all "shuffle" everyone step 1L
        Expect.equal (Array.sort shuffled) (Array.sort before) "the same inputs"

        for mine, found in Array.zip before shuffled do
            Expect.notEqual found mine "none its own"

let private alone (all: torch.Tensor) =
    for intervention in [ "shuffle"; "noise:0.5"; "rank:2"; "random-rank:2" ] do
        let together = edited all intervention everyone 1 4L

        for row in everyone do
            let alone = edited all intervention [ row ] 1 4L
            nearArrays 1e-12 together[row] alone[0] $"{intervention}: question {row} alone"

let private projected (all: torch.Tensor) =
    for whole in [ $"rank:{width}"; $"random-rank:{width}" ] do
        for step in 0 .. steps - 1 do
            for mine, found in Array.zip (own all step) (edited all whole everyone step 1L) do
                nearArrays 1e-12 mine found $"{whole} keeps everything"

    /// Squared distances from the inputs, over all steps.
    let lost intervention draw =
        List.sum
            [
                for step in 0 .. steps - 1 do
                    for mine, found in Array.zip (own all step) (edited all intervention everyone step draw) do
                        Array.fold2 (fun sum a b -> sum + (a - b) ** 2.0) 0.0 mine found
            ]

    for rank in 1 .. width - 1 do
        Expect.isLessThan (lost $"rank:{rank + 1}" 1L) (lost $"rank:{rank}" 1L) "a direction more keeps more"

        for draw in [ 1L; 2L; 3L ] do
            Expect.isLessThan
                (lost $"rank:{rank}" 1L)
                (lost $"random-rank:{rank}" draw)
                "the leading directions keep most"

let private someSteps (all: torch.Tensor) =
    use latents = new ObservedLatents(all)
    let edit = latents.Edit(parsed "zero", HashSet [ 1 ], [| 0 |], 1L)
    let first = all[0L].narrow(0L, 0L, 1L)
    Expect.equal (doubles (edit.Invoke(0, first))) (doubles first) "a step that is not named"
    Expect.equal (doubles (edit.Invoke(1, first))) (Array.zeroCreate width) "one that is"

let private texts =
    test "interventions have the names that they are read by" {
        for text in [ "zero"; "mean"; "shuffle"; "noise:0.25"; "rank:3"; "random-rank:12" ] do
            Expect.equal ((parsed text).ToString()) text text

        for text in
            [
                ""
                "nothing"
                "zero:1"
                "noise"
                "noise:0"
                "noise:x"
                "rank"
                "rank:0"
                "rank:1.5"
                "rank:1:2"
            ] do
            Expect.isNull (LatentIntervention.Parse text) text
    }

let private effect name correct examples p =
    let share = float correct / float examples

    ProbeEffect(
        Intervention = name,
        Steps = [| 1; 2 |],
        Accuracy = ProbeAccuracy(correct, share, [| 0.0; 1.0 |]),
        Difference = share - 0.8,
        DifferenceCi95 = [| share - 0.8 - 0.01; share - 0.8 + 0.01 |],
        P = p,
        OnlyWithout = 0,
        OnlyWith = 0,
        SameAnswers = 0
    )

let private verdicts =
    test "a verdict says what was lost" {
        let untouched = ProbeAccuracy(800, 0.8, [| 0.77; 0.82 |])

        for name, effects in
            [
                "yes", [ effect "shuffle" 20 1000 1e-9 ]
                "partly", [ effect "shuffle" 700 1000 1e-9 ]
                "no", [ effect "shuffle" 799 1000 1.0 ]
                "undecided", [ effect "shuffle" 770 1000 0.06 ]
                "undecided", [ effect "rank:1" 20 1000 1e-9 ]
                // Another question's inputs say more than zeros, which no model has seen.
                "no", [ effect "zero" 20 1000 1e-9; effect "shuffle" 799 1000 1.0 ]
            ] do
            let verdict = ProbeVerdict.Of(untouched, List.toArray effects, 2)
            Expect.equal verdict.Name name verdict.Says

        let verdict = ProbeVerdict.Of(untouched, [| effect "shuffle" 20 1000 1e-9 |], 2)

        Expect.equal
            verdict.Says
            "it thinks in its latent steps: 80.0 % right as it is, 2.0 % with another question's latent inputs (loss 78.0 points, 95 % interval 77.0 to 79.0, p below 0.001)"
            "in words"
    }

[<Tests>]
let tests =
    testList
        "Observed latents"
        [
            testCase "zeros, means and other questions' inputs" (withInputs replaced)
            testCase "what replaces an input does not depend on the batch" (withInputs alone)
            testCase "projections keep what they say" (withInputs projected)
            testCase "steps that are not named keep their inputs" (withInputs someSteps)
            texts
            verdicts
        ]
