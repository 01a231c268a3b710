/// What is fuzzed: valid files, how they are damaged, and what reads them.
module LoRi.Training.Tests.FuzzTargets

open System
open System.IO
open Expecto
open LoRi.Files.Gguf
open LoRi.Files.Json
open LoRi.Files.Safetensors
open LoRi.Files.Tokenizers
open LoRi.Jinja
open LoRi.Models
open LoRi.Models.Adapters
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Weights
open LoRi.Runs.Answers
open LoRi.Runs.Settings
open LoRi.Cli.Tests

/// One kind of file.
type Target =
    {
        Name: string
        /// The file's name in its folder.
        File: string
        /// Valid contents.
        Seeds: Lazy<byte[][]>
        Damage: SeededRandom -> byte[] -> byte[]
        /// Puts into a folder what belongs beside the file.
        Prepare: string -> unit
        /// Reads a folder with the file; whatever it accepts must make sense.
        Read: string -> unit
        /// Parts of all mutants that are of this kind.
        Share: int
    }

/// Valid files of the reference folder, where there is one.
let private shared (relative: string) (pattern: string) largest =
    match SharedFiles.root with
    | None -> [||]
    | Some root ->
        [|
            for path in
                Directory.GetFiles(Path.Combine(root, relative), pattern, SearchOption.AllDirectories)
                |> Array.sort do
                if FileInfo(path).Length <= largest then
                    File.ReadAllBytes path
        |]

let private withShared relative pattern largest (own: Lazy<byte[][]>) =
    lazy (Array.append own.Value (shared relative pattern largest))

/// Every entry fits its bytes, and the bytes are covered exactly once.
let private checkSafetensors (file: SafetensorsFile) =
    let bits =
        dict
            [
                "F64", 64L
                "I64", 64L
                "F32", 32L
                "F16", 16L
                "BF16", 16L
                "U8", 8L
                "BOOL", 8L
            ]

    let ordered =
        file.Entries |> Seq.sortBy (fun entry -> entry.Begin, entry.End) |> List.ofSeq

    for before, after in List.pairwise ordered do
        Expect.equal after.Begin before.End "tensors lie one after the other"

    match List.tryLast ordered with
    | Some last -> Expect.equal last.End (FileInfo file.Path).Length "up to the end of the file"
    | None -> ()

    for entry in file.Entries do
        match bits.TryGetValue entry.Dtype with
        | true, size ->
            let count = entry.Shape |> Seq.fold (fun product n -> Checked.(*) product n) 1L
            Expect.equal (8L * entry.Length) (size * count) "bytes fit the shape"
            Expect.equal (int64 (file.ReadDoubles entry.Name).Length) count "values"
        | _ -> ()

let private readSafetensors folder =
    use file = SafetensorsFile.Open(Path.Combine(folder, "x.safetensors"))
    checkSafetensors file

let private readIndex (folder: string) =
    use checkpoint = SafetensorsCheckpoint.Open folder
    Expect.isTrue (checkpoint.Tensors.Count <= 2) "no tensor but those of the shards"

    for tensor in checkpoint.Tensors do
        Expect.equal (checkpoint.ReadDoubles tensor.Name) [| 1.0; 2.0; 3.0 |] "the shard's values"

let private readGguf folder =
    let path = Path.Combine(folder, "x.gguf")

    do
        use file = GgufFile.Open path

        for tensor in file.Tensors do
            let count = tensor.Shape |> Seq.fold (fun product n -> Checked.(*) product n) 1L
            Expect.isTrue (tensor.Begin + tensor.Length <= (FileInfo path).Length) "within the file"

            if GgufDequantizer.Find tensor.Type |> isNull |> not then
                Expect.equal (int64 (file.ReadFloats tensor.Name).Length) count "values"

    use file = GgufFile.Open path

    if file.Metadata.ContainsKey "tokenizer.ggml.model" then
        (GgufTokenizer.Load file).Encode "t1 t2" |> ignore

/// A model that is accepted must compute.
let private logitsOf (model: string) =
    let ids = [| 1; 2; 3 |]

    let answer =
        ModelQueries.Logits(model, ids, DtypeOption.F32, DeviceOption.Cpu, null)

    Expect.equal answer.Length ids.Length "positions"
    Expect.equal answer.Last.Length answer.Vocabulary "logits"

let private readModelGguf folder =
    logitsOf (Path.Combine(folder, "x.gguf"))

let private readConfig folder =
    let path = Path.Combine(folder, "config.json")
    let config = DecoderConfig.FromJson(JsonFile.ReadObject path, path)
    Expect.isTrue (config.QueryHeads % config.KeyValueHeads = 0) "heads are shared evenly"
    Expect.isTrue (config.Layers > 0 && config.HiddenSize > 0 && config.HeadSize > 0) "sizes"

let private prepareTorch (_: string) = NativeRuntime.Load()

let private prepareModel folder =
    prepareTorch folder
    SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), TinyFolder.weights)
    File.WriteAllText(Path.Combine(folder, "config.json"), TinyFolder.config)

let private texts =
    [ "What is 1 + 2 ?"; "the  thé\n\t<|end|>\u0301 \U0001F600 42"; ""; "\ud800x" ]

let private readTokenizer folder =
    let tokenizer = TokenizerFile.Load(Path.Combine(folder, "tokenizer.json"))

    for text in texts do
        let ids = tokenizer.Encode text

        for id in ids do
            Expect.isTrue (id >= 0 && id < tokenizer.VocabularySize) "an id of the vocabulary"

        for span in tokenizer.EncodeWithOffsets text do
            Expect.isTrue (0 <= span.Start && span.Start <= span.End && span.End <= text.Length) "a part of the text"

        tokenizer.Decode ids |> ignore

/// A template that is accepted writes a text, or refuses the chat.
let private readTemplate folder =
    let text = File.ReadAllText(Path.Combine(folder, "chat_template.jinja"))

    ChatTemplate("chat_template.jinja", text, TemplateGolden.config ()).Render(TemplateGolden.messages (), true)
    |> ignore

let private readAdapter folder =
    let config = AdapterConfigReader.Read folder
    Expect.isTrue (config.Rank > 0 && config.RankOf "model.layers.0.self_attn.q_proj" > 0) "ranks"
    Expect.isTrue (Double.IsFinite(config.ScalingOf "model.layers.0.mlp.up_proj")) "a scaling"

let private nothing (_: string) = ()

/// A target.
let target name file seeds damage prepare read share =
    {
        Name = name
        File = file
        Seeds = seeds
        Damage = FuzzMutations.several damage
        Prepare = prepare
        Read = read
        Share = share
    }

/// All of them.
let all =
    let safetensors =
        TinyFiles.safetensors |> withShared "fixtures/safetensors" "*.safetensors" 20_000L

    let configs = TinyFiles.config |> withShared "fixtures/models" "config.json" 20_000L

    let adapters =
        TinyFiles.adapter |> withShared "fixtures/models" "adapter_config.json" 20_000L

    let templates =
        lazy
            [|
                for template, rendered in TemplateGolden.cases.Value do
                    if rendered.IsSome then
                        Text.Encoding.UTF8.GetBytes template
            |]

    let ggufs = TinyFiles.gguf |> withShared "fixtures/gguf" "*.gguf" 300_000L

    [
        target "safetensors" "x.safetensors" safetensors FuzzMutations.safetensors nothing readSafetensors 22
        target
            "weights of a model"
            "model.safetensors"
            (lazy [| TinyFiles.safetensors.Value[0] |])
            FuzzMutations.safetensors
            prepareModel
            logitsOf
            4
        target
            "shard index"
            "model.safetensors.index.json"
            TinyFiles.index
            FuzzMutations.jsonFile
            TinyFiles.writeShards
            readIndex
            13
        target "gguf" "x.gguf" ggufs FuzzMutations.bytes nothing readGguf 20
        target "gguf model" "x.gguf" TinyFiles.gguf FuzzMutations.bytes prepareTorch readModelGguf 5
        target "config.json" "config.json" configs FuzzMutations.jsonFile nothing readConfig 13
        target "config.json of a model" "config.json" TinyFiles.config FuzzMutations.jsonFile prepareModel logitsOf 5
        target "tokenizer.json" "tokenizer.json" TinyFiles.tokenizers FuzzMutations.jsonFile nothing readTokenizer 8
        target "chat template" "chat_template.jinja" templates FuzzMutations.bytes nothing readTemplate 5
        target "adapter_config.json" "adapter_config.json" adapters FuzzMutations.jsonFile nothing readAdapter 10
    ]
