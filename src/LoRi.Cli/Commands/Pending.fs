module LoRi.Cli.Commands.Pending

open LoRi.Training

/// A command whose options are read and checked, and whose work is not part of this version.
let run command (check: string list -> unit) _ _ arguments =
    check arguments
    raise (InputException $"lori {command}: not part of this version")
