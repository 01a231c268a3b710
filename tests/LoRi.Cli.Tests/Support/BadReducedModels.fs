/// What cannot be cut to a subspace.
module LoRi.Cli.Tests.BadReducedModels

open System.IO
open LoRi.Cli.Tests.BadRunFiles
open LoRi.Cli.Tests.Running
open LoRi.Files.Safetensors

/// A subspace that is fitted to made-up states of some width; its file.
let private subspace components (options: string list) (folder: string) =
    let wave name (shape: int64 list) =
        let count = int (List.fold (*) 1L shape)
        SafetensorsContent.FromDoubles(name, shape, Array.init count (fun i -> sin (float (i * i))))

    let trajectories = Path.Combine(folder, "t.safetensors")

    SafetensorsWriter.Write(
        trajectories,
        [
            wave "trajectory.0" [ 2L; 12L; components ]
            wave "anchor.0" [ 2L; components ]
        ],
        System.Collections.Generic.Dictionary(dict [ "format", "lori-trajectories" ])
    )

    let output = Path.Combine(folder, "s.safetensors")

    succeed (
        lori (
            [
                "subspace"
                "fit"
                "--trajectories"
                trajectories
                "--hidden-rank"
                "4"
                "--output"
                output
            ]
            @ options
        )
    )

    output

let private reduce (model: string -> string) components options fit (folder: string) =
    [
        "model"
        "reduce"
        "--model"
        model folder
        "--subspace"
        subspace components fit folder
        "--output"
        folder + "/narrow"
    ]
    @ options

let private tiny folder = TinyFolder.model folder "m"

/// A student that was trained on the tiny model.
let private student options (folder: string) =
    let run = folder + "/student"
    let data = TinyFolder.data folder "data.jsonl" TinyFolder.rows

    succeed (
        lori (
            [
                "distill"
                "--method"
                "codi"
                "--latent-steps"
                "2"
                "--model"
                tiny folder
                "--data"
                data
                "--output"
                run
                "--steps"
                "1"
                "--batch-size"
                "2"
            ]
            @ options
        )
    )

    run

let private gpt2 folder =
    let tokenizer, data, model =
        folder + "/tokenizer", folder + "/t.jsonl", folder + "/gpt2"

    for arguments in
        [
            [
                "task"
                "write"
                "chain"
                "--rows"
                "4"
                "--output"
                data
                "--tokenizer-output"
                tokenizer
            ]
            [
                "model"
                "new"
                "--family"
                "gpt2"
                "--width"
                "8"
                "--heads"
                "2"
                "--layers"
                "1"
                "--tokenizer"
                tokenizer
                "--output"
                model
            ]
        ] do
        succeed (lori arguments)

    model

/// All cases.
let cases: Case list =
    [
        "reduce: a model whose norms subtract the mean", reduce gpt2 8L [] []
        "reduce: a subspace of another width", reduce tiny 6L [] []
        "reduce: a rank above the subspace's", reduce tiny 8L [ "--rank"; "5" ] []
        "reduce: a rank of none", reduce tiny 8L [ "--rank"; "0" ] []
        "reduce: a subspace of the complement", reduce tiny 8L [] [ "--kind"; "complement" ]
        "reduce: a student with adapters", reduce (student [ "--lora-rank"; "2" ]) 8L [] []
        "reduce: an adapter alone",
        reduce (fun folder -> student [ "--lora-rank"; "2" ] folder + "/final/adapter") 8L [] []
        "reduce: a student of latent steps", reduce (student []) 8L [] []
        "reduce: a folder that holds something",
        fun folder ->
            Directory.CreateDirectory(folder + "/narrow") |> ignore
            file (folder + "/narrow") "notes.txt" "mine" |> ignore
            reduce tiny 8L [] [] folder
        "reduce: no subspace but a model's weights",
        fun folder ->
            let model = tiny folder

            [
                "model"
                "reduce"
                "--model"
                model
                "--subspace"
                model + "/model.safetensors"
                "--output"
                folder + "/narrow"
            ]
    ]
