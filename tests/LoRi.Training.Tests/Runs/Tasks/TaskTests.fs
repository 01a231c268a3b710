/// Tasks that are made here: they are what they are named after, and their two parts share no question.
module LoRi.Training.Tests.TaskTests

open System
open System.IO
open Expecto
open LoRi.Files.Tokenizers
open LoRi.Models
open LoRi.Runs.Demo
open LoRi.Runs.Tasks

let private all: ReasoningTask list =
    [ for group in GroupAction.All -> ChainTask(group, 4) :> ReasoningTask ]
    @ [ MultiplicationTask 2; MultiplicationTask 3; GraphTask(12, 16, 4) ]

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

let private chains =
    testList
        "Chains"
        [
            test "arithmetic modulo 7 is the demonstration's task, row by row" {
                let task = ChainTask(GroupAction.Affine7, 5)

                let same (rows: TaskRow seq) (examples: LoRi.Models.Sequences.EncodedExample[]) =
                    for row, example in Seq.zip rows examples do
                        Expect.equal row.QuestionText (ChainedArithmetic.Text example.Question) "question"

                        Expect.equal
                            (String.Join(" ", row.StepTexts))
                            (ChainedArithmetic.Text example.Rationale)
                            "chain"

                        Expect.equal row.AnswerText (ChainedArithmetic.Text example.Answer[..0]) "answer"

                same (task.Training(500, 2L)) (ChainedArithmetic.Training(500, 5, 2L))
                same (task.Test(100, 0L)) (ChainedArithmetic.Test(100, 5, 0L))
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

[<Tests>]
let tests =
    testList "Tasks" (List.map everyTask all @ [ chains; published; graphs ])
