/// Parameters of public members that their documentation says nothing of. That a member has any at all is the compiler's business.
module LoRi.Cli.Tests.DocumentedApi

open System
open System.IO
open System.Reflection
open System.Runtime.CompilerServices
open System.Xml.Linq
open Microsoft.FSharp.Reflection

/// A type as the identifiers of documentation write it.
let rec private typeName (owner: Type | null) (found: Type) : string =
    let inner (part: Type) = typeName owner part

    if found.IsByRef then
        inner (nonNull (found.GetElementType())) + "@"
    elif found.IsPointer then
        inner (nonNull (found.GetElementType())) + "*"
    elif found.IsArray then
        let bounds =
            if found.GetArrayRank() = 1 then
                ""
            else
                String.Join(",", Array.replicate (found.GetArrayRank()) "0:")

        inner (nonNull (found.GetElementType())) + $"[{bounds}]"
    elif found.IsGenericParameter then
        let ticks = if isNull found.DeclaringMethod then "`" else "``"
        $"{ticks}{found.GenericParameterPosition}"
    elif found.IsGenericType then
        let whole = nonNull ((found.GetGenericTypeDefinition()).FullName)
        let mutable rest = List.ofArray (found.GetGenericArguments())

        let part (name: string) =
            match name.Split '`' with
            | [| name; count |] ->
                let taken, left = List.splitAt (int count) rest
                rest <- left
                let arguments = taken |> List.map inner |> String.concat ","
                $"{name}{{{arguments}}}"
            | _ -> name

        whole.Split '+' |> Array.map part |> String.concat "."
    else
        (nonNull found.FullName).Replace('+', '.')

let private ofType (found: Type) =
    (nonNull found.FullName).Replace('+', '.')

let private signature (parameters: ParameterInfo array) =
    if parameters.Length = 0 then
        ""
    else
        let types = parameters |> Array.map (fun p -> typeName null p.ParameterType)
        let inside = String.Join(",", types)
        $"({inside})"

let private ofMethod (found: MethodBase) =
    let owner = ofType (nonNull found.DeclaringType)
    let name = found.Name.Replace('.', '#')

    let generic =
        if found.IsGenericMethod then
            $"``{found.GetGenericArguments().Length}"
        else
            ""

    let result =
        match found with
        | :? MethodInfo as method when method.Name = "op_Implicit" || method.Name = "op_Explicit" ->
            "~" + typeName null method.ReturnType
        | _ -> ""

    $"M:{owner}.{name}{generic}{signature (found.GetParameters())}{result}"

let private named (entry: XElement) =
    (nonNull (entry.Attribute(XName.Get "name"))).Value

/// The entries of an assembly's documentation, by their identifiers.
let private entries (assembly: Assembly) =
    let path = nonNull (Path.ChangeExtension(assembly.Location, ".xml"))

    dict
        [
            for entry in XDocument.Load(path).Descendants(XName.Get "member") -> named entry, entry
        ]

let private isGenerated (found: MemberInfo) =
    not (isNull (found.GetCustomAttribute<CompilerGeneratedAttribute>()))

/// Members that a type has because of what it is: a record's, a union's, an enumeration's, an exception's.
let private isOfItsKind (found: Type) (method: MethodBase) =
    isGenerated method
    || found.IsEnum
    || FSharpType.IsUnion found
    || FSharpType.IsRecord found
    || typeof<Delegate>.IsAssignableFrom found

let private described (entry: XElement) =
    entry.Elements(XName.Get "param")
    |> Seq.filter (fun e -> e.HasElements || not (String.IsNullOrWhiteSpace e.Value))
    |> Seq.map named
    |> Set.ofSeq

let private lacking (id: string) (entry: XElement) (parameters: ParameterInfo array) =
    if Seq.isEmpty (entry.Descendants(XName.Get "inheritdoc")) then
        [
            for parameter in parameters do
                if not ((described entry).Contains(string parameter.Name)) then
                    $"{id}: {parameter.Name}"
        ]
    else
        []

let private all =
    BindingFlags.Public
    ||| BindingFlags.NonPublic
    ||| BindingFlags.Instance
    ||| BindingFlags.Static
    ||| BindingFlags.DeclaredOnly

let private isSeen (found: MethodBase) =
    found.IsPublic || found.IsFamily || found.IsFamilyOrAssembly

/// The methods that a type adds itself; what it overrides is described where it was first declared.
let private methods (found: Type) =
    found.GetMethods all
    |> Array.filter (fun method ->
        isSeen method
        && not method.IsSpecialName
        && not (isOfItsKind found method)
        && method.GetBaseDefinition().DeclaringType = found
        && not (method.Name.Contains '<'))

let private ofMembers (entries: Collections.Generic.IDictionary<string, XElement>) (found: Type) =
    let look id parameters =
        match entries.TryGetValue id with
        | true, entry -> lacking id entry parameters
        | _ -> []

    [
        for method in found.GetConstructors all do
            if isSeen method && not (isOfItsKind found method) then
                // A primary constructor's parameters are described beside the type.
                let own = ofMethod method
                yield! look (if entries.ContainsKey own then own else $"T:{ofType found}") (method.GetParameters())

        for method in methods found do
            yield! look (ofMethod method) (method.GetParameters())

        for property in found.GetProperties all do
            if property.GetMethod |> Option.ofObj |> Option.exists isSeen then
                let parameters = property.GetIndexParameters()
                yield! look $"P:{ofType found}.{property.Name}{signature parameters}" parameters
    ]

/// What lacks in some types of an assembly, one line a parameter.
let gaps (assembly: Assembly) (isAsked: Type -> bool) =
    let entries = entries assembly

    assembly.GetExportedTypes()
    |> Array.filter isAsked
    |> List.ofArray
    |> List.collect (ofMembers entries)
