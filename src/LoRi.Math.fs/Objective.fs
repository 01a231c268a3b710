namespace LoRi.Math

/// How anchors are compared.
[<RequireQualifiedAccess>]
type AnchorForm =
    | Full
    | Subspace
    | Off

type ObjectiveOptions =
    { Rationale: RationaleOptions
      Anchor: AnchorForm }

/// The objective with all its constants on one backend: what a training step calls.
[<Sealed>]
type BoundObjective private (bound: BoundSubspace, options: ObjectiveOptions, divisors: Map<string, RawTensor>, component': RawTensor option, deviations: RawTensor option) =

    static let needed (options: RationaleOptions) =
        [ "statistic.mean"
          match options.Covariance with
          | Covariance.Modewise -> yield! [ "statistic.covariance.layer"; "statistic.covariance.hidden" ]
          | Covariance.Full -> "statistic.covariance.full"
          | Covariance.PerLayer -> "statistic.covariance.per-layer"
          | Covariance.Diagonal -> "statistic.covariance.diagonal"
          | Covariance.Off -> ()
          match options.Order with
          | Order.Lag1 -> yield! [ "statistic.order.lag-1.layer"; "statistic.order.lag-1.hidden" ]
          | Order.Third -> "statistic.order.third"
          | Order.Off -> () ]

    static let shapeOf layers width name =
        match name with
        | "statistic.covariance.layer"
        | "statistic.order.lag-1.layer" -> [| layers; layers |]
        | "statistic.covariance.hidden"
        | "statistic.order.lag-1.hidden" -> [| width; width |]
        | "statistic.covariance.per-layer" -> [| layers; width; width |]
        | "statistic.covariance.full" -> [| layers * width; layers * width |]
        | _ -> [| layers; width |]

    /// Binds a subspace and options to the backend of `like`. Errors: VarianceMissing.
    static member Create (subspace: SharedSubspace) (options: ObjectiveOptions) (like: RawTensor) : Result<BoundObjective, MathError> =
        let layers, width = SharedSubspace.coordinateRanks subspace
        let names =
            match options.Rationale.Weighting with
            | Weighting.Off -> []
            | Weighting.Variance -> [ "component.variance" ]
            | Weighting.Statistic -> needed options.Rationale

        match names |> List.tryFind (fun name -> not (subspace.Variances.ContainsKey name)) with
        | Some missing -> Error(VarianceMissing missing)
        | None when options.Anchor <> AnchorForm.Off && subspace.AnchorDeviation.Length = 0 -> Error(VarianceMissing "anchor.std")
        | None ->
            let constant (name: string) =
                like.Constant(shapeOf layers width name, Weighting.divisors subspace.Variances[name])

            let component' =
                if options.Rationale.Weighting = Weighting.Variance then
                    let roots = Weighting.divisors subspace.Variances["component.variance"] |> Array.map sqrt
                    Some(like.Constant([| layers; 1; width |], roots))
                else
                    None

            let deviations =
                if subspace.AnchorDeviation.Length = 0 then None else Some(like.Constant([| subspace.Levels |], subspace.AnchorDeviation))

            let divisors =
                if options.Rationale.Weighting = Weighting.Statistic then
                    Map.ofList [ for name in names -> name.Substring "statistic.".Length, constant name ]
                else
                    Map.empty

            Ok(BoundObjective(BoundSubspace(subspace, like), options, divisors, component', deviations))

    member _.Subspace = bound

    member private _.Scaled(Coordinates z: Coordinates<'token>) : Coordinates<'token> =
        match component' with
        | Some roots -> Coordinates(Tensor3((Tensor3.raw z).Divide roots))
        | None -> Coordinates z

    /// The moments of one side.
    member this.Centre (weights: TokenWeights<'token>) (z: Coordinates<'token>) = Moments.centre weights (this.Scaled z)

    /// The rationale terms of cached teacher coordinates against the student's raw states.
    member this.Rationale (teacherWeights: TokenWeights<TeacherToken>) (teacher: Coordinates<TeacherToken>) (studentWeights: TokenWeights<LatentStep>) (student: RawTrajectory<LatentStep>) : RationaleTerms =
        let z = bound.Coordinates(bound.Standardise student)
        let teacherMoments, studentMoments = this.Centre teacherWeights teacher, this.Centre studentWeights z
        let terms = MomentMatching.terms { options.Rationale with Covariance = (if this.UsesGrams then Covariance.Off else options.Rationale.Covariance) } (fun s -> divisors.TryFind s.Name) teacherMoments studentMoments

        if this.UsesGrams then
            { terms with Covariance = MomentMatching.fullCovarianceByGrams teacherMoments studentMoments }
        else
            terms

    /// Whether the full covariance goes through token Grams: always but for weights entry by entry.
    member private _.UsesGrams = options.Rationale.Covariance = Covariance.Full && options.Rationale.Weighting <> Weighting.Statistic

    /// The anchor term; raw anchors .. L d.
    member this.Anchor (Matrix teacher: Matrix<Level, Hidden>) (Matrix student: Matrix<Level, Hidden>) : Scalar =
        match options.Anchor, deviations with
        | AnchorForm.Off, _ -> Scalar(((student.Subtract student).SumTrailing 2))
        | _, None -> MathError.invariant "anchors are compared without deviations"
        | AnchorForm.Full, Some deviations -> Anchor.loss deviations (student.Subtract teacher)
        | AnchorForm.Subspace, Some deviations -> Anchor.loss deviations (bound.ProjectAnchors(student.Subtract teacher))
