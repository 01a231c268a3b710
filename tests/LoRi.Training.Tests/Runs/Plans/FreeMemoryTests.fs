/// What is free, by the machine and by the limits of control groups, and what is refused for it.
module LoRi.Training.Tests.FreeMemoryTests

open System
open System.IO
open Expecto
open LoRi.Runs.Plans

/// Files under a root of their own.
let private withRoot (files: (string * string) list) (check: string -> unit) =
    let root = Directory.CreateTempSubdirectory("lori-memory").FullName

    try
        for name, content in files do
            let path = Path.Combine(root, name)
            Directory.CreateDirectory(nonNull (Path.GetDirectoryName path)) |> ignore
            File.WriteAllText(path, content)

        check root
    finally
        Directory.Delete(root, true)

let private machine =
    "proc/meminfo", "MemTotal:       24000 kB\nMemFree:  10 kB\nMemAvailable:   20000 kB\n"

let private unified = "proc/self/cgroup", "0::/outer/inner\n"

let private cases: (string * (string * string) list * int64 option) list =
    [
        "nothing is known", [], None
        "the machine", [ machine ], Some(20000L * 1024L)
        "no limit",
        [
            machine
            unified
            "sys/fs/cgroup/outer/inner/memory.max", "max\n"
            "sys/fs/cgroup/outer/inner/memory.current", "5\n"
        ],
        Some(20000L * 1024L)
        "its own limit, and what the system would give back",
        [
            machine
            unified
            "sys/fs/cgroup/outer/inner/memory.max", "1000000\n"
            "sys/fs/cgroup/outer/inner/memory.current", "700000\n"
            "sys/fs/cgroup/outer/inner/memory.stat", "anon 1\ninactive_file 200000\n"
        ],
        Some 500_000L
        "a limit above",
        [
            machine
            unified
            "sys/fs/cgroup/outer/memory.max", "1000000\n"
            "sys/fs/cgroup/outer/memory.current", "700000\n"
        ],
        Some 300_000L
        "the root of a container",
        [
            unified
            "sys/fs/cgroup/memory.max", "900000\n"
            "sys/fs/cgroup/memory.current", "1000000\n"
        ],
        Some 0L
        "the first version",
        [
            machine
            "proc/self/cgroup", "9:cpu:/x\n4:memory:/a\n"
            "sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"
            "sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000\n"
            "sys/fs/cgroup/memory/memory.usage_in_bytes", "400000\n"
        ],
        Some 600_000L
        "nonsense", [ "proc/meminfo", "MemAvailable: many kB\n"; "proc/self/cgroup", "x\n::\n" ], None
    ]

[<Tests>]
let tests =
    testList
        "Free memory"
        [
            for name, files, expected in cases do
                test name {
                    withRoot files (fun root ->
                        Expect.equal (FreeMemory.Bytes root) (Option.toNullable expected) "bytes")
                }
            test "this machine says something" {
                if File.Exists "/proc/meminfo" then
                    Expect.isGreaterThan (FreeMemory.Bytes().GetValueOrDefault()) 0L "bytes"
            }
            test "what is not free is refused with both numbers" {
                Expect.isNull (MemoryCheck.Refusal(1e9, Nullable 1_000_000_000L)) "just enough"
                Expect.isNull (MemoryCheck.Refusal(1e18, Nullable())) "unknown"
                let refusal = nonNull (MemoryCheck.Refusal(3e9, Nullable 2_147_483_648L))
                Expect.stringContains refusal "2.8 GiB of memory, and 2.0 GiB are free" "numbers"
                Expect.isNotNull (MemoryCheck.Refusal(Double.PositiveInfinity, Nullable 1L)) "any size"
            }
        ]
