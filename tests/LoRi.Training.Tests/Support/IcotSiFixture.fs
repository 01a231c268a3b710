/// The reference numbers of iCoT-SI on tiny models: what their files say, as the product's own types.
module LoRi.Training.Tests.IcotSiFixture

open System
open System.Collections.Generic
open System.Globalization
open System.Text.Json
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Sequences
open LoRi.Models.Weights
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.IcotSi
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.SharedFiles

let references () = referencesOf "icot-si"

/// The reference's model: no rows are added, nothing is adapted.
let model (reference: Reference) (precision: Precision) : ReasoningModel =
    ModelLoader.LoadToTrain(path (reference.Folder + "/base"), LoadSettings.OnCpu precision, null)

/// Options of a run as its command line gives them; a switch has the value "".
let private options (arguments: string) =
    let words =
        arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries) |> List.ofArray

    let rec read (words: string list) =
        match words with
        | name :: value :: rest when not (value.StartsWith "--") -> (name.Substring 2, value) :: read rest
        | name :: rest -> (name.Substring 2, "") :: read rest
        | [] -> []

    Map(read words)

/// A run of the reference.
type Run =
    {
        Name: string
        Options: Map<string, string>
        Steps: JsonElement list
        Final: JsonElement
    }

    member this.Number(name: string, otherwise: float) =
        match Map.tryFind name this.Options with
        | Some value -> Double.Parse(value, CultureInfo.InvariantCulture)
        | None -> otherwise

    member this.Has(name: string) = Map.containsKey name this.Options

let runs (reference: Reference) =
    [
        for run in (reference.Expected.GetProperty "runs").EnumerateObject() ->
            {
                Name = run.Name
                Options = options (text "arguments" run.Value)
                Steps = items "steps" run.Value
                Final = run.Value.GetProperty "final_param_norm"
            }
    ]

/// The schedule of a run over the reference's rows.
let schedule (reference: Reference) (run: Run) =
    let rows = (items "sequences" reference.Batch).Length
    let batch = int (run.Number("batch_size", 32.0))
    let all = run.Number("remove_all_when_remove_beyond", infinity)

    RemovalSchedule(
        StepsPerEpoch = (rows + batch - 1) / batch,
        PerEpoch = run.Number("remove_per_epoch", 8.0),
        StartFrom = int (run.Number("remove_start_from", 0.0)),
        AllFrom =
            (if Double.IsInfinity all then
                 Nullable()
             else
                 Nullable(int all)),
        PretrainEpochs = int (run.Number("pretrain_epochs", 0.0))
    )

/// iCoT-SI as a run trains it; the offsets of the rows are those that the run drew.
let objective (reference: Reference) (run: Run) (offsets: Queue<int>) =
    let side =
        match Map.tryFind "removal_side" run.Options with
        | Some "right" -> RemovalSide.Right
        | _ -> RemovalSide.Left

    IcotSiObjective(
        schedule reference run,
        (fun _ -> offsets.Dequeue()),
        side,
        run.Has "keep_position",
        (if run.Has "reset_optimizer" then
             OptimizerReset.Stage
         else
             OptimizerReset.Never)
    )

/// A row of ids as the product's parts: the question ends with the first end of sequence, the chain before the second, the row with the
/// third.
let example (eos: int) (ids: int[]) =
    let ends =
        Array.indexed ids
        |> Array.filter (fun (_, id) -> id = eos)
        |> Array.map fst
        |> Array.take 3

    EncodedExample(0, ids[.. ends[0]], ids[ends[0] + 1 .. ends[1] - 1], [| eos |], ids[ends[1] + 1 .. ends[2]])

/// The optimizer of a run.
let optimizer (run: Run) =
    OptimizerSettings(
        LearningRate = run.Number("lr", 5e-5),
        Schedule = Schedule.Constant,
        WeightDecay = 0.01,
        DecayAll = true,
        ClipNorm = 1.0
    )
