namespace LoRi.Math

/// How anchors are compared.
[<RequireQualifiedAccess>]
type AnchorForm =
    | Full
    /// After projection of the difference, divided by the level's rms before and multiplied after.
    | Subspace
    | Off

/// What the difference of anchors is divided by, per level.
[<RequireQualifiedAccess>]
type AnchorScale =
    /// The unbiased deviation over the corpus's teacher anchors, fixed when the subspace is fitted.
    | Corpus
    /// The same over the teacher's anchors of the batch, as CODI has it.
    | Batch

/// Which terms are compared, and how.
type ObjectiveOptions =
    {
        Rationale: RationaleOptions
        Anchor: AnchorForm
        AnchorScale: AnchorScale
    }

/// The objective with all its constants on one backend: what a training step calls.
[<Sealed>]
type BoundObjective
    private
    (
        bound: BoundSubspace,
        options: ObjectiveOptions,
        divisors: Map<string, RawTensor>,
        roots: RawTensor option,
        deviations: RawTensor option
    ) =

    /// The full covariance goes through token Grams always but for weights entry by entry.
    let grams = options.Rationale.Weighting <> Weighting.Statistic

    /// Components over the roots of their variances, where the weighting says so.
    let scaled (Coordinates z: Coordinates<'token>) : Coordinates<'token> =
        match roots with
        | Some roots -> Coordinates(Tensor3((Tensor3.raw z).Divide roots))
        | None -> Coordinates z

    let divisor (statistic: Statistic) = divisors.TryFind statistic.Name

    static let needed (options: ObjectiveOptions) =
        match options.Rationale.Weighting with
        | Weighting.Off -> []
        | Weighting.Variance -> [ "component.variance" ]
        | Weighting.Statistic ->
            [ Statistic.mean ]
            @ Statistic.ofCovariance options.Rationale.Covariance
            @ Statistic.ofOrder options.Rationale.Order
            |> List.map (fun name -> "statistic." + name)

    static let missing (subspace: SharedSubspace) (options: ObjectiveOptions) =
        let fixedScale =
            options.Anchor <> AnchorForm.Off && options.AnchorScale = AnchorScale.Corpus

        needed options
        |> List.tryFind (fun name -> not (subspace.Variances.ContainsKey name))
        |> Option.orElse (
            if fixedScale && subspace.AnchorDeviation.Length = 0 then
                Some "anchor.std"
            else
                None
        )

    /// Binds a subspace and options to the backend of `like`. Errors: VarianceMissing, WrongLength.
    static member Create
        (subspace: SharedSubspace)
        (options: ObjectiveOptions)
        (like: RawTensor)
        : Result<BoundObjective, MathError> =
        let layers, width = SharedSubspace.coordinateRanks subspace

        let shapeOf (name: string) =
            Statistic.shape (name.Replace("statistic.", "")) layers width

        let wrongLength name =
            let expected, found =
                Array.fold (*) 1 (shapeOf name), subspace.Variances[name].Length

            if expected = found then
                None
            else
                Some(WrongLength(name, expected, found))

        match missing subspace options with
        | Some name -> Error(VarianceMissing name)
        | None ->
            match List.tryPick wrongLength (needed options) with
            | Some error -> Error error
            | None ->
                let divisors =
                    Map.ofList
                        [
                            for name in needed options -> name, Weighting.divisors subspace.Variances[name]
                        ]

                let roots =
                    divisors.TryFind "component.variance"
                    |> Option.map (fun values -> like.Constant([| layers; 1; width |], Array.map sqrt values))

                let constants =
                    Map.ofList
                        [
                            if options.Rationale.Weighting = Weighting.Statistic then
                                for KeyValue(name, values) in divisors ->
                                    name.Substring "statistic.".Length, like.Constant(shapeOf name, values)
                        ]

                let deviations =
                    if subspace.AnchorDeviation.Length = 0 then
                        None
                    else
                        Some(like.Constant([| subspace.Levels |], subspace.AnchorDeviation))

                Ok(BoundObjective(BoundSubspace(subspace, like), options, constants, roots, deviations))

    /// The subspace, bound to the same backend.
    member _.Subspace = bound

    /// The moments of teacher and student, in this order; the student's raw states are standardised and projected.
    member private _.Moments
        teacherWeights
        (teacher: Coordinates<TeacherToken>)
        studentWeights
        (student: RawTrajectory<LatentStep>)
        =
        Moments.centre teacherWeights (scaled teacher),
        Moments.centre studentWeights (scaled (bound.Coordinates(bound.Standardise student)))

    /// The rationale terms of teacher coordinates against the student's raw states, one number per example.
    member this.Rationale
        (teacherWeights: TokenWeights<TeacherToken>)
        (teacher: Coordinates<TeacherToken>)
        (studentWeights: TokenWeights<LatentStep>)
        (student: RawTrajectory<LatentStep>)
        : RationaleTerms =
        let teacherMoments, studentMoments =
            this.Moments teacherWeights teacher studentWeights student

        if grams && options.Rationale.Covariance = Covariance.Full then
            let others =
                { options.Rationale with
                    Covariance = Covariance.Off
                }

            { MomentMatching.terms others divisor teacherMoments studentMoments with
                Covariance = MomentMatching.fullCovarianceByGrams teacherMoments studentMoments
            }
        else
            MomentMatching.terms options.Rationale divisor teacherMoments studentMoments

    /// The closed-form gradient of w_mean L_mean + w_cov L_cov + w_order L_order of every example with respect to the
    /// student's raw states. Shape: example L M d.
    member this.RationaleGradient
        (weights: RationaleWeights)
        (teacherWeights: TokenWeights<TeacherToken>)
        (teacher: Coordinates<TeacherToken>)
        (studentWeights: TokenWeights<LatentStep>)
        (student: RawTrajectory<LatentStep>)
        : RawTensor =
        let teacherMoments, studentMoments =
            this.Moments teacherWeights teacher studentWeights student

        let coordinates =
            Gradient.rationale options.Rationale weights divisor grams teacherMoments studentMoments

        match roots with
        | Some roots -> bound.PullBack(coordinates.Divide roots)
        | None -> bound.PullBack coordinates

    /// The anchor term of raw anchors, one number per example.
    member _.Anchor (Anchors teacher) (Anchors student) : Scalar =
        let difference = (Matrix.raw student).Subtract(Matrix.raw teacher)

        let deviations =
            match options.AnchorScale, deviations with
            | AnchorScale.Batch, _ -> Anchor.batchDeviations (Matrix.raw teacher)
            | AnchorScale.Corpus, Some fixedDeviations -> fixedDeviations
            | AnchorScale.Corpus, None -> MathError.invariant "anchors are compared without deviations"

        match options.Anchor with
        | AnchorForm.Off -> Scalar((difference.Scale 0.0).SumTrailing 2)
        | AnchorForm.Full -> Anchor.loss deviations difference
        | AnchorForm.Subspace -> Anchor.loss deviations (bound.ProjectAnchors difference)
