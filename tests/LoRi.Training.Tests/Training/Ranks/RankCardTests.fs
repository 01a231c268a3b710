/// The cards of ranks, each of which needs its own; a library stands in for CUDA's driver.
module LoRi.Training.Tests.RankCardTests

open System
open System.Runtime.InteropServices
open Expecto
open LoRi.Training.Ranks

let private card index (name: string) =
    RankCard(index, $"GPU-{index}", $"0000:0{index}:00.0", name)

let private checkCards seen (cards: RankCard list) =
    ThreadRanks.run cards.Length (fun ranks -> RankCard.CheckEach(ranks, cards[ranks.Rank], seen))
    |> ignore

let private cards =
    test "ranks of which two have one card, or cards of two kinds, are refused" {
        checkCards 4 [ card 0 "H200"; card 1 "H200"; card 2 "H200"; card 3 "H200" ]

        for seen, many in [ 1, "sees 1 card:"; 2, "sees 2 cards:" ] do
            Expect.throwsC
                (fun () -> checkCards seen [ card 0 "H200"; card 1 "H200"; card 1 "H200"; card 3 "H200" ])
                (fun e ->
                    for part in
                        [
                            "H200 (GPU-1 at 0000:01:00.0) is the card of rank 1 on "
                            $" and of rank 2 on {Environment.MachineName}, which {many}"
                            "CUDA_VISIBLE_DEVICES"
                        ] do
                        Expect.stringContains e.Message part "the message")

        Expect.throwsC (fun () -> checkCards 2 [ card 0 "H200"; card 1 "A100" ]) (fun e ->
            Expect.stringContains e.Message "the kind of card differs: rank 1 on " "the message"
            Expect.stringContains e.Message "has A100, rank 0 on " "which")
    }

let private ownCard =
    test "a rank takes the card of its number on its machine, or the only one it sees" {
        let launched rank (local: int option) =
            Launcher("mpirun", rank, 8, [||], LocalRank = Option.toNullable local)

        for launcher, seen, index in
            [
                launched 5 (Some 1), 4, 1
                launched 5 (Some 1), 1, 0
                launched 5 None, 4, 1
                launched 3 (Some 3), 8, 3
            ] do
            Expect.equal (RankCard.IndexOf(launcher, seen)) index $"{launcher} of {seen}"

        Expect.equal (RankCard.IndexOf(null, 4)) 0 "alone"
    }

let private driven =
    test "the driver tells cards apart, and counts those that are visible" {
        let file = StandIn.library ()
        let driver = CardDriver.Of(file, NativeLibrary.Load file)
        StandIn.told ("CUDA_VISIBLE_DEVICES", null) (fun () -> Expect.equal (driver.Count()) 8 "all")
        let first, last = driver.Card 0, driver.Card 7
        Expect.equal (first.Id, first.Bus) ("GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadae00", "0000:01:00.0") "the first"
        Expect.notEqual last.Id first.Id "the last"

        StandIn.told ("CUDA_VISIBLE_DEVICES", "5,7") (fun () ->
            Expect.equal (driver.Count()) 2 "two"
            Expect.equal (driver.Card(1).Id) last.Id "the same card under another number")

        Expect.throwsC (fun () -> driver.Card 8 |> ignore) (fun e ->
            Expect.stringContains e.Message "cuDeviceGet failed with the code 101" "no such card")
    }

[<Tests>]
let tests = testList "Cards of ranks" [ cards; ownCard; driven ] |> testSequenced
