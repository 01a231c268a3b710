module LoRi.Training.Tests.NativeTests

open System
open System.IO
open Expecto
open LoRi.Files
open LoRi.Models.Native

let private library =
    lazy
        if not (OperatingSystem.IsLinux()) then
            skiptest "the native library of this system is none that is adapted"

        File.ReadAllBytes(NativeRuntime.Report().TorchSharpLibrary)

let private patch (bytes: byte[]) =
    ElfPatch.Apply(ReadOnlySpan bytes, "lib.so")

let private refusal (bytes: byte[]) =
    try
        patch bytes |> ignore
        failtest "expected a refusal"
    with :? InputException as e ->
        Expect.stringStarts e.Message "lib.so: " "names the file"
        Expect.isFalse (e.Message.Contains '\n') "one line"
        e.Message

let private occurrences (text: string) (bytes: byte[]) =
    let pattern = Text.Encoding.ASCII.GetBytes text

    let rec count (from: int) found =
        match bytes.AsSpan(from).IndexOf(ReadOnlySpan pattern) with
        | -1 -> found
        | at -> count (from + at + 1) (found + 1)

    count 0 0

[<Tests>]
let tests =
    testList
        "Native"
        [
            test "the patch changes names and flags only, and only once" {
                let original = library.Force()
                let patched = patch original
                Expect.equal patched.Length original.Length "no byte moves"

                let changed =
                    Seq.zip original patched |> Seq.filter (fun (a, b) -> a <> b) |> Seq.length

                Expect.isLessThan changed 40 "few bytes differ"
                Expect.isGreaterThan changed 3 "some bytes differ"
                Expect.equal (patch patched) patched "a patched file stays as it is"
            }
            test "every truncation is refused" {
                let original = library.Force()

                for length in
                    [
                        0
                        3
                        4
                        63
                        64
                        65
                        1000
                        0x3890
                        0x16760
                        0x3f8f0
                        original.Length / 2
                        original.Length - 1
                    ] do
                    refusal original[.. length - 1] |> ignore
            }
            test "files of another kind are refused" {
                let original = library.Force()
                Expect.stringContains (refusal (Array.create 5000 0uy)) "not an ELF file" ""

                for at, value, reason in [ 4, 1uy, "64-bit"; 5, 2uy, "64-bit"; 16, 2uy, "x86-64"; 18, 40uy, "x86-64" ] do
                    let copy = Array.copy original
                    copy[at] <- value
                    Expect.stringContains (refusal copy) reason ""
            }
            test "a library that does not ask for the version is refused" {
                let copy = Array.copy (library.Force())
                let name = Text.Encoding.ASCII.GetBytes ElfPatch.MissingVersion
                let at = copy.AsSpan().IndexOf(ReadOnlySpan name)
                copy[at + name.Length - 1] <- byte '3'
                Expect.stringContains (refusal copy) "0 times" ""
            }
            test "a library that defines the symbol is refused" {
                let copy = Array.copy (library.Force())
                // The symbol's section index, in entry 482 of the table at 0x3890, is its bytes 6 and 7.
                let at = 0x3890 + 482 * 24 + 6
                copy[at] <- 12uy
                Expect.stringContains (refusal copy) "defines" ""
            }
            test "random damage never gives anything but an answer or a refusal" {
                let original = library.Force()
                let random = Random 5

                for _ in 1..60 do
                    let copy = Array.copy original

                    for _ in 1..20 do
                        copy[random.Next 0x40000] <- byte (random.Next 256)

                    try
                        patch copy |> ignore
                    with :? InputException ->
                        ()
            }
            test "loading gives working arithmetic, twice" {
                NativeRuntime.Load()
                NativeRuntime.Load()
                let a = TorchSharp.torch.ones ([| 3L; 4L |], requires_grad = true)
                let sum = a.matmul(TorchSharp.torch.ones [| 4L; 2L |]).sum()
                sum.backward ()
                Expect.equal (sum.item<float32>()) 24f "product"
                Expect.equal ((nonNull a.grad).sum().item<float32>()) 24f "gradient"
            }
            test "an adapted copy is loaded from memory, or from a file that has no name any more" {
                let original = NativeRuntime.Report().TorchSharpLibrary
                let copy = AdaptedLibrary(original, patch (library.Force()), "a test")
                let folder = Directory.CreateTempSubdirectory("lori-test").FullName

                try
                    let memory = copy.TryLoadFromMemory()

                    for handle in [ memory; Nullable(copy.LoadFromFolder folder) ] do
                        Expect.isTrue handle.HasValue "loaded"

                        Expect.isTrue
                            (Runtime.InteropServices.NativeLibrary.TryGetExport(handle.Value, "THSTensor_dispose")
                             |> fst)
                            "what it exports"

                    Expect.isEmpty (Directory.GetFileSystemEntries folder) "nothing is left"
                finally
                    Directory.Delete(folder, true)

                let message = SharedFiles.refusalOf (fun () -> copy.LoadFromFolder folder |> ignore)

                Expect.stringContains message folder "the folder that is not there"
                Expect.stringContains message "TMPDIR" "what to set"

                for _ in 1..3 do
                    let other = AdaptedLibrary(original, Array.create 100 1uy, "a test")
                    Expect.isFalse (other.TryLoadFromMemory().HasValue) "no library"
            }
            test "an external folder must be there, complete and of a known version" {
                let folder = Directory.CreateTempSubdirectory("lori-test").FullName

                let messageOf (asked: string) =
                    try
                        LibtorchLocation.Find(NativeRuntimeOptions(LibtorchFolder = asked)) |> ignore
                        "accepted"
                    with :? InputException as e ->
                        e.Message

                let message () = messageOf folder

                try
                    Expect.stringContains (message ()) "libc10.so" "missing file"
                    let lib = Directory.CreateDirectory(Path.Combine(folder, "lib")).FullName

                    for name in [ "libc10.so"; "libtorch_cpu.so"; "libtorch.so" ] do
                        File.WriteAllText(Path.Combine(lib, name), "")

                    Expect.stringContains (message ()) "unknown version" "no version"
                    File.WriteAllText(Path.Combine(folder, "version.py"), "__version__: Final[str] = '2.13.0+cpu'\n")
                    Expect.stringContains (message ()) "2.13.0+cpu" "named version"

                    File.WriteAllText(
                        Path.Combine(folder, "version.py"),
                        "from x import y\n__version__ = '2.10.0+cu128'\n"
                    )

                    Expect.equal (message ()) "accepted" "known version"
                    Expect.equal (messageOf (lib + "/")) "accepted" "as a shell completes it"
                    Expect.stringContains (messageOf "") "names no folder" "empty"
                finally
                    Directory.Delete(folder, true)
            }
        ]
