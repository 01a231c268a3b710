/// Programs of this machine that tests need.
module LoRi.Training.Tests.Programs

open System
open System.IO

/// Where a program stands on the search path; none where it is not installed.
let onPath (program: string) =
    (string (Environment.GetEnvironmentVariable "PATH")).Split Path.PathSeparator
    |> Seq.map (fun folder -> Path.Combine(folder, program))
    |> Seq.tryFind File.Exists
