/// Data files and the files of runs, to be fuzzed.
module LoRi.Training.Tests.FuzzDataTargets

open System
open System.IO
open System.Text
open Expecto
open LoRi.Files.Data
open LoRi.Files.Safetensors
open LoRi.Models.ModelFiles
open LoRi.Runs.Evaluate
open LoRi.Runs.RunFolders
open LoRi.Runs.Scoring
open LoRi.Training.TeacherCaches
open LoRi.Training.Trajectories
open LoRi.Training.Tests.FuzzTargets

let private utf8 (text: string) = Encoding.UTF8.GetBytes text

/// Whatever is accepted has a question and an answer, and no more rows than bytes allow.
let private readData format file folder =
    let path = Path.Combine(folder, file)

    let set =
        ReasoningData.Read(path, DataOptions(Format = format, SkipBadLines = true))

    Expect.isLessThanOrEqual (int64 (set.Examples.Count + set.BadRows)) (FileInfo(path).Length + 65_536L) "rows"

    for example in set.Examples do
        Expect.isTrue (example.Question.Length > 0 && example.Answer.Length > 0) "a whole example"

let private parquets =
    lazy
        [|
            for compression in
                [
                    Parquet.CompressionMethod.None
                    Parquet.CompressionMethod.Snappy
                    Parquet.CompressionMethod.Gzip
                    Parquet.CompressionMethod.Zstd
                ] do
                ParquetFiles.packed compression [ for i in 1..20 -> ParquetFiles.TextRow(question = $"q {i % 5}") ]

                ParquetFiles.packed
                    compression
                    [
                        for i in 1..5 ->
                            ParquetFiles.ListRow(steps = ResizeArray<string | null>(Seq.init (i % 3) string))
                    ]

                ParquetFiles.packed compression [ ParquetFiles.NumbersRow(rationale = ResizeArray [ 1; 2 ]) ]
            ParquetFiles.oneColumn 50L 50L 0L (ParquetFiles.run 50L)
        |]

let private asdiv =
    lazy
        [|
            utf8
                "<?xml version=\"1.0\"?><ProblemSet><Problem ID=\"p\"><Body>He <b>has</b> 3.</Body><Question>How many?</Question><Answer>3 (apples)</Answer></Problem>\n<Problem><Body>B</Body><Question>Q</Question><Answer><![CDATA[4]]></Answer></Problem></ProblemSet>"
        |]

let private rows =
    """{"question": "q", "rationale": ["a", "b"], "answer": 1.5e3, "id": "x", "more": {"a": null}}"""

let private lines =
    lazy
        [|
            utf8 (rows + "\n" + """{"question": "q", "answer": "He has <<1+2=3>>3.\n#### 3"}""")
            utf8 """{"Body": "b", "Question": "q", "Answer": 3.0, "ID": 7}"""
            utf8 """{"sQuestion": " q ", "lSolutions": [39.0]}"""
        |]

let private json (text: string) = lazy [| utf8 text |]

let private metrics =
    json
        "{\"step\": 1, \"tokens\": 40, \"loss\": 2.5, \"spread\": \"NaN\"}\n{\"step\": 2, \"tokens\": 80, \"loss\": 1.5}\n"

let private predictions =
    json
        "{\"id\": \"a:1\", \"question\": \"q\", \"text\": \"so 3\", \"gold\": \"3\", \"correct\": true, \"correct_strict\": false}\n{\"id\": \"a:2\", \"question\": \"q\", \"text\": \"4\", \"gold\": 5, \"correct\": false, \"correct_strict\": false}\n"

let private evaluation =
    json
        """{"dataset": "d", "examples": 2, "correct": 1, "accuracy": 0.5, "accuracy_strict": 0.5, "ci95": [0.1, 0.9], "tokens_generated": 12, "seconds": 1.5, "both_unreadable": 0}"""

let private card =
    json
        """{"method": "lori", "latent_steps": 2, "answer_prefix": "The answer is:", "prefix_ids": [1, 2], "bot_id": 3, "eot_id": 4, "eos_id": 0, "projection": "identity", "projection_width": 0}"""

let private cache =
    json
        """{"format": "lori-teacher-cache", "version": 2, "made_from": {"teacher": "t", "teacher_sha256": "a", "rows": 3, "tokens": 9, "rows_sha256": "b", "levels": "all", "teacher_text": "t", "dtype": "float32"}, "batch_size": 3, "shard_bytes": 1024, "keep_trajectories": false, "trajectories": {"folder": "trajectories", "shards": [{"file": "00001.safetensors", "first_batch": 0, "batches": 1, "rows": 3, "tokens": 9, "sha256": null}]}, "projections": [{"made_from": {"rank": "1"}, "subspace_sha256": "c", "source_sha256": null, "coordinates": {"folder": "subspace-1", "shards": [{"file": "00001.safetensors", "first_batch": 0, "batches": 1, "rows": 3, "tokens": 9, "sha256": null}]}}]}"""

let private subspace =
    lazy
        [|
            let path = Path.GetTempFileName()

            let tensor (name: string) (shape: int64 list) values =
                SafetensorsContent.FromDoubles(name, ResizeArray shape, values)

            try
                SafetensorsWriter.Write(
                    path,
                    [
                        tensor "layer.basis" [ 2L; 1L ] [| 1.0; 0.0 |]
                        tensor "hidden.basis" [ 3L; 2L ] [| 1.0; 0.0; 0.0; 1.0; 0.0; 0.0 |]
                        tensor "mean" [ 2L; 3L ] [| 0.0; 0.5; 1.0; 0.0; 0.5; 1.0 |]
                        tensor "rms" [ 2L ] [| 1.0; 2.0 |]
                        tensor "component.variance" [ 1L; 2L ] [| 2.0; 1.0 |]
                        tensor "anchor.std" [ 2L ] [| 1.0; 1.0 |]
                        for name in [ "full"; "scale"; "none" ] do
                            tensor $"spectrum.{name}.layer" [ 2L ] [| 2.0; 1.0 |]
                            tensor $"spectrum.{name}.hidden" [ 3L ] [| 3.0; 2.0; 1.0 |]
                    ],
                    dict
                        [
                            "format", "lori-subspace"
                            "standardise", "full"
                            "kind", "multilinear-svd"
                            "seed", "0"
                            "examples", "4"
                            "tokens", "12"
                            "energy", "9.5"
                            "energy_kept", "8.5"
                        ]
                    |> System.Collections.Generic.Dictionary
                )

                File.ReadAllBytes path
            finally
                File.Delete path
        |]

let private nothing (_: string) = ()

/// All of them.
let all =
    let bytes, json = FuzzMutations.bytes, FuzzMutations.jsonFile

    let data file format seeds damage share =
        target file file seeds damage nothing (readData format file) share

    let run name seeds damage read share =
        target name name seeds damage nothing (fun folder -> read (Path.Combine(folder, name))) share

    [
        data "data.parquet" (Nullable DataFormat.Parquet) parquets FuzzMutations.parquet 12
        data "data.xml" (Nullable DataFormat.Asdiv) asdiv bytes 6
        data "data.jsonl" (Nullable()) lines json 6
        data "data.json" (Nullable DataFormat.JsonArray) (lazy [| utf8 ("[" + rows + "]") |]) json 4
        run "metrics.jsonl" metrics bytes (fun path -> MetricsFile.Read path |> ignore) 4
        run "predictions.jsonl" predictions bytes (fun path -> EvaluationAnswers.Read path |> ignore) 4
        run "outputs.jsonl" predictions bytes (fun path -> PredictionFile.Read path |> ignore) 4
        run
            "evaluation.json"
            evaluation
            json
            (fun path -> EvaluationRecord.Read(Path.GetDirectoryName path |> nonNull) |> ignore)
            4
        run "lori.json" card json (fun path -> ReasoningCard.Read(Path.GetDirectoryName path |> nonNull) |> ignore) 4
        run "index.json" cache json (fun path -> CacheIndex.Read path |> ignore) 4
        run "subspace.safetensors" subspace FuzzMutations.safetensors (fun path -> SubspaceFile.Read path |> ignore) 6
    ]
