/// No code of the shell lets TorchSharp make a number that nobody holds: such a number can be freed while libtorch reads it.
module LoRi.Training.Tests.HeldScalarTests

open System
open System.Collections.Generic
open System.IO
open System.Reflection
open System.Reflection.Emit
open System.Reflection.Metadata
open System.Reflection.Metadata.Ecma335
open System.Reflection.PortableExecutable
open System.Threading
open Expecto
open LoRi.Math
open LoRi.Files
open LoRi.Models.Native
open LoRi.Models.Tensors
open TorchSharp

/// A method, by its type, name and number of parameters with their types.
type private Method = string

let private opcodes =
    dict
        [
            for field in typeof<OpCodes>.GetFields(BindingFlags.Public ||| BindingFlags.Static) do
                let code = unbox<OpCode>(field.GetValue(null: obj | null))
                code.Value, code
        ]

/// Parameter types as words, enough to tell overloads apart.
type private Words() =
    interface ISignatureTypeProvider<string, obj> with
        member _.GetPrimitiveType code = string code

        member _.GetTypeFromDefinition(reader, handle, _) =
            reader.GetString(reader.GetTypeDefinition(handle).Name)

        member _.GetTypeFromReference(reader, handle, _) =
            reader.GetString(reader.GetTypeReference(handle).Name)

        member _.GetTypeFromSpecification(_, _: obj, _, _) = "specification"
        member _.GetSZArrayType element = element + "[]"
        member _.GetArrayType(element, _) = element + "[,]"
        member _.GetByReferenceType element = element + "&"
        member _.GetPointerType element = element + "*"
        member _.GetPinnedType element = element

        member _.GetGenericInstantiation(generic, arguments) =
            $"""{generic}<{String.Join(",", arguments)}>"""

        member _.GetGenericTypeParameter(_: obj, index) = $"!{index}"
        member _.GetGenericMethodParameter(_: obj, index) = $"!!{index}"
        member _.GetFunctionPointerType _ = "function"
        member _.GetModifiedType(_, unmodified, _) = unmodified

let private typeName (reader: MetadataReader) (handle: EntityHandle) =
    match handle.Kind with
    | HandleKind.TypeReference -> reader.GetString(reader.GetTypeReference(TypeReferenceHandle.op_Explicit handle).Name)
    | HandleKind.TypeDefinition ->
        reader.GetString(reader.GetTypeDefinition(TypeDefinitionHandle.op_Explicit handle).Name)
    | kind -> string kind

let rec private methodName (reader: MetadataReader) (handle: EntityHandle) : Method =
    let name (owner: EntityHandle) (name: StringHandle) (signature: MethodSignature<string>) =
        $"""{typeName reader owner}.{reader.GetString name}({String.Join(",", signature.ParameterTypes)})"""

    match handle.Kind with
    | HandleKind.MethodSpecification ->
        methodName reader (reader.GetMethodSpecification(MethodSpecificationHandle.op_Explicit handle).Method)
    | HandleKind.MethodDefinition ->
        let definition =
            reader.GetMethodDefinition(MethodDefinitionHandle.op_Explicit handle)

        name
            (TypeDefinitionHandle.op_Implicit (definition.GetDeclaringType()))
            definition.Name
            (definition.DecodeSignature(Words(), obj ()))
    | HandleKind.MemberReference ->
        let reference = reader.GetMemberReference(MemberReferenceHandle.op_Explicit handle)

        if reference.GetKind() = MemberReferenceKind.Method then
            name reference.Parent reference.Name (reference.DecodeMethodSignature(Words(), obj ()))
        else
            ""
    | _ -> ""

/// Tokens of the methods that a body calls.
let private calledTokens (body: byte[]) =
    let rec walk at (found: int list) =
        if at >= body.Length then
            found
        else
            let code, at =
                if body[at] = 0xFEuy then
                    opcodes[int16 (0xFE00 ||| int body[at + 1])], at + 2
                else
                    opcodes[int16 body[at]], at + 1

            let operand =
                match code.OperandType with
                | OperandType.InlineNone -> 0
                | OperandType.ShortInlineBrTarget
                | OperandType.ShortInlineI
                | OperandType.ShortInlineVar -> 1
                | OperandType.InlineVar -> 2
                | OperandType.InlineI8
                | OperandType.InlineR -> 8
                | OperandType.InlineSwitch -> 4 + 4 * BitConverter.ToInt32(body, at)
                | _ -> 4

            let found =
                if code.OperandType = OperandType.InlineMethod then
                    BitConverter.ToInt32(body, at) :: found
                else
                    found

            walk (at + operand) found

    walk 0 []

/// Every call of an assembly, as caller and callee.
let private calls (file: string) : (Method * Method) list =
    use image = new PEReader(File.OpenRead file)
    let reader = image.GetMetadataReader()

    [
        for handle in reader.MethodDefinitions do
            let address = reader.GetMethodDefinition(handle).RelativeVirtualAddress

            if address <> 0 then
                let caller = methodName reader (MethodDefinitionHandle.op_Implicit handle)

                for token in calledTokens (Array.ofSeq (image.GetMethodBody(address).GetILContent())) do
                    caller, methodName reader (MetadataTokens.EntityHandle token)
    ]

let private makesScalar (callee: Method) =
    callee.StartsWith "Scalar.op_Implicit" || callee.Contains ".ToScalar("

/// What TorchSharp offers that makes a number inside and does not hold it.
let private unsafe (torchSharp: (Method * Method) list) : HashSet<Method> =
    let makers =
        HashSet
            [
                for caller, callee in torchSharp do
                    if makesScalar callee then
                        caller
            ]

    let rec grow () =
        let more =
            [
                for caller, callee in torchSharp do
                    if makers.Contains callee && not (makers.Contains caller) then
                        caller
            ]

        if not more.IsEmpty then
            makers.UnionWith more
            grow ()

    grow ()
    makers

/// The assemblies of the shell that know Torch.
let private shell =
    [
        typeof<LoRi.Models.Decoders.Decoder>
        typeof<LoRi.Training.Trainer>
        typeof<LoRi.Runs.Training.TrainingStage>
    ]
    |> List.map _.Assembly.Location

let private held =
    test "no call of the shell makes a number that it does not hold" {
        let unsafe = unsafe (calls typeof<torch.Tensor>.Assembly.Location)
        Expect.isTrue (unsafe.Contains "Tensor.op_Addition(Tensor,Tensor)") "the sum of two tensors is among them"

        let found =
            [
                for assembly in shell do
                    for caller, callee in calls assembly do
                        if (makesScalar callee || unsafe.Contains callee) && not (caller.StartsWith "HeldScalars.") then
                            $"{caller} calls {callee}"
            ]

        Expect.equal (String.concat "; " found) "" "use the methods of HeldScalars"
    }

/// Collections on another thread as fast as they go, while numbers and tensors meet.
let private collected =
    test "sums and products are right while another thread collects" {
        NativeRuntime.Load()
        let mutable stop = false

        let collector =
            Thread(fun () ->
                while not (Volatile.Read &stop) do
                    GC.Collect(0, GCCollectionMode.Forced, true)
                    GC.WaitForPendingFinalizers())

        collector.Start()

        try
            use _ = torch.NewDisposeScope()
            let one = TorchTensor(torch.ones (4L, dtype = torch.ScalarType.Float64))

            for round in 1..20_000 do
                use _ = torch.NewDisposeScope()
                let factor = float round
                let sum = ((one.Scale factor).Add(one.Scale 2.0)).ToArray()
                Expect.allEqual sum (factor + 2.0) "the sum"
        finally
            Volatile.Write(&stop, true)
            collector.Join()
    }

[<Tests>]
let tests = testList "Held scalars" [ held; collected ]
