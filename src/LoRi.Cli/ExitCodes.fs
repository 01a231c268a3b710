/// What the program's exit code says, and the two ways in which a command ends early.
module LoRi.Cli.ExitCodes

/// The command did what it was asked to do.
[<Literal>]
let Success = 0

/// The run failed, or a file or a value in it was bad.
[<Literal>]
let Failed = 1

/// The command line itself was wrong.
[<Literal>]
let BadUsage = 2

/// The command line is wrong: one line that names the option and what to do.
exception UsageException of message: string with
    override this.Message = this.message
