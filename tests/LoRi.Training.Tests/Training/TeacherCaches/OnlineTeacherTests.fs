/// A teacher that runs at every step gives the losses of its cache.
module LoRi.Training.Tests.OnlineTeacherTests

open Expecto
open LoRi.Models.Decoders
open LoRi.Training.TeacherCaches
open LoRi.Training.Trajectories
open LoRi.Training.Tests.TinyCaches
open LoRi.Training.Tests.TinyTraining
open TorchSharp

let private online (precision: Precision) rows use' =
    let teacher = model precision 2L
    use like = torch.zeros (1L, dtype = comparing precision)
    let levels = TracedLevels.All layers
    let source = ModelTrajectories(teacher, rows, levels, batchSize)
    let mutable sha: string | null = null

    use targets =
        OnlineTeacher.Fit(teacher, source, rows, loriSettings, null, levels, like, null, &sha)

    Expect.equal (nonNull sha).Length 64 "a hash of the states"
    use' targets

/// The largest relative difference of a loss, over batches of all rows, some rows and one row.
let private compare precision =
    let rows = data 12
    let mutable worst = 0.0

    inFolder (fun folder ->
        let wanted =
            { wanted folder with
                Precision = precision
                Rows = rows
            }

        let batches = [ rows; rows[3..6]; [| rows[1] |]; [| rows[9]; rows[1] |] ]

        let lossesOf targets =
            batches |> List.map (fun batch -> losses precision batch targets)

        let cached = opened (openCache wanted lossesOf)
        let recomputed = online precision rows lossesOf

        for (name, a), (_, b) in List.zip (List.concat cached) (List.concat recomputed) do
            let difference = if a = b then 0.0 else abs (a - b) / max (abs a) (abs b)
            // NaN is worse than anything.
            worst <- if difference <= worst then worst else difference
            Expect.isTrue (a >= 0.0 && b >= 0.0) $"{name} is a loss")

    worst

let private within precision tolerance () =
    let worst = compare precision
    Expect.isTrue (worst <= tolerance) $"the largest relative difference is {worst}"

[<Tests>]
let tests =
    testList
        "OnlineTeacher"
        [
            testCase "online and cached losses agree to 1e-9 in float64" (within Precision.Exact 1e-9)
            testCase "online and cached losses agree to 1e-5 in float32" (within Precision.Full 1e-5)
            // bfloat16 keeps 8 bits, 4e-3: a batch of another shape may round every state another way. Measured: 4e-4.
            testCase "online and cached losses agree to bfloat16's own precision" (within Precision.Mixed 1e-2)
        ]
