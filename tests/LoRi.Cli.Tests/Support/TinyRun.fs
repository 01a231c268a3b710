/// A tiny random Llama folder with its tokenizer and some rows of data, and real `lori` processes that train on them.
module LoRi.Cli.Tests.TinyRun

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open System.Text.Json
open System.Threading
open System.Threading.Tasks
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Models
open LoRi.Models.Decoders
open LoRi.Models.ModelFiles
open LoRi.Models.Reasoning
open LoRi.Models.Native
open LoRi.Cli.Tests.Running
open TorchSharp

/// Its vocabulary, by id.
let words =
    [ "<unk>"; "<eos>"; "So"; "+"; "=" ] @ [ for digit in 0..9 -> string digit ]

/// The id that ends a sequence.
let eos = 1

/// The tokenizer of the tiny models: words between spaces.
let writeTokenizer (folder: string) =
    let tokenizer =
        {|
            version = "1.0"
            added_tokens =
                [
                    {|
                        id = eos
                        content = "<eos>"
                        special = true
                    |}
                ]
            pre_tokenizer =
                {|
                    ``type`` = "Split"
                    pattern = {| String = " " |}
                    behavior = "Removed"
                    invert = false
                |}
            model =
                {|
                    ``type`` = "WordLevel"
                    vocab = dict (List.mapi (fun id word -> word, id) words)
                    unk_token = "<unk>"
                |}
        |}

    file folder "tokenizer.json" (JsonSerializer.Serialize tokenizer) |> ignore

/// A random model of this shape with a card, beside the tokenizer that the folder has; `last` is the id that ends an answer.
let writeRandom (folder: string) (config: DecoderConfig) name steps last =
    use model =
        new ReasoningModel(
            config,
            0,
            SpecialIds(eos, eos, eos),
            FeedbackProjection(ProjectionKind.Identity, 0),
            Precision.Full,
            torch.CPU
        )

    Initialisation.Fresh(model, 0.2, 1L)

    let reasoning: IReasoning =
        if steps > 0 then SequentialReasoning steps
        elif name = "no-cot" then PlainReasoning.Direct
        else PlainReasoning.Explicit

    let card =
        ReasoningCard(
            Method = name,
            Reasoning = reasoning,
            AnswerPrefix = "So",
            PrefixIds = [| 2 |],
            Special = SpecialIds(eos, eos, last),
            Projection = ProjectionKind.Identity,
            ProjectionWidth = 0
        )

    ModelWriter.Write(folder, model, card, TokenizerFile.Load folder)

/// A random model of two blocks with a table of some rows, as a Hub folder.
let writeModelOf (folder: string) rows =
    NativeRuntime.Load()
    Directory.CreateDirectory folder |> ignore
    writeTokenizer folder

    let config =
        DecoderConfig(
            HiddenSize = 16,
            IntermediateSize = 24,
            Layers = 2,
            QueryHeads = 2,
            KeyValueHeads = 1,
            HeadSize = 8,
            VocabularySize = rows,
            NormEpsilon = 1e-5,
            RotaryBase = 10_000.0,
            TiedHead = true,
            MaxPositions = 64,
            EosIds = [| eos |]
        )

    writeRandom folder config "none" 0 eos
    File.Delete(Path.Combine(folder, ReasoningCard.FileName))

/// A random model of two blocks, as a Hub folder.
let writeModel (folder: string) = writeModelOf folder words.Length

/// Sums of three digits modulo 10, two digits at a time.
let writeData (path: string) (seed: int64) rows =
    let random = SeededRandom(seed, "sums")

    File.WriteAllLines(
        path,
        [
            for _ in 1..rows do
                let a, b, c = random.Below 10, random.Below 10, random.Below 10
                let first, all = (a + b) % 10, (a + b + c) % 10

                JsonSerializer.Serialize
                    {|
                        question = $"{a} + {b} + {c} ="
                        rationale = $"{a} + {b} = {first} {first} + {c} = {all}"
                        answer = string all
                    |}
        ]
    )

/// The same sums, each step of the rationale by itself.
let writeSteps (path: string) (seed: int64) rows =
    let random = SeededRandom(seed, "sums")

    File.WriteAllLines(
        path,
        [
            for _ in 1..rows do
                let a, b, c = random.Below 10, random.Below 10, random.Below 10
                let first, all = (a + b) % 10, (a + b + c) % 10

                JsonSerializer.Serialize
                    {|
                        question = $"{a} + {b} + {c} ="
                        steps = [ $"{a} + {b} = {first}"; $"{first} + {c} = {all}" ]
                        answer = string all
                    |}
        ]
    )

/// Runs `check` with a folder that holds `model` and `data.jsonl`.
let withTiny (check: string -> unit) =
    inFolder (fun folder ->
        writeModel (Path.Combine(folder, "model"))
        writeData (Path.Combine(folder, "data.jsonl")) 3L 40
        check folder)

/// Options of a run of `steps` steps; `output` is relative to the folder.
let training (folder: string) (steps: int) (output: string) =
    [
        "--data"
        Path.Combine(folder, "data.jsonl")
        "--output"
        Path.Combine(folder, output)
        "--answer-prefix"
        "So"
        "--steps"
        string steps
        "--batch-size"
        "4"
        "--learning-rate"
        "0.01"
        "--threads"
        "1"
        "--log-every"
        "3"
    ]

/// A command line that teaches the tiny model.
let teach folder steps output =
    "teach" :: "--model" :: Path.Combine(folder, "model") :: training folder steps output

/// A command line that distils from the tiny model as it is.
let distill folder steps output =
    [
        "distill"
        "--method"
        "lori"
        "--latent-steps"
        "2"
        "--teacher"
        Path.Combine(folder, "model")
    ]
    @ training folder steps output

/// A run of Coconut on the tiny model that replaces two steps; made where it is not there.
let coconut folder =
    let run = Path.Combine(folder, "coconut")

    if not (Directory.Exists run) then
        writeSteps (Path.Combine(folder, "data.jsonl")) 3L 40

        let outcome =
            lori (
                [
                    "distill"
                    "--method"
                    "coconut"
                    "--last-stage"
                    "2"
                    "--latents-per-step"
                    "1"
                    "--model"
                    Path.Combine(folder, "model")
                ]
                @ training folder 4 "coconut"
            )

        Expect.equal outcome.Code 0 outcome.Error

    run

/// A command line of SIM-CoT, on CODI from the tiny model or on Coconut from a run of it.
let simCot onCoconut folder steps output =
    [
        "distill"
        "--method"
        "sim-cot"
        "--keep-decoder"
        if onCoconut then
            yield! [ "--on"; "coconut"; "--model"; coconut folder ]
        else
            yield! [ "--latent-steps"; "2"; "--model"; Path.Combine(folder, "model") ]
    ]
    @ training folder steps output

/// The program of .NET.
let private dotnet =
    match Environment.GetEnvironmentVariable "DOTNET_HOST_PATH" with
    | null -> "dotnet"
    | path -> path

/// The words that start `lori` as a process of its own.
let loriWords = [ dotnet; Path.Combine(AppContext.BaseDirectory, "lori.dll") ]

/// Starts a program that starts `lori`, by its name and options, with these variables in its environment.
let startBy (launcher: string list) (environment: (string * string) list) (arguments: string list) =
    let line = launcher @ loriWords @ arguments

    let info =
        ProcessStartInfo(line.Head, RedirectStandardError = true, RedirectStandardOutput = true)

    line.Tail |> List.iter info.ArgumentList.Add
    // Unoptimised code starts sooner, and nothing here runs long.
    info.Environment["DOTNET_TieredPGO"] <- "0"

    for name, value in environment do
        info.Environment[name] <- value

    nonNull (Process.Start info)

/// Starts a process of its own, with these variables in its environment.
let startWith environment arguments = startBy [] environment arguments

/// Starts a process of its own.
let start arguments = startWith [] arguments

/// How long a test waits for another process; a loaded machine may take minutes for what takes seconds alone.
let private patience = TimeSpan.FromMinutes 3.0

/// Waits until something is so.
let untilThere (condition: unit -> bool) =
    let clock = Stopwatch.StartNew()

    while not (condition ()) do
        if clock.Elapsed > patience then
            failtest $"nothing came of it within {patience}"

        Thread.Sleep 2

/// Waits for a process; gives its exit code and what it wrote.
let finish (running: Process) =
    use running = running
    let out = running.StandardOutput.ReadToEndAsync()
    let error = running.StandardError.ReadToEndAsync()
    let hasEnded = running.WaitForExit patience

    // What it started must not outlive the test, nor hold its streams open.
    if not hasEnded then
        running.Kill(entireProcessTree = true)

    let isRead = Task.WhenAll(out, error).Wait patience

    let said =
        if isRead then
            out.Result + error.Result
        else
            "nothing that ended"

    if not (hasEnded && isRead) then
        failtest $"the process, or what it started, did not end within {patience}; it said: {said}"

    {
        Code = running.ExitCode
        Out = out.Result
        Error = error.Result
    }

[<DllImport("libc", EntryPoint = "kill")>]
extern int sendSignal(int id, int signal)

/// Asks a process to end, as `kill` does.
let terminate (running: Process) = sendSignal (running.Id, 15) |> ignore

/// The metrics of a run without its timings.
let metrics (run: string) =
    [
        for line in File.ReadAllLines(Path.Combine(run, "metrics.jsonl")) ->
            let row = JsonDocument.Parse(line).RootElement

            [
                for value in row.EnumerateObject() do
                    if value.Name <> "seconds" && value.Name <> "tokens_per_second" then
                        value.Name, value.Value.GetRawText()
            ]
    ]

/// Every file of the final model, by its name.
let finalFiles (run: string) =
    [
        let final = Path.Combine(run, "final")

        for path in Directory.GetFiles(final, "*", SearchOption.AllDirectories) |> Array.sort ->
            Path.GetRelativePath(final, path), Convert.ToHexString(File.ReadAllBytes path)
    ]

/// The steps of a run's checkpoints.
let checkpoints (run: string) =
    Directory.GetDirectories(Path.Combine(run, "checkpoints"))
    |> Array.map (fun folder -> DirectoryInfo(folder).Name)
    |> Array.sort
    |> List.ofArray
