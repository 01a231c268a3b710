/// Heads and tables that are stored otherwise than the configuration says, lists of what does not fit, and long sequences.
module LoRi.Training.Tests.LoadingFormsTests

open System
open System.IO
open Expecto
open LoRi.Cli.Tests
open LoRi.Files.Safetensors
open LoRi.Models.Native
open LoRi.Models.Weights
open LoRi.Runs.Answers
open LoRi.Runs.Settings
open LoRi.Training.Tests.SharedFiles
open TorchSharp

let private table, head = "model.embed_tokens.weight", "lm_head.weight"

/// The tiny model, whose head is tied, with other weights.
let private withModel (change: SafetensorsContent list -> SafetensorsContent list) (run: string -> unit) =
    let folder = Directory.CreateTempSubdirectory("lori-forms-").FullName

    try
        NativeRuntime.Load()
        let model = TinyFolder.model folder "model"
        SafetensorsWriter.Write(Path.Combine(model, "model.safetensors"), change TinyFolder.weights, null)
        run model
    finally
        Directory.Delete(folder, true)

let private answer (model: string) (ids: int list) =
    ModelQueries.Logits(model, Array.ofList ids, DtypeOption.F64, DeviceOption.Cpu, null, null)

let private wanted =
    lazy
        (let mutable found = [||] in
         withModel id (fun model -> found <- (answer model [ 5; 6; 7 ]).Last)
         found)

/// The values of the table, as they are stored.
let private tableValues =
    lazy
        (let mutable found = [||]

         withModel id (fun model ->
             use file = SafetensorsFile.Open(Path.Combine(model, "model.safetensors"))
             found <- file.ReadDoubles table)

         found)

let private headOf (scale: float) =
    SafetensorsContent.FromDoubles(head, [ 25L; 8L ], Array.map ((*) scale) (tableValues.Force()))

let private others =
    List.filter (fun (one: SafetensorsContent) -> one.Name <> table)

let private stored =
    [
        testCase "a stored copy of the table is the table"
        <| fun () ->
            withModel (fun all -> headOf 1.0 :: all) (fun model ->
                let found = answer model [ 5; 6; 7 ]
                Expect.equal found.Last (wanted.Force()) "logits"
                Expect.isEmpty found.Notes "notes")
        testCase "a copy of another type is the table"
        <| fun () ->
            let values = Array.map float32 (tableValues.Force())

            let single name =
                SafetensorsContent.FromFloats(name, [ 25L; 8L ], values)

            withModel
                (fun all ->
                    single table
                    :: SafetensorsContent.FromDoubles(head, [ 25L; 8L ], Array.map float values)
                    :: others all)
                (fun model -> Expect.isEmpty (answer model [ 5; 6; 7 ]).Notes "notes")
        testCase "another head is used, and that is said"
        <| fun () ->
            withModel (fun all -> headOf 2.0 :: all) (fun model ->
                let found = answer model [ 5; 6; 7 ]
                Expect.equal found.Last (wanted.Force() |> Array.map ((*) 2.0)) "logits"
                Expect.hasLength found.Notes 1 "notes"
                Expect.stringContains found.Notes[0] head "the head")
        testCase "a stored head of another shape is refused"
        <| fun () ->
            withModel
                (fun all -> SafetensorsContent.FromDoubles(head, [ 24L; 8L ], Array.zeroCreate 192) :: all)
                (fun model ->
                    let message = refusalOf (fun () -> answer model [ 5 ] |> ignore)
                    Expect.stringContains message $"{head} is [24, 8] and should be [25, 8]" "shape")
        testCase "a stored head of integers is refused"
        <| fun () ->
            withModel
                (fun all ->
                    TensorContent.FromTensor(head, torch.zeros ([| 25L; 8L |], dtype = torch.ScalarType.Int64))
                    :: all)
                (fun model ->
                    let message = refusalOf (fun () -> answer model [ 5 ] |> ignore)
                    Expect.stringContains message "I64" "type")
        testCase "a tied model may store its table as the head alone"
        <| fun () ->
            withModel (fun all -> headOf 1.0 :: others all) (fun model ->
                Expect.equal (answer model [ 5; 6; 7 ]).Last (wanted.Force()) "logits")
    ]

/// The tiny model in two shards, the second of which may hold another head, with an index that is changed.
let private withShards (extra: SafetensorsContent list) (change: (string * string) list -> (string * string) list) run =
    withModel id (fun model ->
        File.Delete(Path.Combine(model, "model.safetensors"))
        let halves = List.splitInto 2 TinyFolder.weights

        let shard i =
            $"model-0000{i + 1}-of-00002.safetensors"

        for i, half in List.indexed halves do
            SafetensorsWriter.Write(Path.Combine(model, shard i), (if i = 1 then half @ extra else half), null)

        let map =
            [
                for i, half in List.indexed halves do
                    for one in half -> one.Name, shard i
            ]

        let entries =
            change map
            |> List.map (fun (name, file) -> $"\"{name}\": \"{file}\"")
            |> String.concat ", "

        File.WriteAllText(Path.Combine(model, "model.safetensors.index.json"), $"{{\"weight_map\": {{{entries}}}}}")
        run model)

let private second = "model-00002-of-00002.safetensors"

let private shards =
    [
        testCase "an index without metadata is one"
        <| fun () ->
            withShards [] id (fun model ->
                let found = answer model [ 5; 6; 7 ]
                Expect.equal found.Last (wanted.Force()) "logits"
                Expect.isEmpty found.Notes "notes")
        testCase "an index may leave out a stored head that is the table"
        <| fun () ->
            withShards [ headOf 1.0 ] id (fun model ->
                let found = answer model [ 5; 6; 7 ]
                Expect.equal found.Last (wanted.Force()) "logits"
                Expect.hasLength found.Notes 1 "said"
                Expect.stringContains found.Notes[0] head "the head")
        testCase "an index may name a head that is not stored, as the table is it"
        <| fun () ->
            withShards [] (fun map -> (head, second) :: map) (fun model ->
                let found = answer model [ 5; 6; 7 ]
                Expect.equal found.Last (wanted.Force()) "logits"
                Expect.hasLength found.Notes 1 "said")
        testCase "a head that is missing and needed is missing"
        <| fun () ->
            withShards [] (fun map -> (head, second) :: map) (fun model ->
                let file = Path.Combine(model, "config.json")

                File.WriteAllText(
                    file,
                    File.ReadAllText(file).Replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false")
                )

                let message = refusalOf (fun () -> answer model [ 5 ] |> ignore)
                Expect.stringContains message $"missing: {head}" "which")
        testCase "any other tensor must be where the index says"
        <| fun () ->
            let changes: ((string * string) list -> (string * string) list) list =
                [ (fun map -> ("model.mtp.weight", second) :: map); List.tail ]

            for change in changes do
                withShards [] change (fun model ->
                    let message = refusalOf (fun () -> answer model [ 5 ] |> ignore)
                    Expect.stringContains message "index.json" "the index")
        testCase "a single file beside shards is read, and that is said"
        <| fun () ->
            withShards [] id (fun model ->
                SafetensorsWriter.Write(Path.Combine(model, "model.safetensors"), TinyFolder.weights, null)
                let found = answer model [ 5; 6; 7 ]
                Expect.equal found.Last (wanted.Force()) "logits"
                Expect.hasLength found.Notes 1 "said"
                Expect.stringContains found.Notes[0] "model.safetensors is read" "which")
    ]

let private listed =
    testCase "what does not fit is listed, up to twenty of a kind"
    <| fun () ->
        let spare count =
            [
                for i in 1..count -> SafetensorsContent.FromDoubles($"spare.{i}", [ 1L ], [| 1.0 |])
            ]

        for count, rest in [ 20, ""; 25, " and 5 more" ] do
            withModel (fun all -> all @ spare count) (fun model ->
                let message = refusalOf (fun () -> answer model [ 5 ] |> ignore)
                let names = message.Substring(message.IndexOf "unexpected: ").Split("spare.")
                Expect.hasLength names 21 "twenty names"
                Expect.isTrue (message.EndsWith rest) message)

let private lengths =
    [
        testCase "positions that are angles go on, a note says where they were learned, and far beyond there is nothing"
        <| fun () ->
            withModel id (fun model ->
                Expect.isEmpty (answer model (List.replicate 64 5)).Notes "as long as it was made for"
                let found = answer model (List.replicate 65 5)
                Expect.all found.Last Double.IsFinite "logits"
                Expect.hasLength found.Notes 1 "notes"
                Expect.stringContains found.Notes[0] "64" "positions"
                Expect.all (answer model (List.replicate 256 5)).Last Double.IsFinite "the longest"

                let message = refusalOf (fun () -> answer model (List.replicate 257 5) |> ignore)

                Expect.stringContains message "257 tokens" "what was found"
                Expect.stringContains message "was made for 64 positions" "why")
        fixtureTests "learned positions" (fun () ->
            [
                for name in FamilyFixture.namesOf "gpt2" do
                    testCase $"{name}: positions that are a table end with it"
                    <| fun () ->
                        NativeRuntime.Load()
                        let model = path $"fixtures/models/{name}"

                        let positions =
                            (json $"fixtures/models/{name}/config.json").GetProperty("n_positions").GetInt32()

                        Expect.isEmpty (answer model (List.replicate positions 1)).Notes "the whole table"

                        let message =
                            refusalOf (fun () -> answer model (List.replicate (positions + 1) 1) |> ignore)

                        Expect.stringContains message $"{positions} positions" "why"
            ])
    ]

[<Tests>]
let tests = testList "Loading forms" (stored @ shards @ [ listed ] @ lengths)
