/// Subspaces, losses and gradients against the reference values, on both backends, through closed form and autograd.
module LoRi.Math.Tests.GoldenObjectiveTests

open System.Text.Json
open Expecto
open LoRi.Math
open LoRi.Math.Tests.Asserting
open LoRi.Math.Tests.Backends
open LoRi.Math.Tests.Fitting
open LoRi.Files.Safetensors
open LoRi.Models.Tensors
open LoRi.Training.Tests
open TorchSharp

let private folder = "fixtures/math"

/// A corpus of the exchange format, padded into one batch.
type private Corpus =
    {
        Shape: int list
        Counts: int[]
        States: float[]
        Anchors: float[]
    }

let private read name =
    use file = SafetensorsFile.Open(SharedFiles.path $"{folder}/{name}.safetensors")

    let examples =
        file.Entries
        |> Seq.filter (fun entry -> entry.Name.StartsWith "trajectory.")
        |> Seq.length

    let shapes =
        [|
            for i in 0 .. examples - 1 -> [ for size in (file.Get $"trajectory.{i}").Shape -> int size ]
        |]

    let levels, width = shapes[0][0], shapes[0][2]
    let counts = shapes |> Array.map (List.item 1)
    let longest = Array.max counts
    let states = Array.zeroCreate (examples * levels * longest * width)

    for i in 0 .. examples - 1 do
        let values = file.ReadDoubles $"trajectory.{i}"

        for level in 0 .. levels - 1 do
            let from, into = level * counts[i] * width, (i * levels + level) * longest * width
            System.Array.Copy(values, from, states, into, counts[i] * width)

    {
        Shape = [ examples; levels; longest; width ]
        Counts = counts
        States = states
        Anchors = Array.concat [ for i in 0 .. examples - 1 -> file.ReadDoubles $"anchor.{i}" ]
    }

let private standardisation name =
    Standardisation.all |> List.find (fun s -> Standardisation.name s = name)

let private fitted (backend: Backend) (case: JsonElement) (variant: JsonElement) (teacher: Corpus) =
    let options: SubspaceOptions =
        {
            Kind = SubspaceKind.MultilinearSvd
            Standardisation = standardisation (SharedFiles.text "standardise" variant)
            LayerRank = RankChoice.Exactly(case.GetProperty("layer_rank").GetInt32())
            HiddenRank = RankChoice.Exactly(case.GetProperty("hidden_rank").GetInt32())
        }

    let states = backend.Tensor teacher.Shape teacher.States
    let subspace = fit backend options states teacher.Counts
    let measures = SubspaceMeasures(subspace, MeasuredVariances.Nothing, backend.Like)
    ok (measures.AddTrajectories states teacher.Counts)

    let examples, levels, width =
        teacher.Counts.Length, teacher.Shape[1], teacher.Shape[3]

    ok (measures.AddAnchors(backend.Tensor [ examples; levels; width ] teacher.Anchors))
    measures.Finish()

let private objective (backend: Backend) (variant: JsonElement) subspace =
    let covariance =
        match SharedFiles.text "covariance" variant with
        | "full" -> Covariance.Full
        | "modewise" -> Covariance.Modewise
        | other -> failtest $"covariance {other}"

    let options =
        {
            Rationale =
                {
                    Covariance = covariance
                    Order = Order.Off
                    Weighting = Weighting.Off
                }
            Anchor = AnchorForm.Full
            AnchorScale = AnchorScale.Corpus
        }

    ok (BoundObjective.Create subspace options backend.Like)

let private weights: RationaleWeights =
    {
        Mean = 1.0
        Covariance = 1.0
        Order = 0.0
    }

/// Whole gradients of the first and last example, where the file has them.
let private goldenGradients corpus (variant: JsonElement) =
    use file = SafetensorsFile.Open(SharedFiles.path $"{folder}/arrays.safetensors")

    let standardise, covariance =
        SharedFiles.text "standardise" variant, SharedFiles.text "covariance" variant

    let prefix = $"lori.{corpus}.{standardise}.{covariance}.gradient."

    [
        for entry in file.Entries do
            if entry.Name.StartsWith prefix then
                entry.Name.Substring prefix.Length, file.ReadDoubles entry.Name
    ]

let private anchorsOf (backend: Backend) (corpus: Corpus) =
    backend.Tensor [ corpus.Counts.Length; corpus.Shape[1]; corpus.Shape[3] ] corpus.Anchors

/// The whole loss of a corpus, mean over examples, by autograd: gradients of trajectories and anchors.
let private autograd (batch: Batch) (teacher: Corpus) (student: Corpus) =
    let backend = torchCpu.Force()

    let states =
        (TorchTensor.Unwrap(backend.Tensor student.Shape student.States)).requires_grad_ true

    let anchors = (TorchTensor.Unwrap(anchorsOf backend student)).requires_grad_ true
    let terms = batch.Terms(TorchTensor states)
    let bound = batch.Objective.Subspace

    let anchor =
        batch.Objective.Anchor (ok (bound.Anchors(anchorsOf backend teacher))) (ok (bound.Anchors(TorchTensor anchors)))

    let sum = Scalar.add (Scalar.add terms.Mean terms.Covariance) anchor
    (TorchTensor.Unwrap sum.PerExample).mean().backward()

    let gradient (x: torch.Tensor) =
        (TorchTensor(x.grad |> Option.ofObj |> Option.get)).ToArray()

    gradient states, gradient anchors

let private block size index (values: float[]) =
    values[index * size .. (index + 1) * size - 1]

/// `trajectory.i` and `anchor.i` gradients, each for one example.
let private checkGradients golden (student: Corpus) (states: float[]) (anchors: float[] option) =
    let ofState = student.Shape[1] * student.Shape[2] * student.Shape[3]
    let ofAnchor = student.Shape[1] * student.Shape[3]

    for name: string, expected in golden do
        let example = int (name.Substring(name.LastIndexOf '.' + 1))

        if name.Contains "anchor" then
            match anchors with
            | Some found -> close Tolerances.loss expected (block ofAnchor example found) name
            | None -> ()
        else
            close Tolerances.loss expected (block ofState example states) name

let private checkTerms (variant: JsonElement) (batch: Batch) (backend: Backend) (student: Corpus) =
    let terms = batch.Terms(backend.Tensor student.Shape student.States)

    let average (term: LoRi.Math.Scalar) =
        [| Array.average (term.PerExample.ToArray()) |]

    let expected (name: string) =
        [| variant.GetProperty(name).GetDouble() |]

    close Tolerances.loss (expected "mean_loss") (average terms.Mean) "mean"
    close Tolerances.loss (expected "covariance_loss") (average terms.Covariance) "covariance"

let private checkProjectors corpus standardise (subspace: FittedSubspace) =
    use file = SafetensorsFile.Open(SharedFiles.path $"{folder}/arrays.safetensors")

    let check name (basis: Matrix<'axis, Truncated<'axis>>) =
        let expected = file.ReadDoubles $"lori.{corpus}.{standardise}.{name}"
        closeOn 1.0 Tolerances.projector expected ((Matrix.raw (Subspace.projector basis)).ToArray()) name

    check "projector_layer" subspace.LayerBasis
    check "projector_hidden" subspace.HiddenBasis

let private variants (backend: Backend) =
    let root = SharedFiles.json $"{folder}/expected.json"

    [
        for corpus, case in List.indexed (SharedFiles.items "lori" root) do
            for variant in SharedFiles.items "variants" case ->
                let standardise, covariance =
                    SharedFiles.text "standardise" variant, SharedFiles.text "covariance" variant

                example $"corpus {corpus}, {standardise}, {covariance}" (fun () ->
                    let teacher, student = read $"lori-{corpus}.teacher", read $"lori-{corpus}.student"
                    let objective = objective backend variant (fitted backend case variant teacher)

                    let batch =
                        against objective (backend.Tensor teacher.Shape teacher.States) teacher.Counts student.Shape[2]

                    checkTerms variant batch backend student
                    checkProjectors corpus standardise objective.Subspace.Subspace
                    let golden = goldenGradients corpus variant
                    Expect.isNonEmpty golden "the file has gradients"
                    let states = backend.Tensor student.Shape student.States

                    let gradient =
                        objective.RationaleGradient
                            weights
                            batch.TeacherWeights
                            batch.Teacher
                            batch.StudentWeights
                            (batch.Student states)

                    let perExample = (gradient.Scale(1.0 / float student.Counts.Length)).ToArray()
                    checkGradients golden student perExample None

                    if backend.Name = "torch cpu" then
                        let states, anchors = autograd batch teacher student
                        checkGradients golden student states (Some anchors))
    ]

[<Tests>]
let tests =
    SharedFiles.fixtureTests "Golden objective" (fun () -> [ onEach "reference values" variants ])
