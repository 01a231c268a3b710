/// Effective ranks against SciPy.
module LoRi.Math.Tests.SpectrumTests

open System.Globalization
open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Training.Tests

[<Tests>]
let tests =
    SharedFiles.fixtureTests "Golden spectra" (fun () ->
        let root = SharedFiles.json "fixtures/statistics/expected.json"

        [
            for index, case in List.indexed (SharedFiles.items "spectrum" root) ->
                test $"spectrum {index}" {
                    let number (name: string) = case.GetProperty(name).GetDouble()

                    let eigenvalues =
                        [| for value in SharedFiles.items "eigenvalues" case -> value.GetDouble() |]
                        |> Array.sortDescending

                    let found = EffectiveRank.ofEigenvalues eigenvalues

                    close
                        Tolerances.loss
                        [| number "entropy_rank_of_eigenvalues" |]
                        [| found.EntropyRank |]
                        "entropy rank"

                    close Tolerances.loss [| number "participation_ratio" |] [| found.Participation |] "participation"

                    for share in case.GetProperty("rank_at_energy").EnumerateObject() do
                        let wanted = float (System.Double.Parse(share.Name, CultureInfo.InvariantCulture))

                        Expect.equal
                            (ok (EffectiveRank.atEnergy wanted eigenvalues))
                            (share.Value.GetInt32())
                            share.Name
                }
        ])
