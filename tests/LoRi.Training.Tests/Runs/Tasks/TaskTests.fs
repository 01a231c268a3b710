/// Tasks that are made here: they are what they are named after, and their two parts share no question.
module LoRi.Training.Tests.TaskTests

open System
open System.IO
open System.Security.Cryptography
open System.Text
open Expecto
open LoRi.Files
open LoRi.Files.Tokenizers
open LoRi.Models
open LoRi.Runs.Demo
open LoRi.Runs.Tasks

let private all: ReasoningTask list =
    [ for group in GroupAction.All -> ChainTask(group, 4) :> ReasoningTask ]
    @ [ MultiplicationTask 2; MultiplicationTask 3; GraphTask(12, 16, 4); HopsTask 4 ]

let private words (row: TaskRow) =
    [
        yield! row.Question
        for step in row.Steps do
            yield! step
        yield! row.Answer
    ]

let private everyTask (task: ReasoningTask) =
    testList
        task.Name
        [
            test "a row has words of the task alone, within its lengths" {
                for row in task.Training(300, 1L) do
                    for word in words row do
                        Expect.contains task.Words word row.QuestionText

                    let struct (question, chain, answer) = task.Longest
                    Expect.isLessThanOrEqual row.Question.Count question "question"
                    Expect.isLessThanOrEqual (Seq.sumBy (Seq.length) row.Steps) chain "chain"
                    Expect.isLessThanOrEqual row.Answer.Count answer "answer"
                    Expect.contains task.Strata row.Stratum "stratum"
            }
            test "no question is for training and for testing" {
                let trained = set [ for row in task.Training(2_000, 3L) -> row.QuestionText ]
                let asked = [ for row in task.Test(30, 0L) -> row.QuestionText ]
                Expect.isGreaterThan asked.Length 20 "questions"
                Expect.equal (List.distinct asked).Length asked.Length "each once"
                Expect.isEmpty (Set.intersect trained (set asked)) "in both"
            }
            test "the same seed gives the same rows, another seed others" {
                let texts seed =
                    [ for row in task.Training(50, seed) -> TaskFile.Text row ]

                Expect.equal (texts 5L) (texts 5L) "again"
                Expect.notEqual (texts 5L) (texts 6L) "another"
            }
            test "its tokenizer gives each word an id, with or without spaces between them" {
                let folder = Directory.CreateTempSubdirectory("lori-task").FullName

                try
                    TaskTokenizer.Write(folder, task)
                    let tokenizer = TokenizerFile.Load folder

                    for row in task.Test(5, 0L) do
                        let ids = [| for word in row.Question -> task.IdOf word |]
                        Expect.equal (tokenizer.Encode row.QuestionText) ids "question"
                        Expect.equal (tokenizer.Decode ids) row.QuestionText "and back"

                        let steps =
                            [|
                                for step in row.Steps do
                                    for word in step -> task.IdOf word
                            |]

                        Expect.equal
                            (tokenizer.Encode(String.Join("", row.StepTexts)))
                            steps
                            "steps without a space between them"
                finally
                    Directory.Delete(folder, true)
            }
        ]

/// The SHA-256 of rows as iCoT's files write them.
let private sha256 (rows: TaskRow seq) =
    let text = String.Join("", [ for row in rows -> TaskFile.Text row + "\n" ])
    Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes text))

let private chains =
    testList
        "Chains"
        [
            test "rows of arithmetic modulo 7 are those that the demonstration had before tasks were made here" {
                let task = ChainTask(GroupAction.Affine7, 5)

                Expect.equal
                    (sha256 (task.Training(500, 2L)))
                    "2ef8a93bde42dab5fce8fa9d757fb9effe7d29233fa89f2fb6cc7c70df871312"
                    "training"

                Expect.equal
                    (sha256 (task.Test(100, 0L)))
                    "137ccbc27b14d746d8195a398915840564ecb9f2ef443426fe35f28cc926fad3"
                    "test"
            }
            test "the demonstration's ids are the task's words" {
                let rows = List.ofSeq (ChainTask(GroupAction.Affine7, 5).Training(50, 2L))

                for row, example in Seq.zip rows (ChainedArithmetic.Training(50, 5, 2L)) do
                    Expect.equal (ChainedArithmetic.Text example.Question) row.QuestionText "question"
                    Expect.equal (ChainedArithmetic.Text example.Rationale) (String.Join(" ", row.StepTexts)) "chain"
                    Expect.equal (ChainedArithmetic.Text example.Answer) (row.AnswerText + " <end>") "answer"
            }
            test "the first rows are those that the demonstration always had" {
                let first = Seq.head (ChainTask(GroupAction.Affine7, 5).Training(1, 0L))
                Expect.equal (TaskFile.Text first) "2 +6 -3 *5 *2 ?||+6 1 -3 5 *5 4 *2 1 #### 1" "seed 0"
            }
            for group in GroupAction.All do
                test $"operations of {group.Name} are permutations of its states" {
                    for struct (word, image) in group.Operations do
                        Expect.equal (Array.distinct image).Length group.States.Count word
                }
            test "the even permutations of five points are 60, and not commutative" {
                Expect.equal GroupAction.A5.States.Count 60 "elements"

                let image word =
                    GroupAction.A5.Operations
                    |> Seq.pick (fun struct (name, image) -> if name = word then Some image else None)

                let a, A, b = image "a", image "A", image "b"
                Expect.equal [| for state in 0..59 -> A[a[state]] |] [| 0..59 |] "a and its inverse"

                Expect.notEqual
                    [| for state in 0..59 -> b[a[state]] |]
                    [| for state in 0..59 -> a[b[state]] |]
                    "the order matters"

                let reached = ref (set [ 0 ])

                for _ in 1..60 do
                    reached.Value <-
                        Set.union
                            reached.Value
                            (set
                                [
                                    for state in reached.Value do
                                        a[state]
                                        b[state]
                                ])

                Expect.equal reached.Value.Count 60 "a and b make all"
            }
            test "an answer is the state that its operations lead to" {
                for row in ChainTask(GroupAction.A5, 6).Training(100, 4L) do
                    let image word =
                        GroupAction.A5.Operations
                        |> Seq.pick (fun struct (name, image) -> if name = word then Some image else None)

                    let operations = row.Question |> Seq.skip 1 |> Seq.take (row.Question.Count - 2)

                    let last =
                        Seq.fold (fun state word -> (image word)[state]) (int row.Question[0]) operations

                    Expect.equal row.AnswerText (string last) row.QuestionText
            }
        ]

let private published =
    SharedFiles.fixtureTests "Published lines" (fun () ->
        [
            for digits, folder in [ 4, "4_by_4_mult"; 5, "5_by_5_mult" ] do
                for path in Directory.GetFiles(SharedFiles.path $"data/{folder}", "*.txt") do
                    test $"{folder}/{Path.GetFileName path} is written byte for byte" {
                        let task = MultiplicationTask digits

                        let number (text: string) =
                            text.Replace(" ", "").ToCharArray() |> Array.rev |> String |> int64

                        let lines = File.ReadAllLines path
                        Expect.isGreaterThan lines.Length 100 "lines"

                        for line in lines do
                            let question = line.Split("||")[0]
                            let factors = question.Split(" * ")
                            Expect.equal (TaskFile.Text(task.Row(number factors[0], number factors[1]))) line question
                    }
        ])

let private graphs =
    test "a graph's answer is what can be reached, by a shortest path, and the other candidate cannot" {
        let task = GraphTask(12, 16, 4)

        for row in task.Training(200, 9L) do
            let text = List.ofSeq row.Question
            let mark = List.findIndex ((=) "?") text

            let edges =
                [ for edge in List.chunkBySize 3 (List.take mark text) -> edge[0], edge[1] ]

            let root, candidates = text[mark + 1], text[mark + 2 ..]
            Expect.equal edges.Length 16 "edges"

            let rec distance (front: Set<string>) (seen: Set<string>) steps target =
                if front.Contains target then
                    Some steps
                elif front.IsEmpty then
                    None
                else
                    let next =
                        set
                            [
                                for from, into in edges do
                                    if front.Contains from && not (seen.Contains into) then
                                        into
                            ]

                    distance next (Set.union seen next) (steps + 1) target

            let far = distance (set [ root ]) (set [ root ]) 0
            Expect.equal (far row.AnswerText) (Some(int row.Stratum)) "the stratum is the distance"
            let other = candidates |> List.find ((<>) row.AnswerText)
            Expect.equal (far other) None "the other candidate"
            Expect.equal row.Steps.Count (int row.Stratum) "steps"
            let path = root :: [ for step in row.Steps -> step[1] ]

            for edge in List.pairwise path do
                Expect.contains edges edge "an edge of the graph"
    }

let private endless =
    test "a shape whose graphs are hardly ever found ends in one line that names the options" {
        let message =
            try
                Seq.length (GraphTask(20, 40, 17).Training(10, 1L)) |> string
            with :? InputException as refused ->
                refused.Message

        Expect.stringStarts message "--edges 40 and --longest 17: of 10000 graphs with 20 nodes none" "refused"
    }

[<Tests>]
let tests =
    testList "Tasks" (List.map everyTask all @ [ chains; published; graphs; endless ])
