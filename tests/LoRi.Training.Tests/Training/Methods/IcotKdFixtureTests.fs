/// iCoT-KD's rows, states, losses, gradients, updates and answers against the reference numbers on tiny models.
module LoRi.Training.Tests.IcotKdFixtureTests

open System.Text.Json
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Reasoning
open LoRi.Models.Sequences
open LoRi.Training
open LoRi.Training.Methods
open LoRi.Training.Methods.CotSft
open LoRi.Training.Methods.IcotKd
open LoRi.Training.Tests.IcotKdFixture
open LoRi.Training.Tests.PeerFixture
open LoRi.Training.Tests.PreparedSteps
open LoRi.Training.Tests.SharedFiles
open LoRi.Training.Tests.TensorValues
open TorchSharp

/// What the reference has and the product cannot give, with the reason.
let private impossible =
    [
        "positions of diagonal.dynamic beyond the first row",
        "there all rows of a batch share the first row's distance, here each has its own: `rows_alone` is reached, and what follows from the batch's places is reached by giving these"
        "positions of diagonal.dynamic.rows_reversed", "the same distance of another first row"
        "top_row, bottom_row", "the published code stops at an assertion: there are no numbers"
    ]

let private batch (reference: Reference) =
    (reference.Batch.GetProperty "batches").GetProperty "all"

/// Ids without what fills a row up, and that it is filled up with ends of sequence.
let private unpadded (eos: int) (wanted: int[]) (found: int[]) what =
    Expect.equal (Array.truncate found.Length wanted) found what
    Expect.allEqual wanted[found.Length ..] eos $"{what}: padding"

let private ids (reference: Reference) () =
    NativeRuntime.Load()
    let eos, all = reference.Id "eos_id", batch reference

    for row in rows reference do
        let theirs (name: string) =
            ints (List.item row.Index (items name all))

        let chain = [| row.Question; row.Rationale; row.Prefix |]
        unpadded eos (theirs "input_ids_all") (Array.concat [| yield! chain; row.Answer |]) "question, chain, answer"
        unpadded eos (theirs "input_ids_cot") (Array.concat chain) "question, chain"
        unpadded eos (theirs "input_ids_nocot") (Array.append row.Question row.Answer) "question, answer"

        let graded =
            [|
                "labels_all", Array.concat [| row.Rationale; row.Prefix; row.Answer |]
                "labels_nocot", row.Answer
            |]

        for name, ids in graded do
            let labels = theirs name
            let hidden = Array.replicate row.Question.Length -100
            Expect.equal (Array.truncate (hidden.Length + ids.Length) labels) (Array.append hidden ids) name
            Expect.allEqual labels[hidden.Length + ids.Length ..] -100 $"{name}: padding"

        let separator (name: string) =
            (ints (reference.Batch.GetProperty name))[row.Index]

        Expect.equal (row.Question.Length - 1) (separator "first_separator") "first end"
        Expect.equal (row.Question.Length + row.Rationale.Length) (separator "second_separator") "second end"

/// Every row by itself has the reference's places; in its batch all rows share the first row's distance, which the product's do not.
let private readAt (reference: Reference) () =
    NativeRuntime.Load()
    use teacher = plain reference "teacher" Precision.Full
    let layers = teacher.Config.Layers
    let rows = rows reference

    let own (rule: StatePlaces) =
        rows |> Array.map (fun row -> List.ofSeq (rule.Of(row, layers)))

    for rule in rules reference do
        match rule, places rule with
        | "diagonal.dynamic", Some ours -> Expect.equal (own ours).[0] (positions reference rule).[0] "the first row"
        | _, Some ours -> Expect.equal (own ours) (positions reference rule) rule
        | "diagonal.dynamic.rows_alone", None ->
            Expect.equal (own (StatePlaces(System.Nullable()))) (positions reference rule) rule
        | _ -> ()

let private at (reference: Reference) numbers quantity check =
    NativeRuntime.Load()
    use _ = torch.NewDisposeScope()
    Agreement.at reference.Name numbers.Name quantity check

let private compareGradients numbers (model: ReasoningModel) (wanted: JsonElement) =
    let theirs = norms wanted

    let found =
        Map
            [
                for name, _ in theirs ->
                    name, number (model.Parameters.PartGradient(name).``to``(torch.ScalarType.Float64).norm())
            ]

    for name, norm in theirs do
        near numbers.Value norm found[name] $"gradient of {name}"

    // Of what the reference does not name, no gradient may be left.
    let all =
        number (model.Parameters.Gradients.``to``(torch.ScalarType.Float64).norm())

    near numbers.Value (wanted.GetProperty("grad_norm_global").GetDouble()) all "norm of all gradients"

/// Loss, graded tokens, how many of them are right, gradients.
let private compare
    numbers
    (model: ReasoningModel)
    (objective: IObjective)
    rows
    (pass: (unit -> torch.Tensor * int[]) option)
    (wanted: JsonElement)
    =
    let step = prepared objective rows
    let loss = (step.Losses(model, 0, rows.Length) |> Seq.exactlyOne).Value
    near numbers.Loss (wanted.GetProperty("loss").GetDouble()) (number loss) "loss"

    find "tokens" wanted
    |> Option.iter (fun tokens -> Expect.equal (int step.Totals["task"]) (tokens.GetInt32()) "graded tokens")

    match find "correct" wanted, pass with
    | Some correct, Some pass ->
        let logits, graded: torch.Tensor * int[] = pass ()
        let right = logits.argmax(-1L).eq(torch.tensor (Array.map int64 graded)).sum()
        Expect.equal (int (number right)) (correct.GetInt32()) "graded tokens that are right"
    | _ -> ()

    find "grad_norm" wanted
    |> Option.iter (fun _ ->
        differentiate model loss
        compareGradients numbers model wanted)

let private teacher (reference: Reference) numbers () =
    at reference numbers "teacher" (fun () ->
        use model = plain reference "teacher" numbers.Precision
        let rows = rows reference

        let graded =
            rows |> Array.collect (fun row -> Array.concat [ row.Rationale; row.Prefix; row.Answer ])

        let pass () =
            (GradedPass.Run(model, model.Weights(), Array.map GradedRow.Explicit rows, false)).Logits, graded

        compare numbers model (ExplicitObjective()) rows (Some pass) (wantedOf reference numbers "teacher"))

let private statesOfTeacher (reference: Reference) numbers rule () =
    at reference numbers "teacher's states" (fun () ->
        use states = teacherStates reference rule numbers.Precision
        use golden = openGolden reference numbers

        let found =
            (states :> IStateSource).Read(plain reference "teacher" numbers.Precision, rows reference)

        Expect.isFalse found.requires_grad "no gradient reaches the teacher"
        compareStates numbers golden "teacher_states" [ rule, found ])

/// Logits that the reference has of all columns, at those that predict graded ids.
let private compareLogits numbers (reference: Reference) name (logits: torch.Tensor) =
    use golden = openGolden reference numbers

    if not (isNull (golden.Find name)) then
        let theirs = tensorOf golden name

        let graded =
            [|
                for row in rows reference ->
                    theirs[int64 row.Index].narrow(0L, int64 row.Question.Length - 1L, int64 row.Answer.Length)
            |]

        nearArrays numbers.Value (doubles (torch.cat (graded, 0L))) (doubles logits) name

let private onTeacher (reference: Reference) numbers rule () =
    at reference numbers "student on the teacher's states" (fun () ->
        use model = student reference 1 numbers.Precision
        use states = teacherStates reference rule numbers.Precision
        let objective, rows = SubstitutedObjective states, rows reference

        let pass () =
            (objective.Pass(model, rows)).Logits, rows |> Array.collect _.Answer

        compare numbers model objective rows (Some pass) (wantedOf reference numbers $"student_on_teacher.{rule}")

        if rule = "diagonal.dynamic" then
            compareLogits numbers reference "student_on_teacher/logits" (fst (pass ())))

/// The numbers of components that a reference was run with, from the names of its results.
let private mixtures (reference: Reference) =
    let prefix = "emulator.mixture_"

    [
        for result in (reference.Expected.GetProperty "float64").EnumerateObject() do
            if result.Name.StartsWith prefix then
                int (result.Name.Substring prefix.Length)
    ]

let private emulated (reference: Reference) components =
    EmulatedStates (reasoning reference components).Emulator

let private emulator (reference: Reference) numbers components () =
    at reference numbers "emulator" (fun () ->
        use model = student reference components numbers.Precision
        use states = teacherStates reference "diagonal.dynamic" numbers.Precision
        use golden = openGolden reference numbers
        let emulated, rows = emulated reference components, rows reference
        let wanted = wantedOf reference numbers $"emulator.mixture_{components}"
        compare numbers model (EmulatorObjective(states, emulated)) rows None wanted
        let name = $"emulated_states.mixture_{components}"
        nearArrays numbers.Value (golden.ReadDoubles name) (doubles (emulated.Read(model, rows))) name)

let private coupled (reference: Reference) numbers components () =
    at reference numbers "coupled" (fun () ->
        use model = student reference components numbers.Precision

        let objective, rows =
            SubstitutedObjective(emulated reference components), rows reference

        let pass () =
            (objective.Pass(model, rows)).Logits, rows |> Array.collect _.Answer

        let name = $"coupled.mixture_{components}"
        compare numbers model objective rows (Some pass) (wantedOf reference numbers name)
        compareLogits numbers reference $"{name}/logits" (fst (pass ())))

/// Updates of a stage on one batch, and that they leave alone what the stage does not train.
let private updates (reference: Reference) numbers stage () =
    at reference numbers "updates" (fun () ->
        let components = int (reference.Hyper "mixture_size")
        use model = student reference components numbers.Precision
        use states = teacherStates reference "diagonal.dynamic" numbers.Precision
        let emulated = emulated reference components

        let objective, trains: IObjective * (string -> bool) =
            match stage with
            | "student" -> SubstitutedObjective states, fun slot -> not (slot.StartsWith(StateEmulator.Name + "."))
            | "emulator" -> EmulatorObjective(states, emulated), fun slot -> slot.StartsWith(StateEmulator.Name + ".")
            | _ -> SubstitutedObjective emulated, fun _ -> true

        model.Parameters.Learn(fun slot -> trains slot.Name)

        let frozen () =
            [
                for slot in model.Parameters.Slots do
                    if not (trains slot.Name) then
                        doubles model.Parameters[slot.Name]
            ]

        let before = frozen ()
        let settings = optimizerOf (reference.Expected.GetProperty "optimizer") true
        use optimizer = new AdamW(model.Parameters, settings)
        // What is amplified by the updates: the reference's page.
        let numbers =
            { numbers with
                Value = max numbers.Value (100.0 * numbers.Loss)
            }

        for wanted in (wantedOf reference numbers $"steps.{stage}").EnumerateArray() do
            use _ = torch.NewDisposeScope()
            let loss = total (lossesOf objective model (rows reference))
            near numbers.Loss (wanted.GetProperty("loss").GetDouble()) (number loss) "loss"
            differentiate model loss
            let norm = optimizer.Step settings.LearningRate

            find "grad_norm_before_clip" wanted
            |> Option.iter (fun wanted -> near numbers.Value (wanted.GetDouble()) norm "norm of all gradients")

        Expect.equal (frozen ()) before "what the stage does not train")

let private answers (reference: Reference) numbers () =
    at reference numbers "ids of answers" (fun () ->
        let components = int (reference.Hyper "mixture_size")
        use model = student reference components numbers.Precision
        let generation = reference.Expected.GetProperty "generation"

        let most, eos =
            generation.GetProperty("max_new_tokens").GetInt32(), reference.Id "eos_id"

        let plan = GenerationPlan(reasoning reference components, [||], most, [| eos |])
        let asked = items "rows" generation
        let questions = asked |> List.map (text "question" >> question reference)

        let compare (rows: int[] list) (found: int[] seq) =
            for row, question, ids in Seq.zip3 asked rows found do
                Expect.equal question (ints (row.GetProperty "prompt_ids")) "question"
                let cut = Array.takeWhile ((<>) eos)
                Expect.equal (cut ids) (cut (ints (row.GetProperty "new_ids"))) "ids"
                Agreement.note 0.0 0.0 ids.Length

        compare
            questions
            [
                for question in questions -> (AnswerGenerator.Generate(model, [| question |], plan))[0]
            ]

        compare questions (AnswerGenerator.Generate(model, List.toArray questions, plan)))

[<Tests>]
let tests =
    let testsOf reference (numbers: Numbers) =
        let rules = rules reference |> List.filter (fun rule -> (places rule).IsSome)

        testList
            numbers.Name
            [
                testCase "teacher" (teacher reference numbers)
                testCase "answers, alone and in a batch" (answers reference numbers)
                for rule in rules do
                    testCase $"teacher's states, {rule}" (statesOfTeacher reference numbers rule)
                    testCase $"student on them, {rule}" (onTeacher reference numbers rule)
                for components in mixtures reference do
                    testCase $"emulator, {components} components" (emulator reference numbers components)
                    testCase $"coupled, {components} components" (coupled reference numbers components)
                for stage in [ "student"; "emulator"; "coupled" ] do
                    testCase $"updates, stage {stage}" (updates reference numbers stage)
            ]

    fixtureTests "iCoT-KD against the reference" (fun () ->
        [
            for reference in references () do
                testList
                    reference.Name
                    (testCase "text becomes the reference's ids" (ids reference)
                     :: testCase "where states are read" (readAt reference)
                     :: List.map (testsOf reference) [ float64; float32 ])
            testList "impossible" [ for name, reason in impossible -> ptestCase $"{name}: {reason}" ignore ]
        ])
