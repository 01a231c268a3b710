/// Loss, gradients and four updates against a family's reference numbers.
module LoRi.Training.Tests.FamilyTraining

open System.Text.Json
open LoRi.Files.Safetensors
open LoRi.Models.Sequences
open LoRi.Models.Weights
open LoRi.Training
open LoRi.Training.Tests.FamilyChecks
open LoRi.Training.Tests.FamilyFixture
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

let private settings (optimizer: JsonElement) =
    let number (name: string) = optimizer.GetProperty(name).GetDouble()
    let betas = [| for beta in items "betas" optimizer -> beta.GetDouble() |]

    OptimizerSettings(
        LearningRate = number "lr",
        Schedule = Schedule.Constant,
        Beta1 = betas[0],
        Beta2 = betas[1],
        Epsilon = number "eps",
        WeightDecay = number "weight_decay",
        DecayAll = true,
        ClipNorm = number "clip_grad_norm"
    )

/// Mean cross-entropy of the graded labels, and its gradients in the model's buffer.
let private lossAndGradients (context: Context) =
    use _ = torch.NewDisposeScope()
    let labels = ids "labels" context.Checkpoint
    let from = labels |> Array.findIndex (fun label -> label >= 0)
    let row = GradedRow(ids "single_ids" context.Checkpoint, from, from)
    context.Model.Parameters.Gradients.zero_ () |> ignore

    let result =
        GradedPass.Run(context.Model, context.Model.Weights(), [| row |], false)

    let loss = result.CrossEntropySum / (float row.Graded).ToScalar()
    loss.backward ()
    number loss

let private relative (wanted: float) (found: float) = abs (found - wanted) / abs wanted

let private arrays (file: SafetensorsFile) (start: string) =
    [
        for entry in file.Entries do
            if entry.Name.StartsWith start then
                entry.Name.Substring start.Length, file.ReadDoubles entry.Name
    ]

let private part (read: string -> torch.Tensor) (name: string) =
    use _ = torch.NewDisposeScope()
    doubles (read name)

let private worst what limit (errors: float seq) =
    {
        What = what
        Error = Seq.max errors
        Limit = limit
    }

/// Loss, norms of all gradients, and those gradients that the reference has whole.
let private first (context: Context) (file: SafetensorsFile) (wanted: JsonElement) =
    let numbers, parameters = context.Numbers, context.Model.Parameters
    let loss = lossAndGradients context

    let norms =
        [
            for norm in wanted.GetProperty("grad_norms").EnumerateObject() ->
                let found =
                    sqrt (Array.sumBy (fun x -> x * x) (part parameters.PartGradient norm.Name))

                relative (norm.Value.GetDouble()) found
        ]

    let whole =
        [
            for name, values in arrays file (numbers.Prefix + "grad.") ->
                distance values (part parameters.PartGradient name)
        ]

    [
        worst "loss" numbers.States [ abs (loss - wanted.GetProperty("loss").GetDouble()) ]
        worst "gradient norms, relative" numbers.Norms norms
        worst "gradients" numbers.Gradients whole
    ]

/// Four updates with decay on every parameter.
let private updates (context: Context) (file: SafetensorsFile) (train: JsonElement) (wanted: JsonElement) =
    let numbers, parameters = context.Numbers, context.Model.Parameters
    let settings = settings (train.GetProperty "optimizer")
    use optimizer = new AdamW(parameters, settings)
    let value (item: JsonElement) = item.GetDouble()
    let norms = items "total_norms_before_clip" wanted |> List.map value
    let losses = items "losses_after_steps" wanted |> List.map value

    let steps =
        [
            for step, (norm, loss) in List.indexed (List.zip norms losses) ->
                let found = optimizer.Step settings.LearningRate

                let changed =
                    [
                        for name, values in arrays file $"{numbers.Prefix}step{step + 1}." ->
                            distance values (part parameters.Part name)
                    ]

                relative norm found, abs (loss - lossAndGradients context), changed
        ]

    [
        worst "total norms, relative" (10.0 * numbers.States) [ for norm, _, _ in steps -> norm ]
        // As exact as the parameters are: where a gradient is near zero, Adam's g / sqrt(g * g) makes a step of its rounding.
        worst "losses after updates" (max numbers.States numbers.Updated) [ for _, loss, _ in steps -> loss ]
        worst
            "parameters after updates"
            numbers.Updated
            [
                for _, _, changed in steps do
                    yield! changed
            ]
    ]

/// Everything that training can be compared by.
let training (context: Context) =
    let train = context.Checkpoint.Expected.GetProperty "train"
    let wanted = train.GetProperty(context.Numbers.Prefix.TrimEnd '.')
    use file = golden context.Checkpoint
    let before = first context file wanted
    before @ updates context file train wanted
