/// What a subspace from outside, a spectrum and an array of numbers must be.
module LoRi.Math.Tests.SubspaceDoorTests

open System
open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators

let private subspace () =
    let case =
        {
            Levels = 2
            Width = 3
            Counts = [| 4 |]
            Steps = 1
            Seed = 2
        }

    fit
        reference
        (options case SubspaceKind.MultilinearSvd Standardisation.Full)
        (teacherStates reference case)
        case.Counts

let private refused change text =
    Expect.equal (errorText (FittedSubspace.validate (change (subspace ())))) text text

let private throws (text: string) (body: unit -> 'a) =
    Expect.throwsC (fun () -> body () |> ignore) (fun (error: exn) ->
        Expect.isTrue (error :? ArgumentException) $"an ArgumentException, not {error.GetType().Name}"
        Expect.equal error.Message text "text")

let private seeds =
    [
        test "every seed has a random subspace of its own" {
            let basis seed =
                let case =
                    {
                        Levels = 2
                        Width = 3
                        Counts = [| 4 |]
                        Steps = 1
                        Seed = 2
                    }

                let states = teacherStates reference case
                let wanted = options case (SubspaceKind.Random seed) Standardisation.Full
                let found = fit reference wanted states case.Counts
                Matrices.Values found.LayerBasis, Matrices.Values found.HiddenBasis

            let seeds =
                [
                    0L
                    1L
                    -1L
                    2L
                    1L <<< 32
                    (1L <<< 32) + 1L
                    1L <<< 31
                    System.Int64.MinValue
                    System.Int64.MaxValue
                ]

            Expect.hasLength (List.distinct (List.map basis seeds)) seeds.Length "bases"
            Expect.equal (basis 1L) (basis 1L) "of one seed always the same"
        }
    ]

let private spectra =
    [
        test "a subspace without the eigenvalues of a standardisation is refused" {
            refused
                (fun s -> { s with Spectra = Map.empty })
                "the subspace has no eigenvalues under standardisation full; fit it again"

            refused
                (fun s ->
                    { s with
                        Spectra = s.Spectra.Remove Standardisation.Off
                    })
                "the subspace has no eigenvalues under standardisation none; fit it again"
        }
        test "eigenvalues have their mode's number and are numbers" {
            let withFull spectrum (s: FittedSubspace) =
                { s with
                    Spectra = s.Spectra.Add(Standardisation.Full, spectrum)
                }

            refused
                (withFull
                    {
                        Layer = [| 1.0 |]
                        Hidden = [| 1.0; 1.0; 1.0 |]
                    })
                "the layer spectrum under full: found 1, expected 2"

            refused
                (withFull
                    {
                        Layer = [| 1.0; 1.0 |]
                        Hidden = [| 1.0; nan; 1.0 |]
                    })
                "the hidden spectrum under full holds NaN or infinity; every value must be finite"
        }
        test "eigenvalues below zero by rounding do not make the bound negative" {
            let below =
                { subspace () with
                    LayerBasis = Subspaces.Basis(2, 1, [| 1.0; 0.0 |])
                    HiddenBasis = Subspaces.Basis(3, 1, [| 1.0; 0.0; 0.0 |])
                    Spectra =
                        Map.ofList
                            [
                                Standardisation.Full,
                                {
                                    Layer = [| 3.0; -7e-15 |]
                                    Hidden = [| 2.0; 1e-3; -1e-14 |]
                                }
                            ]
                }

            Expect.equal (FittedSubspace.squaredErrorBound below) 1e-3 "bound"
        }
    ]

let private totals =
    [
        test "counts and energies are numbers that can be" {
            refused (fun s -> { s with Tokens = -5L }) "the number of tokens holds -5; no value may be below 0"
            refused (fun s -> { s with Examples = -1 }) "the number of examples holds -1; no value may be below 0"
            refused (fun s -> { s with Energy = nan }) "the energy holds NaN or infinity; every value must be finite"
            refused (fun s -> { s with Energy = -1.0 }) "the energy holds -1; no value may be below 0"

            let unmeasured = MeasuredSubspace.unmeasured (subspace ())

            Expect.equal
                (errorText (
                    MeasuredSubspace.validate
                        { unmeasured with
                            EnergyKept = Some infinity
                        }
                ))
                "the kept energy holds NaN or infinity; every value must be finite"
                "kept"
        }
        test "kept energy may wait for its measure" {
            Expect.isOk (MeasuredSubspace.validate (MeasuredSubspace.unmeasured (subspace ()))) "accepted"
        }
        test "a complement that leaves nothing out keeps everything" {
            let whole =
                { subspace () with
                    Kind = SubspaceKind.Complement
                }

            let measures = SubspaceMeasures(whole, MeasuredVariances.Nothing, reference.Like)
            ok (measures.AddCoordinates (reference.Tensor [ 1; 2; 4; 3 ] (Array.zeroCreate 24)) [| 4 |])
            Expect.equal (measures.Finish()).EnergyKept (Some whole.Energy) "kept"
        }
        test "a share of energy lies above 0 and at most at 1" {
            for share, shown in [ 7.0, "7"; nan, "NaN"; 0.0, "0"; -0.5, "-0.5"; infinity, string infinity ] do
                let text = $"energy {shown} of the given mode must lie above 0 and at most at 1"

                Expect.equal (errorText (EffectiveRank.atEnergy share [| 3.0; 2.0; 1.0 |])) text "core"
                throws text (fun () -> Spectra.RankAtEnergy(share, [| 3.0; 2.0; 1.0 |]))

            Expect.equal (ok (EffectiveRank.atEnergy 1.0 [| 3.0; 2.0; 1.0 |])) 3 "everything"
            Expect.equal (Spectra.RankAtEnergy(0.5, [| 3.0; 2.0; 1.0 |])) 1 "half"
        }
        test "no size of a tensor is below zero; none of an axis may be zero" {
            throws "the shape holds -2; no value may be below 0" (fun () ->
                Tensors.Reference([| -2; -3 |], Array.zeroCreate 6))

            Expect.throwsT<InvalidOperationException>
                (fun () -> ReferenceTensor([| -2; -3 |], Array.zeroCreate 6) |> ignore)
                "the constructor"

            Expect.equal (Tensors.Reference([| 0; 3 |], [||])).Shape [| 0; 3 |] "no examples"
        }
    ]

[<Tests>]
let tests =
    testList "Doors of subspaces" [ testList "seeds" seeds; testList "spectra" spectra; testList "totals" totals ]
