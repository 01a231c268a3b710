/// Ranks on cards of the library that stands in for NCCL and CUDA's driver.
module LoRi.Training.Tests.CardRanks

open System
open System.Runtime.InteropServices
open LoRi.Training.Ranks
open TorchSharp

let private driver () =
    let file = StandIn.library ()
    CardDriver.Of(file, NativeLibrary.Load file)

/// Connects ranks on memory of the processor, a card each.
let join (limit: float) (ranks: ICommunicator) =
    let file, driver = StandIn.library (), driver ()

    NcclCommunicator.Join(
        ranks,
        NcclLibrary.Load(file, ""),
        driver,
        driver.Card ranks.Rank,
        torch.CPU,
        TimeSpan.FromSeconds limit
    )
