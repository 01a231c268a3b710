module LoRi.Training.Tests.StageMeasuresTests

open System
open Expecto
open LoRi.Runs.Plans

[<Tests>]
let tests =
    testList
        "Stage measures"
        [
            test "peak memory is read whether or not the number fills its column" {
                let peak (line: string) =
                    StageMeasures.PeakOf [ "Name:\tlori"; line; "VmRSS:\t 1 kB" ]

                Expect.equal (peak "VmHWM:\t  123456 kB") (Nullable(123456L * 1024L)) "padded"
                Expect.equal (peak "VmHWM:\t10123456 kB") (Nullable(10123456L * 1024L)) "ten million and more"
                Expect.isFalse (peak "VmPeak:\t 5 kB").HasValue "absent"
            }
            test "this process has used memory" { Expect.isGreaterThan (StageMeasures.PeakMemory()) 1_000_000L "bytes" }
        ]
