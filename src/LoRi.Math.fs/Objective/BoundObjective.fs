namespace LoRi.Math

/// What terms are computed for.
[<RequireQualifiedAccess>]
type TermsFor =
    /// To be differentiated: full covariances go through token Grams where that is less work.
    | Training
    /// To be reported: as long as p = r_L r_d is at most 512 full covariances are compared entry by entry, which keeps the digits near
    /// agreement that token Grams lose there.
    | Reporting

/// The objective with all its constants on one backend: what a training step calls.
[<Sealed>]
type BoundObjective
    private
    (
        measured: MeasuredSubspace,
        bound: BoundSubspace,
        options: ObjectiveOptions,
        divisors: Map<string, RawTensor>,
        roots: RawTensor option,
        deviations: RawTensor option
    ) =

    /// The full covariance goes through token Grams where no weights entry by entry ask for the matrix itself, and the
    /// teacher has no more tokens than p = r_L r_d.
    let full (Coordinates teacher: Coordinates<TeacherToken>) =
        let z = Tensor3.raw teacher

        if
            options.Rationale.Weighting <> Weighting.Statistic
            && Raw.size 2 z <= Raw.size 3 z * Raw.size 1 z
        then
            FullCovariances.ThroughTokenGrams
        else
            FullCovariances.EntryByEntry

    /// Components over the roots of their variances, where the weighting says so.
    let scaled (Coordinates z: Coordinates<'token>) : Coordinates<'token> =
        match roots with
        | Some roots -> Coordinates(Tensor3((Tensor3.raw z).Divide roots))
        | None -> Coordinates z

    /// p = r_L r_d
    let entries =
        let layers, width = bound.Subspace.CoordinateRanks
        layers * width

    let divisor (statistic: Statistic) = divisors.TryFind statistic.Name

    /// <summary>Binds a subspace and options to a backend. Errors: SizeNotPositive, VarianceMissing, FullVarianceMissing, WrongLength,
    /// AnchorsMissing, AnchorsNeverVary.</summary>
    /// <param name="subspace">The subspace with what was measured of its corpus.</param>
    /// <param name="options">What is compared, and how.</param>
    /// <param name="like">A tensor of the backend, device and dtype that the constants are to have; its numbers are not read.</param>
    static member Create
        (subspace: MeasuredSubspace)
        (options: ObjectiveOptions)
        (like: RawTensor)
        : Result<BoundObjective, MathError> =
        ObjectiveConstants.check subspace options
        |> Result.map (fun () ->
            BoundObjective(
                subspace,
                BoundSubspace(subspace.Fitted, like),
                options,
                ObjectiveConstants.divisors subspace options.Rationale like,
                ObjectiveConstants.roots subspace options.Rationale like,
                ObjectiveConstants.deviations subspace like
            ))

    /// The subspace that the objective was bound with.
    member _.Measured = measured

    /// The subspace, bound to the same backend.
    member _.Subspace = bound

    /// <summary>The weights of a teacher's tokens and of a student's steps, of batches that belong to this objective and to each other.
    /// Errors: WrongShape, ShapeMismatch, WrongLength, TokenCountOutOfRange.</summary>
    /// <param name="teacher">The teacher's coordinates, <c>example r_L token r_d</c>.</param>
    /// <param name="counts">How many tokens each row of the teacher has, 0 to the size of its token axis. Length: example.</param>
    /// <param name="student">The student's raw states, <c>example L step d</c>, of as many examples; every step counts.</param>
    member _.Weights
        (teacher: Coordinates<TeacherToken>)
        (counts: int[])
        (RawTrajectory steps as student: RawTrajectory<LatentStep>)
        : Result<TokenWeights<TeacherToken> * TokenWeights<LatentStep>, MathError> =
        let values, states = Coordinates.raw teacher, RawTrajectory.states student

        let examples (tensor: RawTensor) =
            if tensor.Shape.Length < 4 then 1 else Raw.size 4 tensor

        let students = examples states
        let shapes = List.ofArray values.Shape, List.ofArray states.Shape

        result {
            do! bound.CheckCoordinates "the teacher's coordinates" teacher
            do! bound.CheckTrajectory "the student's trajectory" student

            do!
                refuse
                    (examples values <> students)
                    (ShapeMismatch("rationale loss", "example", fst shapes, snd shapes))

            do!
                refuse
                    (counts.Length <> students)
                    (WrongLength("the token counts of the teacher's rows", students, counts.Length))

            let! weights =
                TokenWeights.ofCounts (Tensor3.dim2 (Coordinates.tensor teacher)) counts values

            return weights, TokenWeights.uniform (Tensor3.dim2 steps) students states
        }

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

    /// The terms of these moments.
    member private _.Terms full teacher student : RationaleTerms =
        match options.Rationale.Covariance, full with
        | Covariance.Full, FullCovariances.ThroughTokenGrams ->
            let others =
                { options.Rationale with
                    Covariance = Covariance.Off
                }

            { MomentMatching.terms others divisor teacher student with
                Covariance = MomentMatching.fullCovarianceByGrams teacher student
            }
        | _ -> MomentMatching.terms options.Rationale divisor teacher student

    /// How many numbers the largest statistic that is formed of one example for a report has (full covariances, or one per component):
    /// what batches are sized by.
    member _.ReportedEntries: int64 =
        if options.Rationale.Covariance = Covariance.Full && entries <= Covariance.largestFull then
            int64 entries * int64 entries
        else
            int64 entries

    /// <summary>The rationale terms of teacher coordinates against the student's raw states. Coordinates of another subspace's ranks stop
    /// with both shapes.</summary>
    /// <param name="purpose">Whether the terms are differentiated or reported.</param>
    /// <param name="teacherWeights">As <c>Weights</c> gives them.</param>
    /// <param name="teacher">The teacher's coordinates, <c>example r_L token r_d</c>.</param>
    /// <param name="studentWeights">As <c>Weights</c> gives them.</param>
    /// <param name="student">The student's raw states, <c>example L step d</c>.</param>
    /// <returns>One number per example and term, before its weight.</returns>
    member this.Rationale
        (purpose: TermsFor)
        (teacherWeights: TokenWeights<TeacherToken>)
        (teacher: Coordinates<TeacherToken>)
        (studentWeights: TokenWeights<LatentStep>)
        (student: RawTrajectory<LatentStep>)
        : RationaleTerms =
        let teacherMoments, studentMoments =
            this.Moments teacherWeights teacher studentWeights student

        let how =
            match purpose with
            | TermsFor.Reporting when entries <= Covariance.largestFull -> FullCovariances.EntryByEntry
            | TermsFor.Reporting
            | TermsFor.Training -> full teacher

        this.Terms how teacherMoments studentMoments

    /// The statistics that this objective compares. Errors: FullMeanTooLarge.
    member internal _.Statistics: Result<Statistic list, MathError> =
        let rationale = options.Rationale

        result {
            do!
                refuse
                    (rationale.Covariance = Covariance.Full && entries > Covariance.largestFull)
                    (FullMeanTooLarge(entries, Covariance.largestFull))

            return
                Statistic.mean :: Covariance.statistics rationale.Covariance
                @ Order.statistics rationale.Order
        }

    /// A teacher's coordinates around their mean over tokens, as they are compared.
    member internal _.TeacherMoments
        (weights: TokenWeights<TeacherToken>)
        (teacher: Coordinates<TeacherToken>)
        : Centred<TeacherToken> =
        Moments.centre weights (scaled teacher)

    /// <summary>The rationale terms of a corpus's mean statistics against the student's raw states; a row whose teacher has no token
    /// contributes nothing. Errors: WrongShape, WrongLength.</summary>
    /// <param name="target">Means of the statistics that this objective compares; where one is missing an invariant
    /// exception is raised.</param>
    /// <param name="counts">How many tokens each row of the teacher has; only whether there are any is looked at. Length:
    /// example.</param>
    /// <param name="student">The student's raw states, <c>example L step d</c>.</param>
    /// <returns>One number per example and term, before its weight.</returns>
    member _.RationaleToMeans
        (target: CorpusMoments)
        (counts: int[])
        (RawTrajectory steps as student: RawTrajectory<LatentStep>)
        : Result<RationaleTerms, MathError> =
        result {
            do! bound.CheckTrajectory "the student's trajectory" student
            let states = RawTrajectory.states student
            let examples = if states.Shape.Length < 4 then 1 else Raw.size 4 states
            do! TokenCounts.ofRows examples counts
            let weights = TokenWeights.uniform (Tensor3.dim2 steps) examples states
            let present = counts |> Array.map (fun count -> if count > 0 then 1.0 else 0.0)

            return
                Moments.centre weights (scaled (bound.Coordinates(bound.Standardise student)))
                |> MomentMatching.termsAgainst
                    options.Rationale
                    divisor
                    (Scalar(states.Constant([| examples |], present)))
                    target.Of
        }

    /// <summary>The closed-form gradient of w_mean L_mean + w_cov L_cov + w_order L_order of every example with respect to the student's
    /// raw states. Coordinates of another subspace's ranks stop with both shapes.</summary>
    /// <param name="weights">w_mean, w_cov and w_order.</param>
    /// <param name="teacherWeights">As <c>Weights</c> gives them.</param>
    /// <param name="teacher">The teacher's coordinates, <c>example r_L token r_d</c>.</param>
    /// <param name="studentWeights">As <c>Weights</c> gives them.</param>
    /// <param name="student">The student's raw states, <c>example L M d</c>.</param>
    /// <returns><c>example L M d</c>.</returns>
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
            MomentMatching.gradient options.Rationale weights divisor (full teacher) teacherMoments studentMoments

        let unscaled =
            match roots with
            | Some roots -> coordinates.Divide roots
            | None -> coordinates

        Tensor3.raw (bound.PullBack(Tensor3 unscaled: Tensor3<_, LatentStep, _>))

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

        result {
            do! bound.CheckAnchors "the teacher's anchors" teacher
            do! bound.CheckAnchors "the student's anchors" student
            let shapes = List.ofArray left.Shape, List.ofArray right.Shape
            do! refuse (left.Shape <> right.Shape) (ShapeMismatch("anchor loss", "example", fst shapes, snd shapes))

            if options.Anchor <> AnchorForm.Off && options.AnchorScale = AnchorScale.Batch then
                do! Raw.checkAxes "the anchors" [ "example"; Axis.name<Level>; Axis.name<Hidden> ] left
        }

    /// <summary>The anchor term of raw anchors. Anchors of other examples, levels or components stop with both shapes.</summary>
    /// <param name="teacherAnchors">The teacher's, <c>example L d</c>; with the scale <c>Batch</c> the batch axis must be there.</param>
    /// <param name="studentAnchors">The student's, of the same shape.</param>
    /// <returns>One number per example; zero where the form is <c>Off</c>.</returns>
    member this.Anchor (teacherAnchors: Anchors) (studentAnchors: Anchors) : Scalar =
        Raw.orStop (this.CheckAnchors teacherAnchors studentAnchors)
        let teacher, student = Anchors.states teacherAnchors, Anchors.states studentAnchors
        let difference = student.Subtract teacher

        match options.Anchor with
        | AnchorForm.Off -> Scalar((difference.Scale 0.0).SumTrailing 2)
        | AnchorForm.Full -> Anchor.loss (this.AnchorDeviations teacher) difference
        | AnchorForm.Subspace -> Anchor.loss (this.AnchorDeviations teacher) (bound.ProjectAnchors difference)
