/// Cases for properties: sizes and a seed, from which numbers follow, so that a failure prints everything needed to replay it.
module LoRi.Math.Tests.Generators

open FsCheck
open FsCheck.FSharp
open LoRi.Math

/// Normal numbers of a seed.
let normals (seed: int) (count: int) : float[] =
    let random = System.Random seed

    Array.init count (fun _ ->
        sqrt (-2.0 * log (1.0 - random.NextDouble()))
        * cos (2.0 * System.Math.PI * random.NextDouble()))

/// An order-3 tensor: sizes from 1 to 6, a scale from tiny to huge, and a form.
type TensorCase =
    {
        Sizes: int * int * int
        Scale: float
        Seed: int
    }

    member this.Values =
        let a, b, c = this.Sizes
        normals this.Seed (a * b * c) |> Array.map (fun x -> x * this.Scale)

/// A small corpus: tokens per example (0 among them), and the student's steps.
type CorpusCase =
    {
        Levels: int
        Width: int
        Counts: int[]
        Steps: int
        Seed: int
    }

    /// The longest rationale, at least one place.
    member this.Longest = max 1 (Array.max this.Counts)

    /// Raw teacher states, example level token hidden; levels differ in mean and scale, padding holds nonsense.
    member this.Teacher =
        let perToken = this.Levels * this.Longest * this.Width
        let noise = normals this.Seed (this.Counts.Length * perToken)

        noise
        |> Array.mapi (fun index x ->
            let level = index / (this.Longest * this.Width) % this.Levels
            float (level + 1) * x + 0.5 * float level)

    /// Raw student states, example level step hidden.
    member this.Student =
        normals (this.Seed + 1) (this.Counts.Length * this.Levels * this.Steps * this.Width)

    /// Raw anchors, example level hidden.
    member this.Anchors =
        normals (this.Seed + 2) (this.Counts.Length * this.Levels * this.Width)

/// A covariance form, an order form, a weighting and a subspace: one objective.
type ObjectiveCase =
    {
        Corpus: CorpusCase
        Options: RationaleOptions
        Kind: SubspaceKind
        Standardisation: Standardisation
    }

let private seeds = Gen.choose (0, 1_000_000)

let private tensors =
    gen {
        let! a = Gen.choose (1, 6)
        let! b = Gen.choose (1, 6)
        let! c = Gen.choose (1, 6)
        let! scale = Gen.elements [ 1e-6; 1.0; 1e6 ]
        let! seed = seeds

        return
            {
                Sizes = a, b, c
                Scale = scale
                Seed = seed
            }
    }

let private corpora =
    gen {
        let! levels = Gen.choose (1, 3)
        let! width = Gen.choose (2, 4)
        let! examples = Gen.choose (2, 4)
        let! first = Gen.choose (2, 5)
        let! rest = Gen.arrayOfLength (examples - 1) (Gen.choose (0, 5))
        let! steps = Gen.choose (1, 4)
        let! seed = seeds

        return
            {
                Levels = levels
                Width = width
                Counts = Array.append [| first |] rest
                Steps = steps
                Seed = seed
            }
    }

let private objectives =
    gen {
        let! corpus = corpora

        let! covariance =
            Gen.elements
                [
                    Covariance.Modewise
                    Covariance.Full
                    Covariance.PerLayer
                    Covariance.Diagonal
                    Covariance.Off
                ]

        let! order =
            Gen.elements [ Order.Off; Order.Lag1; Order.Third; Order.Parts 2; Order.Parts 5 ]

        let! weighting =
            Gen.elements [ Weighting.Off; Weighting.Variance; Weighting.Statistic ]

        let! kind =
            Gen.elements
                [
                    SubspaceKind.MultilinearSvd
                    SubspaceKind.Random 3L
                    SubspaceKind.Identity
                    SubspaceKind.Complement
                ]

        let! standardisation = Gen.elements Standardisation.all

        return
            {
                Corpus = corpus
                Options =
                    {
                        Covariance = covariance
                        Order = order
                        Weighting = weighting
                    }
                Kind = kind
                Standardisation = standardisation
            }
    }

/// What FsCheck looks for.
type Cases =
    static member Tensor() = Arb.fromGen tensors
    static member Corpus() = Arb.fromGen corpora
    static member Objective() = Arb.fromGen objectives
