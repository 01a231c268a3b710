/// Quantiles of a few values.
module LoRi.Training.Tests.OrderStatisticsTests

open Expecto
open LoRi.Runs.Scoring

[<Tests>]
let tests =
    testList
        "Order statistics"
        [
            test "a quantile lies between the values around it" {
                let sorted = [| 1.0; 2.0; 4.0; 8.0; 16.0 |]

                for share, value in [ 0.0, 1.0; 0.25, 2.0; 0.5, 4.0; 0.625, 6.0; 0.9, 12.8; 1.0, 16.0 ] do
                    Expect.floatClose Accuracy.high (OrderStatistics.Quantile(sorted, share)) value $"{share}"

                Expect.equal (OrderStatistics.Quantile([| 3.0 |], 0.7)) 3.0 "one value"
            }
            test "the median of an even number is the larger of the two in the middle" {
                Expect.equal (OrderStatistics.UpperMedian [ 9.0; 1.0; 5.0 ]) 5.0 "odd"
                Expect.equal (OrderStatistics.UpperMedian [ 9.0; 1.0; 5.0; 6.0 ]) 6.0 "even"
                Expect.equal (OrderStatistics.UpperMedian []) 0.0 "none"
            }
        ]
