module LoRi.Cli.Commands.Subspace

open System
open System.Globalization
open LoRi.Cli
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Files
open LoRi.Files.Settings
open LoRi.Models.Native
open LoRi.Runs.LowRank
open LoRi.Runs.Settings
open LoRi.Training.Ranks
open LoRi.Training.Trajectories

let private asJson (measured: MeasuredSubspace) (kept: float) =
    let subspace = measured.Fitted
    let spectrum = subspace.Spectra[subspace.Standardisation]

    Json.object
        [
            "layers", Json.whole subspace.Levels
            "width", Json.whole subspace.Width
            "examples", Json.whole subspace.Examples
            "tokens", Json.count subspace.Tokens
            "layer_rank", Json.whole subspace.LayerRank
            "hidden_rank", Json.whole subspace.HiddenRank
            "standardise", Json.text (Standardisation.name subspace.Standardisation)
            "eigenvalues_layer", Json.numbers spectrum.Layer
            "eigenvalues_hidden", Json.numbers spectrum.Hidden
            "energy", Json.number subspace.Energy
            "energy_kept", Json.number kept
            "squared_error", Json.number (max 0.0 (subspace.Energy - kept))
            "squared_error_bound", Json.number (FittedSubspace.squaredErrorBound subspace)
            "anchor_std", Json.numbers (defaultArg measured.AnchorDeviation [||])
        ]

let private percent (share: float) =
    (100.0 * share).ToString("0.00", CultureInfo.InvariantCulture) + " %"

/// A corpus that never moves, all zero after standardisation, has no energy to keep; teacher caches keep bases unmeasured.
let private energyKept (subspace: MeasuredSubspace) =
    match subspace.EnergyKept with
    | None -> "not measured"
    | Some kept when subspace.Fitted.Energy > 0.0 -> percent (kept / subspace.Fitted.Energy)
    | Some _ -> "0 of 0: all states are zero after standardisation"

let private describe (measured: MeasuredSubspace) path =
    let subspace = measured.Fitted

    [
        "subspace", path
        "kind", SubspaceFile.KindName subspace.Kind
        "standardise", Standardisation.name subspace.Standardisation
        "corpus",
        $"{subspace.Examples} examples with {subspace.Tokens} tokens, {subspace.Levels} levels of {subspace.Width} components"
        "ranks",
        $"{subspace.LayerRank} of {subspace.Levels} levels, {subspace.HiddenRank} of {subspace.Width} components"
        "energy kept", energyKept measured
        "stored variances",
        (match [ for struct (name, _) in SubspaceFile.Variances measured -> name ] with
         | [] -> "none"
         | names -> String.Join(", ", names))
    ]

/// Fits the subspace in this process, or in this one of several; the first one writes it.
let private fitShare
    (native: NativeRuntimeOptions)
    (settings: SettingValues)
    (ranks: ICommunicator)
    : MeasuredSubspace | null =
    NativeRuntime.Load(native.WithThreads(Ranks.threads (settings.Get StageSettings.Threads) ranks))
    let trajectories = settings.Get FitSettings.Trajectories
    let path = settings.Get FitSettings.Output
    use corpus = TrajectoryFiles.Open trajectories
    let named = settings.Get FitSettings.Gradients

    use gradients: TrajectoryFiles | null =
        if named.Count > 0 then TrajectoryFiles.Open named else null

    CommandLine.notAnInput
        [
            yield! trajectories
            yield! named
            yield! corpus.Paths
            match gradients with
            | null -> ()
            | files -> yield! files.Paths
        ]
        path

    let subspace =
        CommandLine.about (String.Join(' ', trajectories)) (fun () ->
            SubspaceStage.Fit(settings, corpus, gradients, ranks))

    match subspace with
    | null -> ()
    | found -> SubspaceFile.Write(path, found, settings.Get FitSettings.Seed, corpus.Sha256())

    subspace

/// Fits the subspace of trajectories and writes it.
let fit (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read Commands.SubspaceFit arguments
    let option = settings.Get StageSettings.Ranks

    match Ranks.together option (settings.Get StageSettings.RankTimeout) (fitShare native settings) with
    | null -> ()
    | subspace ->
        match subspace.EnergyKept with
        | Some kept when settings.Get StageSettings.Json -> Terminal.writeJson terminal (asJson subspace kept)
        | _ -> Terminal.writeFields terminal (describe subspace (settings.Get FitSettings.Output))

let private shares = [ 0.9; 0.95; 0.99 ]

let private spectra (subspace: FittedSubspace) =
    [
        for KeyValue(standardisation, spectrum) in subspace.Spectra do
            for mode, values in [ "layer", spectrum.Layer; "hidden", spectrum.Hidden ] do
                Standardisation.name standardisation, mode, values, EffectiveRank.ofEigenvalues values
    ]

let private reportJson (subspace: FittedSubspace) (kept: float) =
    let mode (values: float[], summary: EffectiveRank) =
        Json.object
            [
                "eigenvalues", Json.numbers values
                "energy_per_rank", Json.numbers summary.Cumulative
                "entropy_rank", Json.number summary.EntropyRank
                "participation", Json.number summary.Participation
                "rank_at_energy",
                Json.object
                    [
                        for share in shares -> string share, Json.whole (Spectra.RankAtEnergy(share, values))
                    ]
            ]

    let under name =
        Json.object
            [
                for standardise, axis, values, summary in spectra subspace do
                    if standardise = name then
                        axis, mode (values, summary)
            ]

    Json.object
        [
            "standardise", Json.text (Standardisation.name subspace.Standardisation)
            "kind", Json.text (SubspaceFile.KindName subspace.Kind)
            "examples", Json.whole subspace.Examples
            "tokens", Json.count subspace.Tokens
            "layers", Json.whole subspace.Levels
            "width", Json.whole subspace.Width
            "layer_rank", Json.whole subspace.LayerRank
            "hidden_rank", Json.whole subspace.HiddenRank
            "energy", Json.number subspace.Energy
            "energy_kept", Json.number kept
            "spectra",
            Json.object
                [
                    for name in List.map Standardisation.name Standardisation.all -> name, under name
                ]
        ]

/// The options of `subspace report`.
let reportSettings =
    CommandSettings("subspace report", [| FitSettings.Subspace; StageSettings.Json |])

/// Shows how low-rank trajectories are, under each standardisation.
let report (terminal: Terminal) _ arguments =
    let options = SettingOptions.read reportSettings arguments
    let path = options.Get FitSettings.Subspace
    let subspace = SubspaceFile.Read path

    match subspace.EnergyKept with
    | None when options.Get StageSettings.Json ->
        raise (
            InputException
                $"{path}: what the bases keep was not measured, as in a teacher cache; name the subspace.safetensors of a run or of `lori subspace fit`"
        )
    | Some kept when options.Get StageSettings.Json -> Terminal.writeJson terminal (reportJson subspace.Fitted kept)
    | _ ->
        Terminal.writeFields terminal (describe subspace path)

        Terminal.writeKeyedTable
            terminal
            2
            ("standardise" :: RankTable.headers)
            [
                for row in RankReport.Of subspace.Fitted -> RankTable.cells RankTable.short row
            ]
