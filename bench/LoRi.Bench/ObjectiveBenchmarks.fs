namespace LoRi.Bench

open BenchmarkDotNet.Attributes
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Models.Native
open LoRi.Models.Tensors
open TorchSharp

/// The rationale terms at the size of a small real model (30 levels of 576, ranks 8 and 64), forward and backward.
[<MemoryDiagnoser>]
type ObjectiveBenchmarks() =
    let mutable run = fun () -> ()

    let subspace covariance =
        let basis size rank =
            Subspaces.Basis(
                size,
                rank,
                Array.init (size * rank) (fun index -> if index / rank = index % rank then 1.0 else 0.0)
            )

        let fitted: FittedSubspace =
            {
                Kind = SubspaceKind.MultilinearSvd
                Standardisation = Standardisation.Full
                LayerBasis = basis 30 8
                HiddenBasis = basis 576 64
                Mean = Subspaces.PerLevel(30, 576, Array.zeroCreate (30 * 576))
                Rms = Array.create 30 1.0
                Spectra = Map.empty
                Examples = 1
                Tokens = 1L
                Energy = 1.0
            }

        { MeasuredSubspace.unmeasured fitted with
            AnchorDeviation = Some(Array.create 30 1.0)
        },
        {
            Rationale =
                {
                    Covariance = covariance
                    Order = Order.Off
                    Weighting = Weighting.Off
                }
            Anchor = AnchorForm.Full
            AnchorScale = AnchorScale.Corpus
        }

    [<Params("modewise", "full", "per-layer", "diagonal")>]
    member val Covariance = "modewise" with get, set

    [<GlobalSetup>]
    member this.Setup() =
        NativeRuntime.Load()

        let covariance =
            match this.Covariance with
            | "full" -> Covariance.Full
            | "per-layer" -> Covariance.PerLayer
            | "diagonal" -> Covariance.Diagonal
            | _ -> Covariance.Modewise

        let subspace, options = subspace covariance
        let like = TorchTensor(torch.zeros 1L)
        let objective = Objectives.Bind(subspace, options, like)
        let lengths = Array.init 16 (fun row -> 40 + 4 * row)
        let teacher = torch.randn (16L, 8L, 100L, 64L)
        let student = torch.randn(16L, 30L, 5L, 576L).requires_grad_ true

        run <-
            fun () ->
                use _ = torch.NewDisposeScope()

                let coordinates =
                    TypedTrajectories.TeacherCoordinates(objective.Subspace, TorchTensor teacher)

                let states = TypedTrajectories.Student(objective.Subspace, TorchTensor student)
                let terms = Objectives.Rationale(objective, coordinates, lengths, states)
                (TorchTensor.Unwrap((Scalar.add terms.Mean terms.Covariance).PerExample)).sum().backward()

    [<Benchmark>]
    member _.ForwardAndBackward() = run ()
