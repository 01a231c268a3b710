module LoRi.Bench.Program

open System
open System.IO
open Argu
open BenchmarkDotNet.Running
open LoRi.Models.Native

type Arguments =
    | [<MainCommand; Mandatory>] Benchmark of name: string
    | Cli of path: string
    | Model of path: string
    | Train of file: string
    | Test of file: string
    | Folder of path: string
    | Rows of n: int
    | Steps of n: int
    | Batch_Size of n: int
    | Dtype of name: string
    | Rounds of n: int
    | Threads of n: int
    | Tokenizers of folder: string
    | Fixtures of folder: string
    | Text of file: string list
    | Python of file: string
    | Codi of folder: string
    | Measure of part: string
    | Ranks of n: int
    | Launcher of command: string
    | Values of n: int64

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Benchmark _ ->
                "stages (every stage on a real model), models (what a real model costs), start (what a user waits for), answering (tokens one by one, and ways of answering), growth (of a step and of a fit with their sizes), peers (ours beside other programs), fits (what a subspace costs), objective (the loss terms alone), tokenizers, scale (ranks beside one process) or sums (over ranks, under mpirun)"
            | Cli _ -> "the program's lori.dll (stages, scale, start); for start also the tool"
            | Model _ ->
                "a Hub folder or GGUF file (stages, models, start, answering, scale); a Hub folder (peers, default: random weights of SmolLM2-135M's shape)"
            | Train _ -> "training data (stages, scale)"
            | Test _ -> "test data (stages, scale)"
            | Folder _ -> "scratch folder, must not exist (stages, scale)"
            | Rows _ -> "rows of data (stages, default: 200); rows of a step on one rank (scale, default: 16)"
            | Steps _ -> "steps of each training (stages, default: 24; scale, default: 5)"
            | Batch_Size _ -> "rows of a step (stages, default: 8)"
            | Dtype _ -> "float32 or bfloat16 (stages, default: float32)"
            | Rounds _ -> "repetitions (models, start, peers, default: 7; answering, fits, sums, growth, default: 5)"
            | Threads _ ->
                "threads of one operation; with one, processor time is measured (models, default: 1; peers, answering, fits, growth, default: all processors)"
            | Tokenizers _ -> "a folder with a folder for each tokenizer (tokenizers)"
            | Fixtures _ -> "a folder with golden values by the same names (tokenizers)"
            | Text _ -> "texts to encode line by line (tokenizers)"
            | Python _ -> "a Python with PyTorch, with transformers and TensorLy for what is theirs (peers)"
            | Codi _ -> "a checkout of CODI for that Python, which needs peft for it (peers)"
            | Measure _ -> "a part of the names of those that are measured (peers, default: all)"
            | Ranks _ -> "ranks, of one thread each (scale, default: 2)"
            | Launcher _ -> "the launcher and its options, but for the number of ranks (scale, default: mpirun)"
            | Values _ -> "float32 values of a sum (sums, default: 135000000)"

let private stages (options: ParseResults<Arguments>) =
    let settings: Stages.Settings =
        {
            Cli = options.GetResult Cli
            Model = options.GetResult Model
            Train = options.GetResult Train
            Test = options.GetResult Test
            Folder = options.GetResult(Folder, Path.Combine(Path.GetTempPath(), $"lori-stages-{Guid.NewGuid():N}"))
            Rows = options.GetResult(Rows, 200)
            Steps = options.GetResult(Steps, 24)
            BatchSize = options.GetResult(Batch_Size, 8)
            Dtype = options.GetResult(Dtype, "float32")
        }

    NativeRuntime.Load()
    Console.Out.WriteLine(Stages.markdown settings (Stages.measure settings))

let private models (options: ParseResults<Arguments>) =
    let settings: Models.Settings =
        {
            Model = options.GetResult Model
            Rounds = options.GetResult(Rounds, 7)
            Threads = options.GetResult(Threads, 1)
        }

    NativeRuntime.Load()
    Console.Out.WriteLine(Models.markdown settings (Models.measure settings))

let private start (options: ParseResults<Arguments>) =
    let settings: Start.Settings =
        {
            Cli = options.GetResult Cli
            Model = options.GetResult Model
            Rounds = options.GetResult(Rounds, 7)
        }

    Console.Out.WriteLine(Start.markdown settings (Start.measure settings))

let private peers (options: ParseResults<Arguments>) =
    let settings: Peers.Settings =
        {
            Model = options.TryGetResult Model
            Python = options.TryGetResult Python
            Codi = options.TryGetResult Codi
            Measure = options.TryGetResult Measure
            Rounds = options.GetResult(Rounds, 7)
            Threads = options.GetResult(Threads, Environment.ProcessorCount)
        }

    NativeRuntime.Load()
    Console.Out.WriteLine(Peers.markdown settings (Peers.measure settings))

let private answering (options: ParseResults<Arguments>) =
    let settings: Answering.Settings =
        {
            Model = options.GetResult Model
            Rounds = options.GetResult(Rounds, 5)
            Threads = options.GetResult(Threads, Environment.ProcessorCount)
        }

    NativeRuntime.Load()
    Console.Out.WriteLine(Answering.markdown settings (Answering.measure settings))
    Console.Out.WriteLine(Answering.markdownOfWays (Answering.measureWays settings))

let private growth (options: ParseResults<Arguments>) =
    let settings: Growth.Settings =
        {
            Rounds = options.GetResult(Rounds, 5)
            Threads = options.GetResult(Threads, Environment.ProcessorCount)
        }

    NativeRuntime.Load()
    Console.Out.WriteLine(Growth.markdown settings (Growth.measure settings))

let private fits (options: ParseResults<Arguments>) =
    let settings: Fits.Settings =
        {
            Rounds = options.GetResult(Rounds, 5)
            Threads = options.GetResult(Threads, Environment.ProcessorCount)
        }

    NativeRuntime.Load()
    Console.Out.WriteLine(Fits.markdown settings (Fits.measure settings))

let private tokenizers (options: ParseResults<Arguments>) =
    Console.Out.WriteLine(
        Tokenizers.markdown
            {
                Tokenizers = options.GetResult Arguments.Tokenizers
                Fixtures = options.GetResult Fixtures
                Texts = options.GetResult Text
            }
    )

let private scale (options: ParseResults<Arguments>) =
    Scale.show
        {
            Cli = options.GetResult Cli
            Model = options.GetResult Model
            Train = options.GetResult Train
            Test = options.GetResult Test
            Folder = options.GetResult(Folder, Path.Combine(Path.GetTempPath(), $"lori-scale-{Guid.NewGuid():N}"))
            Launcher = List.ofArray (options.GetResult(Launcher, "mpirun").Split ' ')
            Ranks = options.GetResult(Ranks, 2)
            Rows = options.GetResult(Rows, 16)
            Steps = options.GetResult(Steps, 5)
        }

let private sums (options: ParseResults<Arguments>) =
    NativeRuntime.Load()

    Sums.run
        {
            Values = options.GetResult(Values, 135_000_000L)
            Rounds = options.GetResult(Rounds, 5)
        }

[<EntryPoint>]
let main arguments =
    let parser =
        ArgumentParser.Create<Arguments>(programName = "LoRi.Bench", errorHandler = ProcessExiter())

    let options = parser.ParseCommandLine arguments

    match options.GetResult Benchmark with
    | "stages" ->
        stages options
        0
    | "models" ->
        models options
        0
    | "start" ->
        start options
        0
    | "peers" ->
        peers options
        0
    | "answering" ->
        answering options
        0
    | "growth" ->
        growth options
        0
    | "fits" ->
        fits options
        0
    | "objective" ->
        BenchmarkRunner.Run<ObjectiveBenchmarks>() |> ignore
        0
    | "tokenizers" ->
        tokenizers options
        0
    | "scale" ->
        scale options
        0
    | "sums" ->
        sums options
        0
    | other ->
        eprintfn
            $"{other}: must be stages, models, start, answering, growth, peers, fits, objective, tokenizers, scale or sums"

        2
