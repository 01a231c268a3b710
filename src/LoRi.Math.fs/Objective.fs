namespace LoRi.Math

/// [ours] How anchors are compared.
[<RequireQualifiedAccess>]
type AnchorForm =
    | Full
    /// After projection of the difference, divided by the level's rms before and multiplied after.
    | Subspace
    | Off

/// [ours] What the difference of anchors is divided by, per level.
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

/// What an objective needs of a subspace beyond its bases, checked and turned into constants of a backend.
module private ObjectiveConstants =

    /// The statistics that the weighting divides by.
    let private statistics (options: RationaleOptions) =
        if options.Weighting = Weighting.Statistic then
            [ StatisticKind.Mean ]
            @ Moments.ofCovariance options.Covariance
            @ Moments.ofOrder options.Order
        else
            []

    /// Names of the variances that the weighting divides by.
    let private needed (options: RationaleOptions) =
        if options.Weighting = Weighting.Variance then
            [ ComponentVariance.name ]
        else
            statistics options |> List.map StatisticKind.varianceName

    let private misfit (subspace: SharedSubspace) name =
        let layers, width = SharedSubspace.coordinateRanks subspace

        match subspace.Variances.TryFind name, Variances.shape layers width name with
        | Some values, Some shape when values.Length <> Array.fold (*) 1 shape ->
            Some(WrongLength(name, Array.fold (*) 1 shape, values.Length))
        | Some _, Some _ -> None
        | _ when
            name = StatisticKind.varianceName StatisticKind.CovarianceFull
            && layers * width > Moments.largestFull
            ->
            Some(FullVarianceMissing(layers * width, Moments.largestFull))
        | _ -> Some(VarianceMissing name)

    /// The deviations that anchors are divided by are there and above zero.
    let private anchorMisfit (subspace: SharedSubspace) (options: ObjectiveOptions) =
        if options.Anchor = AnchorForm.Off || options.AnchorScale = AnchorScale.Batch then
            None
        elif subspace.AnchorDeviation.Length = 0 then
            Some AnchorsMissing
        else
            subspace.AnchorDeviation
            |> Array.tryFindIndex (fun deviation -> not (deviation > 0.0))
            |> Option.map (fun level -> AnchorsNeverVary(level + 1, subspace.Levels))

    /// Everything that the options need is there. Errors: VarianceMissing, FullVarianceMissing, WrongLength,
    /// AnchorsMissing, AnchorsNeverVary.
    let check (subspace: SharedSubspace) (options: ObjectiveOptions) =
        match List.tryPick (misfit subspace) (needed options.Rationale) with
        | Some error -> Error error
        | None ->
            match anchorMisfit subspace options with
            | Some error -> Error error
            | None -> Ok()

    /// What squared errors of each statistic are divided by.
    let divisors (subspace: SharedSubspace) (options: RationaleOptions) (like: RawTensor) =
        let layers, width = SharedSubspace.coordinateRanks subspace

        Map.ofList
            [
                for kind in statistics options ->
                    let variances = subspace.Variances[StatisticKind.varianceName kind]
                    kind, like.Constant(StatisticKind.shape layers width kind, Weighting.divisors variances)
            ]

    /// What components are divided by. Shape: r_L 1 r_d.
    let roots (subspace: SharedSubspace) (options: RationaleOptions) (like: RawTensor) =
        if options.Weighting = Weighting.Variance then
            let layers, width = SharedSubspace.coordinateRanks subspace

            let roots =
                Weighting.divisors subspace.Variances[ComponentVariance.name] |> Array.map sqrt

            Some(like.Constant([| layers; 1; width |], roots))
        else
            None

    /// The corpus's deviation of the anchors per level, where the subspace has it.
    let deviations (subspace: SharedSubspace) (like: RawTensor) =
        if subspace.AnchorDeviation.Length = 0 then
            None
        else
            Some(like.Constant([| subspace.Levels |], subspace.AnchorDeviation))

/// The objective with all its constants on one backend: what a training step calls.
[<Sealed>]
type BoundObjective
    private
    (
        bound: BoundSubspace,
        options: ObjectiveOptions,
        divisors: Map<StatisticKind, RawTensor>,
        roots: RawTensor option,
        deviations: RawTensor option
    ) =

    /// Whether the full covariance goes through token Grams: where no weights entry by entry ask for the matrix itself, and the
    /// teacher has no more tokens than p = r_L r_d.
    let grams (Coordinates teacher: Coordinates<TeacherToken>) =
        let z = Tensor3.raw teacher

        options.Rationale.Weighting <> Weighting.Statistic
        && Raw.size 2 z <= Raw.size 3 z * Raw.size 1 z

    /// Components over the roots of their variances, where the weighting says so.
    let scaled (Coordinates z: Coordinates<'token>) : Coordinates<'token> =
        match roots with
        | Some roots -> Coordinates(Tensor3((Tensor3.raw z).Divide roots))
        | None -> Coordinates z

    /// p = r_L r_d
    let entries =
        let layers, width = SharedSubspace.coordinateRanks bound.Subspace
        layers * width

    let divisor (statistic: Statistic) = divisors.TryFind statistic.Kind

    /// Binds a subspace and options to the backend of `like`. Errors: VarianceMissing, FullVarianceMissing, WrongLength,
    /// AnchorsMissing, AnchorsNeverVary.
    static member Create
        (subspace: SharedSubspace)
        (options: ObjectiveOptions)
        (like: RawTensor)
        : Result<BoundObjective, MathError> =
        ObjectiveConstants.check subspace options
        |> Result.map (fun () ->
            BoundObjective(
                BoundSubspace(subspace, like),
                options,
                ObjectiveConstants.divisors subspace options.Rationale like,
                ObjectiveConstants.roots subspace options.Rationale like,
                ObjectiveConstants.deviations subspace like
            ))

    /// The subspace, bound to the same backend.
    member _.Subspace = bound

    /// The moments of teacher and student, in this order; the student's raw states are standardised and projected.
    member private _.Moments
        teacherWeights
        (teacher: Coordinates<TeacherToken>)
        studentWeights
        (student: RawTrajectory<LatentStep>)
        =
        Raw.orStop (bound.CheckCoordinates "rationale loss" teacher)

        Moments.centre teacherWeights (scaled teacher),
        Moments.centre studentWeights (scaled (bound.Coordinates(bound.Standardise student)))

    /// The terms of these moments; the full covariance through token Grams or as it is written.
    member private _.Terms throughGrams teacher student : RationaleTerms =
        if throughGrams && options.Rationale.Covariance = Covariance.Full then
            let others =
                { options.Rationale with
                    Covariance = Covariance.Off
                }

            { MomentMatching.terms others divisor teacher student with
                Covariance = MomentMatching.fullCovarianceByGrams teacher student
            }
        else
            MomentMatching.terms options.Rationale divisor teacher student

    /// The rationale terms of teacher coordinates against the student's raw states, one number per example. Coordinates of
    /// another subspace's ranks stop with both shapes.
    member this.Rationale
        (teacherWeights: TokenWeights<TeacherToken>)
        (teacher: Coordinates<TeacherToken>)
        (studentWeights: TokenWeights<LatentStep>)
        (student: RawTrajectory<LatentStep>)
        : RationaleTerms =
        let teacherMoments, studentMoments =
            this.Moments teacherWeights teacher studentWeights student

        this.Terms (grams teacher) teacherMoments studentMoments

    /// How many numbers the largest statistic that `Measure` forms of one example has (full covariances, or one per component): what batches are sized by.
    member _.MeasuredEntries: int64 =
        if options.Rationale.Covariance = Covariance.Full && entries <= Moments.largestFull then
            int64 entries * int64 entries
        else
            int64 entries

    /// The same terms where no gradient is wanted: as long as p = r_L r_d is at most 512 full covariances are compared entry by
    /// entry, which keeps the digits near agreement that token Grams lose there.
    member this.Measure
        (teacherWeights: TokenWeights<TeacherToken>)
        (teacher: Coordinates<TeacherToken>)
        (studentWeights: TokenWeights<LatentStep>)
        (student: RawTrajectory<LatentStep>)
        : RationaleTerms =
        let teacherMoments, studentMoments =
            this.Moments teacherWeights teacher studentWeights student

        this.Terms (grams teacher && entries > Moments.largestFull) teacherMoments studentMoments

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
            Gradient.rationale options.Rationale weights divisor (grams teacher) teacherMoments studentMoments

        match roots with
        | Some roots -> bound.PullBack(coordinates.Divide roots)
        | None -> bound.PullBack coordinates

    /// What the difference of anchors is divided by. Shape: level.
    member private _.AnchorDeviations(teacher: RawTensor) =
        match options.AnchorScale, deviations with
        | AnchorScale.Batch, _ -> Anchor.batchDeviations teacher
        | AnchorScale.Corpus, Some ofCorpus -> ofCorpus
        | AnchorScale.Corpus, None -> MathError.invariant "anchors are compared without deviations"

    /// Anchors that can be compared: of this subspace and of as many examples; where a batch's own deviation divides, a batch.
    /// Errors: WrongShape, ShapeMismatch, WrongAxes.
    member internal _.CheckAnchors (teacher: Anchors) (student: Anchors) : Result<unit, MathError> =
        let left, right = Anchors.states teacher, Anchors.states student

        let sameExamples () =
            if left.Shape = right.Shape then
                Ok()
            else
                Error(ShapeMismatch("anchor loss", "example", List.ofArray left.Shape, List.ofArray right.Shape))

        let batch () =
            if options.Anchor = AnchorForm.Off || options.AnchorScale = AnchorScale.Corpus then
                Ok()
            else
                Raw.checkAxes "the anchors" [ "example"; Axis.name<Level>; Axis.name<Hidden> ] left

        bound.CheckAnchors "the teacher's anchors" teacher
        |> Result.bind (fun () -> bound.CheckAnchors "the student's anchors" student)
        |> Result.bind sameExamples
        |> Result.bind batch

    /// The anchor term of raw anchors, one number per example. Anchors of as many examples, levels and components; others stop with
    /// both shapes.
    member this.Anchor (teacherAnchors: Anchors) (studentAnchors: Anchors) : Scalar =
        Raw.orStop (this.CheckAnchors teacherAnchors studentAnchors)
        let teacher, student = Anchors.states teacherAnchors, Anchors.states studentAnchors
        let difference = student.Subtract teacher

        match options.Anchor with
        | AnchorForm.Off -> Scalar((difference.Scale 0.0).SumTrailing 2)
        | AnchorForm.Full -> Anchor.loss (this.AnchorDeviations teacher) difference
        | AnchorForm.Subspace -> Anchor.loss (this.AnchorDeviations teacher) (bound.ProjectAnchors difference)
