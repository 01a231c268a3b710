/// What launchers say in the environment of a process.
module LoRi.Training.Tests.LauncherTests

open Expecto
open LoRi.Files
open LoRi.Training.Ranks

let private found (variables: (string * string) list) =
    let given = Map variables

    match Launcher.Find(fun name -> Option.toObj (Map.tryFind name given)) with
    | null -> None
    | launcher -> Some launcher

let private expectFound name (rank, size) (library: string) variables =
    match found variables with
    | None -> failtest $"{name}: no launcher"
    | Some launcher ->
        Expect.equal launcher.Name name "its name"
        Expect.equal (launcher.Rank, launcher.Size) (rank, size) "rank and size"
        Expect.equal launcher.Libraries[0] library "the library it talks to"
        Expect.equal launcher.IsFollower (rank > 0 && size > 1) "who leaves the files to the first"

[<Tests>]
let tests =
    testList
        "Launchers"
        [
            test "every launcher is known by its variables" {
                expectFound
                    "mpirun of Open MPI"
                    (3, 4)
                    "libmpi.so.40"
                    [ "OMPI_COMM_WORLD_RANK", "3"; "OMPI_COMM_WORLD_SIZE", "4"; "PMIX_RANK", "3" ]

                expectFound "mpirun of MPICH" (0, 2) "libmpich.so.12" [ "PMI_RANK", "0"; "PMI_SIZE", "2" ]
                expectFound "srun with PMIx" (1, 8) "libmpi.so.40" [ "PMIX_RANK", "1"; "SLURM_NTASKS", "8" ]

                expectFound
                    "srun with PMI-2"
                    (1, 2)
                    "libmpich.so.12"
                    [ "PMI_RANK", "1"; "PMI_SIZE", "2"; "SLURM_STEP_ID", "0"; "SLURM_NTASKS", "2" ]

                expectFound
                    "mpirun of Open MPI"
                    (0, 2)
                    "libmpi.so.40"
                    [
                        "OMPI_COMM_WORLD_RANK", "0"
                        "OMPI_COMM_WORLD_SIZE", "2"
                        "SLURM_STEP_ID", "0"
                        "SLURM_NTASKS", "1"
                    ]
            }
            test "a batch script of Slurm without srun is no launcher" {
                Expect.isNone (found [ "SLURM_NTASKS", "8"; "SLURM_PROCID", "0" ]) "alone"
                Expect.isNone (found []) "no variable"
            }
            test "the number of a rank on its machine is the launcher's" {
                for variables, expected in
                    [
                        [
                            "OMPI_COMM_WORLD_RANK", "3"
                            "OMPI_COMM_WORLD_SIZE", "4"
                            "OMPI_COMM_WORLD_LOCAL_RANK", "1"
                        ],
                        Some 1
                        [ "PMI_RANK", "3"; "PMI_SIZE", "4"; "MPI_LOCALRANKID", "1" ], Some 1
                        [ "PMI_RANK", "3"; "PMI_SIZE", "4"; "SLURM_STEP_ID", "0"; "SLURM_LOCALID", "2" ], Some 2
                        [ "PMIX_RANK", "3"; "SLURM_NTASKS", "4"; "SLURM_LOCALID", "0" ], Some 0
                        [ "PMI_RANK", "3"; "PMI_SIZE", "4" ], None
                        [ "PMI_RANK", "3"; "PMI_SIZE", "4"; "MPI_LOCALRANKID", "many" ], None
                    ] do
                    let launcher = found variables
                    Expect.equal (Option.ofNullable launcher.Value.LocalRank) expected $"{variables}"
            }
            test "LORI_MPI names the library" {
                let launcher =
                    found [ "PMI_RANK", "0"; "PMI_SIZE", "2"; "LORI_MPI", "/opt/lib/libmpi.so.12" ]

                Expect.equal (List.ofSeq launcher.Value.Libraries) [ "/opt/lib/libmpi.so.12" ] "no other"
            }
            test "variables that contradict each other are refused" {
                for rank, size in [ "2", "2"; "x", "2"; "0", "-1"; "0", "many" ] do
                    Expect.throwsT<InputException>
                        (fun () -> found [ "PMI_RANK", rank; "PMI_SIZE", size ] |> ignore)
                        $"{rank} of {size}"
            }
            test "a library that is not there is one line with what to do" {
                let launcher = Launcher("mpirun", 0, 2, [ "libnothing.so.7" ])

                Expect.throwsC (fun () -> launcher.Join(System.TimeSpan.FromSeconds 10.0) |> ignore) (fun e ->
                    Expect.stringContains e.Message "libnothing.so.7" "the library"
                    Expect.stringContains e.Message "LORI_MPI" "what to do")
            }
        ]
