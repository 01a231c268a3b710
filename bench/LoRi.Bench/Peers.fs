/// Ours beside other programs' on the same work: in every round first the ceiling, then each measure and at once its peer, so that slow
/// spells of the machine fall on both. Medians, ranges, and ratios within rounds.
module LoRi.Bench.Peers

open System
open System.Diagnostics
open System.Globalization
open System.IO
open LoRi.Bench.Clock
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Sequences
open LoRi.Models.Tensors
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.LatentCrossEntropy
open LoRi.Training.Teachers
open LoRi.Training.Trajectories
open TorchSharp

type Settings =
    {
        /// A Hub folder; none for SmolLM2-135M's shape with random weights, which peers cannot read.
        Model: string option
        /// A Python with PyTorch, and what else it has of the peers.
        Python: string option
        /// A checkout of CODI.
        Codi: string option
        Rounds: int
        Threads: int
        /// A part of the names of those that are measured; none for all.
        Measure: string option
    }

/// A measure, seconds of every round, and the same of its peer, or why there are none.
type Row =
    {
        What: string
        Ours: float list
        Peer: string
        Theirs: Result<float list, string>
    }

let private seconds action = (once action).Wall

let private configOf settings =
    match settings.Model with
    | Some folder -> ModelLoader.Shape folder
    | None -> ShapedModel.smol

/// A step of a student: 8 rows of 64 question ids, 6 latent steps, 12 fed tokens, 8 graded.
let private student config lora =
    let rows = ShapedModel.rows config 8 64 40
    ShapedModel.step (ShapedModel.fresh config lora) (LatentObjective(6, Grading.Answer)) rows

/// Forward, backward and update of 4 rows of 128 tokens, all graded.
let private fineTuning config =
    let random = SeededRandom(2L, "rows")

    let rows =
        [|
            for index in 0..3 ->
                EncodedExample(
                    index,
                    ShapedModel.ids random config 1,
                    ShapedModel.ids random config 127,
                    [| 5 |],
                    [| 6 |]
                )
        |]

    ShapedModel.step (ShapedModel.fresh config None) (CotSft.ExplicitObjective()) rows

/// One row of 512 tokens, with the head for the last.
let private prefill config =
    let model = ShapedModel.fresh config None
    let row = ShapedModel.ids (SeededRandom(3L, "row")) config 512

    fun () ->
        use _ = torch.NewDisposeScope()
        use _ = torch.no_grad ()
        let rows = PaddedRows.Right([| row |], torch.CPU)
        let weights = model.Weights()

        let pass =
            model.Decoder.Forward(weights, model.Decoder.Embed(weights, rows.Ids), rows.Positions())

        Decoder.Logits(weights, pass.Final.narrow (1L, 511L, 1L)) |> ignore

/// The levels' and components' spectra of 5,000 tokens, from one reading in float64.
let private subspace () =
    let corpus = ShapedModel.corpus 30 5000 576
    fun () -> TeacherFit.SpectraOf corpus |> ignore

/// A Python that keeps its models between rounds.
type private Server(settings: Settings, python: string, folder: string) =
    let script = Path.Combine(AppContext.BaseDirectory, "peers.py")

    let arguments =
        [
            yield! [ script; "--model"; folder; "--threads"; string settings.Threads ]
            match settings.Codi with
            | Some checkout -> yield! [ "--codi"; checkout ]
            | None -> ()
        ]

    let child =
        match
            Process.Start(
                ProcessStartInfo(python, arguments, RedirectStandardInput = true, RedirectStandardOutput = true)
            )
        with
        | null -> failwith $"{python} did not start"
        | child -> child

    /// Seconds, or why there are none.
    member _.Ask(name: string) =
        child.StandardInput.WriteLine name
        child.StandardInput.Flush()

        let rec answer () =
            match child.StandardOutput.ReadLine() with
            | null -> Error $"{python} ended"
            | line when line.StartsWith("answer - ", StringComparison.Ordinal) -> Error(line.Substring 9)
            | line when line.StartsWith("answer ", StringComparison.Ordinal) ->
                Ok(Double.Parse(line.Substring 7, CultureInfo.InvariantCulture))
            | _ -> answer ()

        answer ()

    interface IDisposable with
        member _.Dispose() =
            child.StandardInput.Close()
            child.WaitForExit()
            child.Dispose()

/// What is measured, with the name that the peers' script has for the same work, and what makes it.
let private measures config =
    [
        "student step, all weights", "CODI's own code", "codi", (fun () -> student config None)
        "student step, adapters of rank 128, dropout 0.1",
        "CODI's own code",
        "codi",
        (fun () -> student config (Some 0.1))
        "student step, adapters of rank 128", "CODI's own code", "codi", (fun () -> student config (Some 0.0))
        "fine-tuning step of 4 x 128 tokens", "transformers", "fine-tuning", (fun () -> fineTuning config)
        "prefill of 512 tokens", "transformers", "prefill", (fun () -> prefill config)
        "subspace of 30 levels, 5,000 tokens, 576 components", "TensorLy", "subspace", subspace
    ]

/// Measures all of them, after one round that does not count; the ceiling in seconds of every round comes beside.
let measure (settings: Settings) =
    torch.set_num_threads settings.Threads
    let ceiling = snd (Ceilings.product torch.float32)

    let all =
        measures (configOf settings)
        |> List.filter (fun (what, _, _, _) ->
            settings.Measure
            |> Option.forall (fun part -> what.Contains(part, StringComparison.Ordinal)))
        |> List.map (fun (what, peer, name, make) -> what, peer, name, make ())

    let ask, stop =
        match settings.Python, settings.Model with
        | Some python, Some folder ->
            let server = new Server(settings, python, folder)
            server.Ask, (fun () -> (server :> IDisposable).Dispose())
        | None, _ -> (fun _ -> Error "no --python was named"), ignore
        | _, None -> (fun _ -> Error "peers need --model, a Hub folder"), ignore

    let rounds =
        [
            for _ in 0 .. settings.Rounds ->
                let top = seconds ceiling
                top, [ for _, _, name, ours in all -> seconds ours, ask name ]
        ]
        |> List.tail

    stop ()

    let rows =
        all
        |> List.mapi (fun at (what, peer, _, _) ->
            let samples = rounds |> List.map (fun (_, row) -> row[at])

            {
                What = what
                Ours = List.map fst samples
                Peer = peer
                Theirs =
                    (samples, Ok [])
                    ||> List.foldBack (fun (_, answer) rest ->
                        Result.bind (fun seconds -> Result.map (fun others -> seconds :: others) rest) answer)
            })

    List.map fst rounds, rows

let markdown (settings: Settings) (tops: float list, rows: Row list) =
    let rate = Ceilings.operations / 1e9

    [
        $"{settings.Threads} threads, vectors of {VectorWork.VectorBits} bits, {settings.Rounds} rounds; seconds, medians [range]; ceiling (2048-cube float32 product) %.0f{rate / List.max tops} to %.0f{rate / List.min tops} GFLOP/s"
        ""
        "| what | ours | peer | theirs | theirs / ours, by round |"
        "| --- | --: | --- | --: | --: |"
        for row in rows do
            match row.Theirs with
            | Ok theirs ->
                $"| {row.What} | {ranged row.Ours} | {row.Peer} | {ranged theirs} | {ranged (List.map2 (/) theirs row.Ours)} |"
            | Error why -> $"| {row.What} | {ranged row.Ours} | {row.Peer} | not measured: {why} | |"
    ]
    |> String.concat "\n"
