namespace LoRi.Cli

open System
open Argu
open LoRi.Runs.Settings

/// Options of `distill` beside those that it shares with `teach`. A case's name in lower case is the setting's key.
type DistillArgs =
    | Method of name: string
    | Teacher of path: string
    | Latent_Steps of n: int
    | Projection of kind: string
    | Projection_Width of n: int
    | Init of weights: string
    | Subspace of file: string
    | Subspace_Kind of kind: string
    | Levels of choice: string
    | Standardise of how: string
    | Layer_Rank of n: int
    | Layer_Energy of share: float
    | Max_Layer_Rank of n: int
    | Hidden_Rank of n: int
    | Hidden_Energy of share: float
    | Max_Hidden_Rank of n: int
    | Covariance of form: string
    | Weighting of form: string
    | Order of form: string
    | Anchor of form: string
    | Anchor_Std of source: string
    | W_Mean of weight: float
    | W_Cov of weight: float
    | W_Order of weight: float
    | Lambda_Rationale of weight: float
    | Lambda_Anchor of weight: float
    | Teacher_Cache of folder: string
    | Keep_Trajectories
    | Shard_Size of size: string
    | Online

    interface IArgParserTemplate with
        member this.Usage =
            match this with
            | Method _ ->
                let methods = String.Join(", ", MethodNames.All)
                $"one of {methods} (default: {MethodNames.LoRi})"
            | Teacher _ -> "the explicit chain-of-thought model: a run directory or a folder"
            | Latent_Steps _ -> "continuous steps before the answer (default: 5)"
            | Projection _ -> "map from a final state to the next latent input: mlp, linear or identity (default: mlp)"
            | Projection_Width _ -> "inner width of the mlp (default: the hidden size)"
            | Init _ -> "weights to start from: teacher, or base for those of --model (default: teacher)"
            | Subspace _ -> "a fitted subspace (default: one is fitted to the teacher's trajectories)"
            | Subspace_Kind _ -> "multilinear-svd, random, identity or complement (default: multilinear-svd)"
            | Levels _ -> "traced levels: all, every-K or last-N (default: all)"
            | Standardise _ -> "full, scale or none (default: full)"
            | Layer_Rank _ -> "rank of the layer mode (not with --layer-energy)"
            | Layer_Energy _ -> "energy kept of the layer mode (default: 0.95)"
            | Max_Layer_Rank _ ->
                "largest rank that an energy chooses for the layer mode (default: 8 where no energy is named)"
            | Hidden_Rank _ -> "rank of the hidden mode (not with --hidden-energy)"
            | Hidden_Energy _ -> "energy kept of the hidden mode (default: 0.95)"
            | Max_Hidden_Rank _ ->
                "largest rank that an energy chooses for the hidden mode (default: 64 where no energy is named)"
            | Covariance _ -> "modewise, full, per-layer, diagonal or off (default: modewise)"
            | Weighting _ -> "none, variance or statistic (default: statistic)"
            | Order _ -> "none, lag-1 or third (default: none)"
            | Anchor _ -> "full, subspace or off (default: full)"
            | Anchor_Std _ -> "divisor of the anchor loss: corpus or batch (default: corpus)"
            | W_Mean _ -> "weight of the mean loss (default: 1)"
            | W_Cov _ -> "weight of the covariance loss (default: 1)"
            | W_Order _ -> "weight of the order loss (default: 1)"
            | Lambda_Rationale _ -> "weight of the rationale loss (default: 1)"
            | Lambda_Anchor _ -> "weight of the anchor loss, and of codi's distillation loss (default: 1)"
            | Teacher_Cache _ ->
                "folder of the teacher's coordinates, to use or to make (default: teacher-cache in the run directory)"
            | Keep_Trajectories ->
                "keep the teacher's raw states in the cache: any subspace can be fitted to them later"
            | Shard_Size _ ->
                "largest file of the cache, such as 500MB or 4GiB; a number alone counts MiB (default: 1GiB)"
            | Online -> "run the teacher at every step instead of reading a cache"
