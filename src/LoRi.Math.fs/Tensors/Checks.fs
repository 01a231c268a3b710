namespace LoRi.Math

/// Checks in a row: `result { }` goes from one to the next and ends at the first error.
[<Sealed>]
type internal ResultBuilder() =
    member _.Return value : Result<'a, MathError> = Ok value
    member _.ReturnFrom(outcome: Result<'a, MathError>) = outcome
    member _.Zero() : Result<unit, MathError> = Ok()
    member _.Bind(outcome: Result<'a, MathError>, next: 'a -> Result<'b, MathError>) = Result.bind next outcome
    member _.Delay(work: unit -> Result<'a, MathError>) = work
    member _.Run(work: unit -> Result<'a, MathError>) = work ()

    member _.Combine(first: Result<unit, MathError>, next: unit -> Result<'a, MathError>) = Result.bind next first

    member this.For(items: seq<'item>, check: 'item -> Result<unit, MathError>) : Result<unit, MathError> =
        items |> Seq.map check |> Seq.tryFind Result.isError |> Option.defaultWith this.Zero

[<AutoOpen>]
module internal Checks =

    /// Checks in a row.
    let result = ResultBuilder()

    /// `Error error` where something is wrong.
    let refuse wrong error = if wrong then Error error else Ok()

/// Checks of plain numbers.
module internal Values =

    /// As many numbers as expected, all of them finite. Errors: WrongLength, NotFinite.
    let check what expected (values: float[]) =
        result {
            do! refuse (values.Length <> expected) (WrongLength(what, expected, values.Length))
            do! refuse (not (Array.forall System.Double.IsFinite values)) (NotFinite what)
        }

    /// All above zero. Errors: NotPositive.
    let positive what (values: float[]) =
        match Array.tryFind (fun value -> not (value > 0.0)) values with
        | Some value -> Error(NotPositive(what, value))
        | None -> Ok()

    /// None below zero. Errors: Negative.
    let notBelowZero what (values: float[]) =
        match Array.tryFind (fun value -> value < 0.0) values with
        | Some value -> Error(Negative(what, value))
        | None -> Ok()
