/// Two hosts on one machine: network namespaces with names of their own, joined by a wire whose bytes are counted.
module LoRi.Cli.Tests.TwoHosts

open System
open System.Diagnostics
open System.IO
open Expecto
open LoRi.Cli.Tests.Launching

/// The other end of the wire is the second host.
let private wire = "lori0"

type Hosts =
    {
        /// The first words of a command line that starts a rank on each, the launcher on the first.
        Starting: string list
        /// Bytes that the first host has sent.
        Sent: unit -> int64
    }

let private call (words: string list) =
    let info =
        ProcessStartInfo(words.Head, RedirectStandardError = true, RedirectStandardOutput = true)

    words.Tail |> List.iter info.ArgumentList.Add

    try
        use running = nonNull (Process.Start info)
        let error = running.StandardError.ReadToEndAsync()
        let out = running.StandardOutput.ReadToEnd()
        running.WaitForExit()

        if running.ExitCode = 0 then
            Ok(out.Trim())
        else
            Error(error.Result.Trim())
    with :? ComponentModel.Win32Exception as e ->
        Error e.Message

let private needed words =
    match call words with
    | Ok out -> out
    | Error reason ->
        let line = String.Join(' ', words)
        failtest $"{line}: {reason}"

let private ip (line: string) =
    needed ("ip" :: List.ofArray (line.Split ' '))

/// What Open MPI calls in the place of ssh: with the address of a host, and the words of a command line.
let private agent (nameOf: int -> string) =
    $"""#!/bin/sh
case $1 in 10.77.0.1) host={nameOf 1} ;; *) host={nameOf 2} ;; esac
shift
exec ip netns exec $host unshare --uts sh -c "hostname $host; $*"
"""

/// What a step of the making must give; the test is skipped, and counted, where this machine does not allow it.
let private allowed what words =
    match call words with
    | Ok _ -> ()
    | Error reason -> skiptest $"{what} cannot be made here: {reason}"

/// Makes both hosts, and the wire between them.
let private connect (nameOf: int -> string) =
    for host in [ 1; 2 ] do
        allowed "network namespaces" [ "ip"; "netns"; "add"; nameOf host ]

    allowed
        "a pair of network devices (veth)"
        [
            yield! [ "ip"; "link"; "add"; wire; "netns"; nameOf 1; "type"; "veth" ]
            yield! [ "peer"; "name"; wire; "netns"; nameOf 2 ]
        ]

    for host in [ 1; 2 ] do
        ip $"-n {nameOf host} link set lo up" |> ignore
        ip $"-n {nameOf host} addr add 10.77.0.{host}/24 dev {wire}" |> ignore
        ip $"-n {nameOf host} link set {wire} up" |> ignore

/// Makes the hosts, and takes them away whatever happens; the test is skipped where this process may not make any.
let withTwoHosts (folder: string) (check: Hosts -> unit) =
    let launcher = (starting families.Head 2).Head
    let nameOf host = $"lori-{Environment.ProcessId}-{host}"

    try
        connect nameOf
        let script = Path.Combine(folder, "agent.sh")
        File.WriteAllText(script, agent nameOf)
        File.SetUnixFileMode(script, UnixFileMode.UserRead ||| UnixFileMode.UserWrite ||| UnixFileMode.UserExecute)

        check
            {
                Starting =
                    [
                        yield! [ "ip"; "netns"; "exec"; nameOf 1; "unshare"; "--uts"; "sh"; "-c" ]
                        yield! [ $"hostname {nameOf 1}; exec \"$@\""; "sh"; launcher ]
                        yield! [ "--allow-run-as-root"; "--bind-to"; "none"; "-n"; "2" ]
                        yield! [ "--host"; "10.77.0.1:1,10.77.0.2:1"; "--mca"; "plm_rsh_agent"; script ]
                        yield! [ "--mca"; "btl_tcp_if_include"; "10.77.0.0/24" ]
                        yield! [ "--mca"; "oob_tcp_if_include"; "10.77.0.0/24" ]
                    ]
                Sent = fun () -> int64 (ip $"netns exec {nameOf 1} cat /sys/class/net/{wire}/statistics/tx_bytes")
            }
    finally
        for host in [ 1; 2 ] do
            call [ "ip"; "netns"; "del"; nameOf host ] |> ignore
