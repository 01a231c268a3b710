/// How students of the demonstration are trained: stages that share the steps, rows in the form of a method.
module LoRi.Training.Tests.DemoTrainingTests

open System
open System.IO
open Expecto
open LoRi.Models.Decoders
open LoRi.Models.Native
open LoRi.Models.Sequences
open LoRi.Runs.Demo

let private tiny =
    DemoSettings(
        Name = "tiny",
        Purpose = "test",
        LatentSteps = 2,
        LongestChain = 2,
        TrainingRows = 60,
        BatchSize = 4,
        TestRowsPerLength = 10,
        TeacherSteps = 3,
        StudentSteps = 7
    )

let private withTeacher (check: DemoTeacher -> unit) =
    NativeRuntime.Load()
    let folder = Directory.CreateTempSubdirectory("lori-demo").FullName

    try
        use teacher = DemoTeacher.Train(tiny, 0L, folder, Action<string> ignore)
        check teacher
    finally
        Directory.Delete(folder, true)

/// The values of the slots whose names begin so.
let private values (model: ReasoningModel) (prefix: string) =
    [
        for slot in model.Parameters.Slots do
            if slot.Name.StartsWith prefix then
                slot.Name, TensorValues.doubles (model.Parameters[slot.Name])
    ]

let private stages =
    test "the stages of icot-kd share its steps, and each trains its own modules" {
        withTeacher (fun teacher ->
            let icotKd = DemoStudents.Create("icot-kd", teacher, tiny)
            Expect.equal icotKd.Stages.Count 3 "stages"

            use model =
                DemoModels.Student(teacher.Model, teacher.Training, teacher.Seed, icotKd)

            use training =
                new DemoTraining(model, icotKd, teacher.Training, tiny, struct (tiny.StudentSteps, 1e-3, 0L))

            let mutable steps = []

            let mutable before =
                List.map (values model) [ "model."; "student."; "emulator.mlps" ]

            let mutable going = true

            while going do
                match training.Step() with
                | null -> going <- false
                | made ->
                    let now = List.map (values model) [ "model."; "student."; "emulator.mlps" ]
                    let changed = List.map2 (fun a b -> a <> b) before now
                    before <- now
                    steps <- steps @ [ Seq.head made.Terms.Keys, changed ]

            let student = "task", [ true; true; false ]
            let emulator = "states", [ false; false; true ]
            let coupled = "task", [ true; true; true ]
            let wanted = [ student; student; emulator; emulator; coupled; coupled; coupled ]
            Expect.equal steps wanted "what each step minimises and changes")
    }

let private form =
    test "icot-kd reads and writes rows between ends of sequence, and starts from a teacher of this form" {
        withTeacher (fun teacher ->
            let icotKd = DemoStudents.Create("icot-kd", teacher, tiny)
            let row = teacher.Training[0]
            let written = icotKd.Form.Invoke row
            let eos = ChainedArithmetic.EosId
            Expect.equal written.Question (Array.append row.Question [| eos |]) "question"
            Expect.equal written.Rationale row.Rationale "chain"
            Expect.equal written.Prefix [| eos |] "after the chain"
            Expect.equal written.Answer (Array.append row.Prefix row.Answer) "answer"
            let start = nonNull icotKd.Start
            Expect.isFalse (obj.ReferenceEquals(start, teacher.Model)) "a teacher of its own"

            use model =
                DemoModels.Student(teacher.Model, teacher.Training, teacher.Seed, icotKd)

            let table = DecoderLayout.Embedding(DemoSettings.Model)

            /// The rows of the words that are no markers.
            let words model name =
                let _, rows = List.exactlyOne (values model name)
                rows[.. ChainedArithmetic.BotId * DemoSettings.Model.HiddenSize - 1]

            Expect.equal (words model table) (words start table) "its weights"
            Expect.equal (words model $"emulator.{table}") (words start table) "and the emulator's"
            // Another student has the rows as they are and the teacher of all.
            let codi = DemoStudents.Create("codi", teacher, tiny)
            Expect.equal (codi.Form.Invoke row) row "a row of another method"
            Expect.isNull codi.Start "another method's start")
    }

[<Tests>]
let tests = testList "Trainings of the demonstration" [ stages; form ]
