/// Adapters whose files hold whole tables, or adapters on them, against models whose tables were changed by hand.
module LoRi.Training.Tests.AdapterTableTests

open System.IO
open Expecto
open LoRi.Cli.Tests
open LoRi.Files.Safetensors
open LoRi.Models.Native
open LoRi.Runs.Answers
open LoRi.Runs.Settings
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues

let private embedding, head = "model.embed_tokens", "lm_head"
let private rows, width, rank = 25, 8, 2

let private values (scale: float) (start: int) count =
    Array.init count (fun i -> scale * sin (float (start + 5 * i)))

let private tensor (name: string) (sizes: int list) (content: float[]) =
    SafetensorsContent.FromDoubles(name, List.map int64 sizes, content)

/// The tiny model, whose head is tied, with tables in place of its own; a head of its own unties it.
let private withBase (tables: (string * float[]) list) (run: string -> 'result) : 'result =
    let folder = Directory.CreateTempSubdirectory("lori-tables-").FullName

    try
        NativeRuntime.Load()
        let model = TinyFolder.model folder "model"

        let others =
            TinyFolder.weights
            |> List.filter (fun one -> not (List.exists (fun (name, _) -> one.Name = name + ".weight") tables))

        let own =
            [
                for name, content in tables -> tensor (name + ".weight") [ rows; width ] content
            ]

        SafetensorsWriter.Write(Path.Combine(model, "model.safetensors"), others @ own, null)

        if List.exists (fun (name, _) -> name = head) tables then
            let file = Path.Combine(model, "config.json")

            File.WriteAllText(
                file,
                File.ReadAllText(file).Replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false")
            )

        run model
    finally
        Directory.Delete(folder, true)

let private ask (adapter: string | null) (model: string) =
    ModelQueries.Logits(model, [| 5; 6; 7 |], DtypeOption.F64, DeviceOption.Cpu, null, adapter).Last

let private table =
    lazy
        (withBase [] (fun model ->
            use file = SafetensorsFile.Open(Path.Combine(model, "model.safetensors"))
            file.ReadDoubles(embedding + ".weight")))

let private other = lazy (table.Force() |> Array.map (fun x -> 0.5 - x))

/// An adapter of zero on the queries, with more keys and tensors.
let private withAdapter (targets: string) (keys: string) (more: SafetensorsContent list) (run: string -> 'result) =
    let folder = Directory.CreateTempSubdirectory("lori-tables-").FullName

    try
        let config =
            $"""{{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": {rank}, "lora_alpha": 3, "bias": "none", "target_modules": [{targets}]{keys}}}"""

        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config)

        let queries =
            [
                for layer in 0..1 do
                    let name = $"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_"
                    tensor (name + "A.weight") [ rank; width ] (values 1.0 layer (rank * width))
                    tensor (name + "B.weight") [ width; rank ] (Array.zeroCreate (width * rank))
            ]

        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), queries @ more, null)
        run folder
    finally
        Directory.Delete(folder, true)

let private queries, scaling = "\"q_proj\"", 3.0 / float rank

let private whole name content =
    tensor $"base_model.model.{name}.weight" [ rows; width ] content

let private product (left: float[]) (right: float[]) inner columns =
    Array.init (left.Length / inner * columns) (fun at ->
        let row, column = at / columns, at % columns
        Seq.sum (seq { for i in 0 .. inner - 1 -> left[row * inner + i] * right[i * columns + column] }))

let private plus (content: float[]) (more: float[]) =
    Array.map2 (fun a b -> a + scaling * b) content more

let private headParts = values 0.2 3 (rank * width), values 0.3 4 (rows * rank)

let private ofHead =
    [
        tensor $"base_model.model.{head}.lora_A.weight" [ rank; width ] (fst headParts)
        tensor $"base_model.model.{head}.lora_B.weight" [ rows; rank ] (snd headParts)
    ]

let private embeddingParts = values 0.2 5 (rank * rows), values 0.3 6 (width * rank)

let private ofEmbedding =
    [
        tensor $"base_model.model.{embedding}.lora_embedding_A" [ rank; rows ] (fst embeddingParts)
        tensor $"base_model.model.{embedding}.lora_embedding_B" [ width; rank ] (snd embeddingParts)
    ]

let private transposed (content: float[]) columns =
    Array.init content.Length (fun at ->
        let count = content.Length / columns
        content[(at % count) * columns + at / count])

let private adaptedHead basis =
    plus basis (product (snd headParts) (fst headParts) rank width)

let private adaptedEmbedding basis =
    plus basis (product (transposed (fst embeddingParts) rows) (transposed (snd embeddingParts) rank) rank width)

/// Targets, keys and tensors of an adapter, the tables of its base, and those of a model that is the same.
let private same =
    lazy
        (let table, other = table.Force(), other.Force()
         let targets = $"{queries}, \"lm_head\""

         [
             "tables that are the base's",
             queries,
             "",
             [ whole embedding table; whole head table ],
             [],
             [ embedding, table ]
             "the tables of an untied base",
             queries,
             "",
             [ whole embedding table; whole head other ],
             [ embedding, table; head, other ],
             [ embedding, table; head, other ]
             "another table of a tied base", queries, "", [ whole embedding other ], [], [ embedding, other ]
             "another table of a tied base, twice",
             queries,
             "",
             [ whole embedding other; whole head other ],
             [],
             [ embedding, other ]
             "a head that was trained as a whole",
             queries,
             ", \"modules_to_save\": [\"lm_head\"]",
             [ whole head other ],
             [],
             [ embedding, table; head, other ]
             "an adapter on a tied head", targets, "", ofHead, [], [ embedding, table; head, adaptedHead table ]
             "an adapter on a head, whose table is saved under the name it has then",
             targets,
             "",
             tensor $"base_model.model.{head}.base_layer.weight" [ rows; width ] table :: ofHead,
             [],
             [ embedding, table; head, adaptedHead table ]
             "an adapter on a head of its own",
             targets,
             "",
             ofHead,
             [ embedding, table; head, other ],
             [ embedding, table; head, adaptedHead other ]
             "an adapter on the embedding",
             $"{queries}, \"embed_tokens\"",
             "",
             ofEmbedding,
             [],
             [ embedding, adaptedEmbedding table; head, table ]
             "adapters on both",
             $"{queries}, \"embed_tokens\", \"lm_head\"",
             "",
             ofHead @ ofEmbedding,
             [],
             [ embedding, adaptedEmbedding table; head, adaptedHead table ]
         ])

let private names =
    [
        "tables that are the base's"
        "the tables of an untied base"
        "another table of a tied base"
        "another table of a tied base, twice"
        "a head that was trained as a whole"
        "an adapter on a tied head"
        "an adapter on a head, whose table is saved under the name it has then"
        "an adapter on a head of its own"
        "an adapter on the embedding"
        "adapters on both"
    ]

let private applied =
    [
        for name in names do
            testCase name
            <| fun () ->
                let _, targets, keys, more, basis, changed =
                    same.Force() |> List.find (fun (one, _, _, _, _, _) -> one = name)

                let wanted = withBase changed (ask null)

                let found =
                    withAdapter targets keys more (fun adapter -> withBase basis (ask adapter))

                nearArrays 1e-12 wanted found "logits"
    ]

let private refused =
    [
        for name, targets, keys, more, expected in
            [
                "a table of another size",
                queries,
                "",
                [
                    tensor $"base_model.model.{head}.weight" [ rows + 2; width ] (values 1.0 1 ((rows + 2) * width))
                ],
                "[27, 8]"
                "two tables for one that is tied",
                queries,
                "",
                [ whole embedding (values 1.0 1 200); whole head (values 1.0 2 200) ],
                "two different tables"
                "a module that was to be saved and is not",
                queries,
                ", \"modules_to_save\": [\"lm_head\"]",
                [],
                "missing: \"base_model.model.lm_head.weight\""
                "an adapter on the head without its matrices",
                $"{queries}, \"lm_head\"",
                "",
                List.take 1 ofHead,
                "lm_head.lora_B"
                "a table with a value that is none", queries, "", [ whole embedding (Array.create 200 nan) ], "NaN"
            ] do
            testCase $"refused: {name}"
            <| fun () ->
                let message =
                    refusalOf (fun () ->
                        withAdapter targets keys more (fun adapter -> withBase [] (ask adapter)) |> ignore)

                Expect.stringContains message expected "why"
                Expect.stringContains message "adapter_model.safetensors" "the file"
    ]

[<Tests>]
let tests = testList "adapters and tables" (applied @ refused)
