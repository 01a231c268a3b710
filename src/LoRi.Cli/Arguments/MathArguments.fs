namespace LoRi.Cli

open Argu

/// Options of `subspace fit`.
type SubspaceFitArgs =
    | [<Mandatory>] Trajectories of file: string list
    | [<Mandatory>] Output of file: string
    | Kind of name: string
    | Standardise of how: string
    | Layer_Rank of n: int
    | Layer_Energy of share: float
    | Hidden_Rank of n: int
    | Hidden_Energy of share: float
    | Weighting of form: string
    | Seed of n: int64
    | Low_Memory
    | Threads of n: int
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Trajectories _ -> "trajectory files (or the index of a sharded one); several may follow"
            | Output _ -> "the subspace file to write"
            | Kind _ -> "multilinear-svd, random, identity or complement (default: multilinear-svd)"
            | Standardise _ -> "full, scale or none (default: full)"
            | Layer_Rank _ -> "rank of the layer mode (not with --layer-energy)"
            | Layer_Energy _ -> "energy kept of the layer mode (default: 0.95, rank 8 at most)"
            | Hidden_Rank _ -> "rank of the hidden mode (not with --hidden-energy)"
            | Hidden_Energy _ -> "energy kept of the hidden mode (default: 0.95, rank 64 at most)"
            | Weighting _ -> "variances to store: none, variance or statistic (default: statistic)"
            | Seed _ -> "seed of --kind random (default: 0)"
            | Low_Memory -> "read the trajectories twice and keep no hidden Gram matrix per level"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Json -> "write one JSON object"

/// Options of `subspace report`.
type SubspaceReportArgs =
    | [<Mandatory>] Subspace of file: string
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Subspace _ -> "the subspace file"
            | Json -> "write one JSON object"

/// Options of `objective`.
type ObjectiveArgs =
    | [<Mandatory>] Subspace of file: string
    | [<Mandatory>] Teacher of file: string list
    | [<Mandatory>] Student of file: string list
    | Covariance of form: string
    | Weighting of form: string
    | Order of form: string
    | Anchor of form: string
    | Threads of n: int
    | Json

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Subspace _ -> "the subspace file"
            | Teacher _ -> "trajectory files of the teacher"
            | Student _ -> "trajectory files of the student, with the same examples"
            | Covariance _ -> "modewise, full, per-layer, diagonal or off (default: modewise)"
            | Weighting _ -> "none, variance or statistic (default: statistic)"
            | Order _ -> "none, lag-1 or third (default: none)"
            | Anchor _ -> "full, subspace or off (default: full)"
            | Threads _ -> "threads of one operation (default: libtorch's choice)"
            | Json -> "write one JSON object"
