/// The theorems of proofs/Gradient.v, on the code.
module LoRi.Math.Tests.Proofs.GradientProofTests

open Expecto
open LoRi.Math
open LoRi.Math.Tests
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Math.Tests.Generators
open LoRi.Math.Tests.Proofs.Tensors
open LoRi.Math.Tests.Proofs.Trajectories

let private property = property<TrajectoryCase> typeof<TrajectoryCases>

/// One of the three terms, with what it compares.
type private Term =
    {
        Options: RationaleOptions
        Weights: RationaleWeights
        Place: int
        Statistics: Centred<LatentStep> -> StatisticValue list
    }

let private term place options statistics =
    let weight own = if place = own then 1.0 else 0.0

    {
        Options = options
        Weights =
            {
                Mean = weight 0
                Covariance = weight 1
                Order = weight 2
            }
        Place = place
        Statistics = statistics
    }

let private ofMean =
    term 0 (compared Covariance.Off Order.Off) (fun c -> [ Moments.mean c ])

let private ofCovariance form =
    term 1 (compared form Order.Off) (Moments.covariance form)

let private ofOrder form =
    term 2 (compared Covariance.Off form) (Moments.order form)

let private moved (y: Slices) sign (h: Slices) : Slices =
    Array.map2 (Array.map2 (fun a b -> a + sign * b)) y h

/// The rest of f(y + h) = f(y) + <g, h> + r(h), as the theorem has it: of every statistic S with S(y + h) = S(y) + L + Q, L
/// linear, <dL/dS, Q> + the mean of (L + Q)^2 over the divisors. Odd powers fall out of S(y + h) + S(y - h); `cubic` adds the
/// third power of the third moments.
let private remainder (backend: Backend) (case: TrajectoryCase) (term: Term) divisor (h: Slices) =
    let statistics slices =
        term.Statistics(centred backend case.Sizes slices)

    let teacher = statistics case.Teacher
    let y = case.Student

    let at =
        [ y; moved y 1.0 h; moved y -1.0 h; h ] |> List.map (statistics >> List.toArray)

    List.indexed teacher
    |> List.sumBy (fun (index, own) ->
        let numbers =
            at |> List.map (fun found -> found[index].Entries.ToArray()) |> Array.ofList

        let still, forth, back, alone = numbers[0], numbers[1], numbers[2], numbers[3]

        let divisors =
            match divisor own.Statistic with
            | Some(d: RawTensor) -> d.ToArray()
            | None -> Array.create still.Length 1.0

        let even = Array.map3 (fun f b s -> (f + b) / 2.0 - s) forth back still

        let rest =
            match own.Statistic with
            | statistic when statistic = Statistic.mean -> Array.create still.Length 0.0
            | statistic when statistic = Order.third -> Array.map2 (+) even alone
            | _ -> alone

        let slope =
            Array.map3 (fun s t d -> 2.0 * (s - t) / d) still (own.Entries.ToArray()) divisors

        let change = Array.map2 (-) forth still
        let squares = Array.map2 (fun c d -> c * c / d) change divisors
        (dot slope rest + Array.sum squares) / float still.Length)

/// f(y + h) = f(y) + <g, h> + r(h)
let private expansion (backend: Backend) (case: TrajectoryCase) (term: Term) divisor full =
    let h = case.Slices 2 case.Steps |> Array.map (Array.map (fun x -> x - 1.0))
    let teacher: Centred<TeacherToken> = centred backend case.Sizes case.Teacher
    let student: Centred<LatentStep> = centred backend case.Sizes case.Student

    let gradient =
        (MomentMatching.gradient term.Options term.Weights divisor full teacher student).ToArray()
        |> slicesOf case.Sizes

    let f slices =
        (termsOf backend case.Sizes term.Options divisor case.Teacher slices)[term.Place]

    let found, still = f (moved case.Student 1.0 h), f case.Student
    let linear = Seq.sum (Seq.map2 dot gradient h)
    let rest = remainder backend case term divisor h
    closeOn (1.0 + abs still + abs linear) Tolerances.loss [| found |] [| still + linear + rest |] $"{term.Options}"

let private expands name term (backend: Backend) =
    property name (fun case ->
        expansion backend case term undivided FullCovariances.EntryByEntry
        expansion backend case term (dividedBy backend case.Seed case.Sizes) FullCovariances.EntryByEntry)

let private terms (backend: Backend) =
    [
        expands "gradient_of_the_mean_term" ofMean backend
        expands "gradient_of_the_modewise_term" (ofCovariance Covariance.Modewise) backend
        expands "gradient_of_the_per_layer_term" (ofCovariance Covariance.PerLayer) backend
        expands "gradient_of_the_diagonal_term" (ofCovariance Covariance.Diagonal) backend
        expands "gradient_of_the_lag_1_term" (ofOrder Order.Lag1) backend
        expands "gradient_of_the_third_term" (ofOrder Order.Third) backend

        property "gradient_of_the_full_covariance_term" (fun case ->
            let term = ofCovariance Covariance.Full
            expansion backend case term undivided FullCovariances.EntryByEntry
            expansion backend case term undivided FullCovariances.ThroughTokenGrams
            expansion backend case term (dividedBy backend case.Seed case.Sizes) FullCovariances.EntryByEntry)
    ]

/// The roots of the corpus's variances, with their floor. Shape: r_L 1 r_d.
let private roots (subspace: MeasuredSubspace) (like: RawTensor) =
    let layers, width = subspace.Fitted.CoordinateRanks

    let roots =
        Weighting.divisors (Option.get subspace.ComponentVariances) |> Array.map sqrt

    like.Constant([| layers; 1; width |], roots)

/// The gradient against raw states, paired with a movement of them, is the gradient against the coordinates compared, paired
/// with theirs.
let private pairs weighting (backend: Backend) (case: ObjectiveCase) =
    let options =
        { case.Options with
            Weighting = weighting
        }

    let weights: RationaleWeights =
        {
            Mean = 0.7
            Covariance = 1.3
            Order = 0.4
        }

    let batch = batch backend { case with Options = options }
    let bound = batch.Objective.Subspace
    let states = studentStates backend case.Corpus

    let h =
        states.Constant(states.Shape, normals case.Corpus.Seed (states.ToArray().Length))

    let compared (z: Coordinates<'token>) : Coordinates<'token> =
        if weighting = Weighting.Variance then
            ok (bound.CoordinatesOf((Coordinates.raw z).Divide(roots batch.Objective.Measured states)))
        else
            z

    let coordinates states =
        compared (bound.Coordinates(bound.Standardise(batch.Student states)))

    let raw =
        batch.Objective.RationaleGradient
            weights
            batch.TeacherWeights
            batch.Teacher
            batch.StudentWeights
            (batch.Student states)

    let inside =
        MomentMatching.gradient
            options
            weights
            undivided
            FullCovariances.EntryByEntry
            (Moments.centre batch.TeacherWeights (compared batch.Teacher))
            (Moments.centre batch.StudentWeights (coordinates states))

    let movement =
        (Coordinates.raw (coordinates (states.Add h))).Subtract(Coordinates.raw (coordinates states))

    let expected = dot (inside.ToArray()) (movement.ToArray())
    let found = dot (raw.ToArray()) (h.ToArray())
    closeOn (1.0 + largest (inside.ToArray())) Tolerances.loss [| expected |] [| found |] "<g, h>"

/// Against raw states and against coordinates; cases have subspaces of every kind.
let private pulledBack (backend: Backend) =
    let property = Backends.property<ObjectiveCase> typeof<Cases>

    [
        property "gradient_pulled_back" (fun case ->
            for kind in [ SubspaceKind.MultilinearSvd; SubspaceKind.Complement; SubspaceKind.Identity ] do
                pairs Weighting.Off backend { case with Kind = kind })

        property "gradient_through_a_scale" (pairs Weighting.Variance backend)
    ]

[<Tests>]
let tests =
    testList "Proofs" [ onEach "Gradient.v" (fun backend -> terms backend @ pulledBack backend) ]
