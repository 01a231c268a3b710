/// `lori subspace nulls`: how low-rank trajectories are, against what would be low-rank anyhow.
module LoRi.Cli.Commands.Nulls

open System
open LoRi.Cli
open LoRi.Models.Native
open LoRi.Runs.LowRank
open LoRi.Runs.Settings

let private row (row: RankRow) =
    Json.object
        [
            "standardise", Json.text row.Standardise
            "mode", Json.text row.Mode
            "size", Json.whole row.Size
            "entropy_rank", Json.number row.EntropyRank
            "participation", Json.number row.ParticipationRank
            "at_90", Json.whole row.RankFor90
            "at_95", Json.whole row.RankFor95
            "at_99", Json.whole row.RankFor99
        ]

let private json (found: NullRanks) =
    Json.object
        [
            "corpora",
            Json.list
                [
                    for corpus in found.Corpora ->
                        Json.object
                            [
                                "corpus", Json.text corpus.Corpus
                                "ranks", Json.list (Seq.map row corpus.Rows)
                            ]
                ]
            "verdict", Json.text found.Verdict
            "says", Json.text found.Says
        ]

/// Reads the corpora and shows their ranks.
let run (terminal: Terminal) (native: NativeRuntimeOptions) arguments =
    let settings = SettingOptions.read Commands.SubspaceNulls arguments
    CommandLine.existing "model" (nonNull (settings.Get AnswerSettings.Traced)) |> ignore

    for path in settings.Get AnswerSettings.Data do
        CommandLine.existing "data" path |> ignore

    NativeRuntime.Load(native.WithThreads(settings.Get StageSettings.Threads))

    let found =
        NullRanks.Of(settings, Action<string>(fun line -> terminal.Error.WriteLine line))

    if settings.Get StageSettings.Json then
        Terminal.writeJson terminal (json found)
    else
        Terminal.writeKeyedTable
            terminal
            3
            ("corpus" :: "standardise" :: RankTable.headers)
            [
                for corpus in found.Corpora do
                    for row in corpus.Rows -> corpus.Corpus :: RankTable.cells RankTable.short row
            ]

        terminal.Out.WriteLine $"{found.Verdict}: {found.Says}"
