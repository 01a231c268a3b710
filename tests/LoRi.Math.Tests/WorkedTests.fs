/// Losses worked out by hand, so that no implementation is its own oracle.
module LoRi.Math.Tests.WorkedTests

open Expecto
open LoRi.Math
open LoRi.Math.Fluent
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting

/// No standardisation and no reduction: coordinates are the states.
let private plain levels width : MeasuredSubspace =
    let identity size =
        Subspaces.Basis(size, size, Array.init (size * size) (fun i -> if i / size = i % size then 1.0 else 0.0))

    let fitted: FittedSubspace =
        {
            Kind = SubspaceKind.Identity
            Standardisation = Standardisation.Off
            LayerBasis = identity levels
            HiddenBasis = identity width
            Mean = Subspaces.PerLevel(levels, width, Array.zeroCreate (levels * width))
            Rms = Array.create levels 1.0
            Spectra = Map.empty
            Examples = 1
            Tokens = 1L
            Energy = 1.0
        }

    { MeasuredSubspace.unmeasured fitted with
        AnchorDeviation = Some(Array.create levels 2.0)
    }

let private refitted change (subspace: MeasuredSubspace) =
    { subspace with
        Fitted = change subspace.Fitted
    }

let private options covariance order anchor =
    {
        Rationale =
            {
                Covariance = covariance
                Order = order
                Weighting = Weighting.Off
            }
        Anchor = anchor
        AnchorScale = AnchorScale.Corpus
    }

let private terms (backend: Backend) covariance order (teacher: float[]) (student: float[]) =
    let objective =
        ok (BoundObjective.Create (plain 1 2) (options covariance order AnchorForm.Off) backend.Like)

    let states (values: float[]) =
        backend.Tensor [ 1; 1; values.Length / 2; 2 ] values

    numbers ((against objective (states teacher) [| teacher.Length / 2 |] (student.Length / 2)).Terms(states student))

/// Teacher tokens (1, 0), (3, 2): mean (2, 1), deviations -(1, 1) and (1, 1), covariance all 1.
let private teacher = [| 1.0; 0.0; 3.0; 2.0 |]

/// Student steps (0, 0), (0, 4): mean (0, 2), deviations (0, -2) and (0, 2), covariance only 4 at the second.
let private student = [| 0.0; 0.0; 0.0; 4.0 |]

let private rationale (backend: Backend) =
    let covariance form =
        (terms backend form Order.Off teacher student)[1]

    [
        example "mean: ((2 - 0)^2 + (1 - 2)^2) / 2" (fun () ->
            close 1e-12 [| 2.5 |] [| (terms backend Covariance.Off Order.Off teacher student)[0] |] "L_mean")

        example "full: differences 1, 1, 1, -3 over p^2 = 4" (fun () ->
            close 1e-12 [| 3.0 |] [| covariance Covariance.Full |] "L_cov")

        example "mode-wise: layer (1 + 1) / 2 - (0 + 4) / 2 = -1; hidden as full, r_L = 1" (fun () ->
            close 1e-12 [| 1.0 + 3.0 |] [| covariance Covariance.Modewise |] "L_cov")

        example "per layer with one layer is the hidden part" (fun () ->
            close 1e-12 [| 3.0 |] [| covariance Covariance.PerLayer |] "L_cov")

        example "diagonal: (1 - 0)^2 + (1 - 4)^2 over p = 2" (fun () ->
            close 1e-12 [| 5.0 |] [| covariance Covariance.Diagonal |] "L_cov")

        example "lag-1 of two steps is the one product: minus the covariance here" (fun () ->
            let found = (terms backend Covariance.Off Order.Lag1 teacher student)[2]
            close 1e-12 [| 1.0 + 3.0 |] [| found |] "L_order")

        example
            "two parts of two steps are the deviations: differences (1, 1) and (-1, -1) against (0, -2) and (0, 2)"
            (fun () ->
                let found = (terms backend Covariance.Off (Order.Parts 2) teacher student)[2]
                close 1e-12 [| (1.0 + 1.0 + 1.0 + 1.0) / 4.0 |] [| found |] "L_order")

        example "third moments of two symmetric steps are zero" (fun () ->
            closeOn 1.0 1e-12 [| 0.0 |] [| (terms backend Covariance.Off Order.Third teacher student)[2] |] "L_order")

        example "one teacher token: its covariance is zero, the student's is still pulled there" (fun () ->
            let found = terms backend Covariance.Full Order.Off [| 1.0; 1.0 |] student
            close 1e-12 [| 4.0 * 4.0 / 4.0 |] [| found[1] |] "L_cov")
    ]

let private anchors (backend: Backend) =
    let loss subspace form scale teacher student =
        let options =
            { options Covariance.Off Order.Off form with
                AnchorScale = scale
            }

        let objective = ok (BoundObjective.Create subspace options backend.Like)
        let bound = objective.Subspace

        let states (values: float[]) =
            ok (bound.Anchors(backend.Tensor [ values.Length / 4; 2; 2 ] values))

        (objective.Anchor (states teacher) (states student)).PerExample.ToArray()

    let zero = Array.zeroCreate<float> 4

    [
        example "smooth-L1 with beta 1, mean over components, over the deviation, mean over levels" (fun () ->
            // Level 1: 0.5 * 0.5^2 and 3 - 0.5, mean 1.3125, over 2; level 2: zero.
            let found =
                loss (plain 2 2) AnchorForm.Full AnchorScale.Corpus zero [| 0.5; -3.0; 0.0; 0.0 |]

            close 1e-12 [| 1.3125 / 2.0 / 2.0 |] found "L_anchor")

        example "off is zero, deviations or not" (fun () ->
            let bare =
                { plain 2 2 with
                    AnchorDeviation = None
                }

            for subspace in [ plain 2 2; bare ] do
                let found =
                    loss subspace AnchorForm.Off AnchorScale.Corpus zero [| 1.0; 1.0; 1.0; 1.0 |]

                Expect.equal found [| 0.0 |] "L_anchor")

        example "in the subspace only the part inside counts, scaled back by the level's rms" (fun () ->
            // The hidden basis is the first component; rms 2 and 1.
            let reduced =
                (plain 2 2)
                |> refitted (fun subspace ->
                    { subspace with
                        Kind = SubspaceKind.MultilinearSvd
                        HiddenBasis = Subspaces.Basis(2, 1, [| 1.0; 0.0 |])
                        Rms = [| 2.0; 1.0 |]
                    })

            let found =
                loss reduced AnchorForm.Subspace AnchorScale.Corpus zero [| 4.0; 5.0; 0.0; 7.0 |]
            // Level 1 keeps 4 and drops 5: (4 - 0.5) / 2 components / deviation 2; level 2 keeps nothing.
            close 1e-12 [| 3.5 / 2.0 / 2.0 / 2.0 |] found "inside"

            let rest =
                reduced
                |> refitted (fun subspace ->
                    { subspace with
                        Kind = SubspaceKind.Complement
                    })

            let outside =
                loss rest AnchorForm.Subspace AnchorScale.Corpus zero [| 4.0; 5.0; 0.0; 7.0 |]

            close 1e-12 [| (4.5 / 2.0 / 2.0 + 6.5 / 2.0 / 2.0) / 2.0 |] outside "outside")

        example "the batch's own deviation: unbiased over its anchors and components" (fun () ->
            // Level 1 of the two teachers holds 1, 3 and 5, 7: variance (9 + 1 + 1 + 9) / 3; level 2 likewise.
            let teacher = [| 1.0; 3.0; 1.0; 3.0; 5.0; 7.0; 5.0; 7.0 |]
            let student = teacher |> Array.map (fun x -> x + 1.0)
            let found = loss (plain 2 2) AnchorForm.Full AnchorScale.Batch teacher student
            close 1e-12 (Array.create 2 (0.5 / sqrt (20.0 / 3.0))) found "L_anchor")

        example "without deviations the objective is refused by name" (fun () ->
            let bare =
                { plain 2 2 with
                    AnchorDeviation = None
                }

            let attempt form =
                BoundObjective.Create bare (options Covariance.Off Order.Off form) backend.Like

            Expect.equal
                (errorText (attempt AnchorForm.Full))
                "the subspace has no deviations of anchors; fit it again on trajectories with anchors, or leave the anchor term off"
                "text"

            Expect.isOk (attempt AnchorForm.Off) "off needs none")

        example "a weighting without its variances is refused by name" (fun () ->
            let wanted = options Covariance.PerLayer Order.Off AnchorForm.Off

            let weighted =
                { wanted with
                    Rationale =
                        { wanted.Rationale with
                            Weighting = Weighting.Statistic
                        }
                }

            let some =
                { plain 2 2 with
                    StatisticVariances = Map.ofList [ "mean", Array.create 4 1.0 ]
                }

            Expect.stringStarts
                (errorText (BoundObjective.Create some weighted backend.Like))
                "the subspace has no variances of covariance.per-layer; fit it again"
                "text")

        example "a full covariance above the limit says so" (fun () ->
            let attempt levels =
                let wanted = options Covariance.Full Order.Off AnchorForm.Off

                BoundObjective.Create
                    { plain levels 3 with
                        StatisticVariances = Map.ofList [ "mean", Array.create (3 * levels) 1.0 ]
                    }
                    { wanted with
                        Rationale =
                            { wanted.Rationale with
                                Weighting = Weighting.Statistic
                            }
                    }
                    backend.Like
                |> errorText

            Expect.equal
                (attempt 171)
                "the subspace has no variances of covariance.full: p = r_L r_d is 513 and a fit for every covariance stores it up to p = 512; weight by none or variance, or fit again with lower ranks"
                "513"

            Expect.stringContains (attempt 170) "fit it again with the weighting" "510")
    ]

[<Tests>]
let tests =
    testList "Worked by hand" [ onEach "rationale" rationale; onEach "anchor" anchors ]
