#!/usr/bin/env bash
# Does a narrower model learn faster where it begins as its teacher, cut to the subspace of the teacher's states (C14)? A teacher of
# width 64 learns chained arithmetic; then models of one shape, with 24 or 40 components, learn the same with few steps, from
#
#   fitted   the teacher, cut by `lori model reduce` to the leading hidden directions of its states
#   random   the teacher, cut to as many random directions
#   fresh    fresh weights: a new model of width 64, cut to the same random directions, so that heads and inner widths are those of the
#            other two
#
#   experiments/reduce.sh --output runs/reduce                a table of accuracies, over the seeds 1 to 3
#   experiments/reduce.sh --output runs/small --small         the same with hardly any step, to see that all of it runs
#
# Everything is drawn anew with the seed: questions, teacher, directions, order. What is there already is not made again. LORI names the
# program where it is not on the path, as `LORI="dotnet .../lori.dll"`; --threads (1) goes to every command.
set -euo pipefail

output='' threads=1 small=''
usage() {
  echo "reduce.sh: $1; usage: experiments/reduce.sh --output FOLDER [--threads N] [--small]" >&2
  exit 2
}
while (($# > 0)); do
  case $1 in
    --output | --threads)
      (($# > 1)) || usage "$1 has no value"
      declare "${1#--}=$2"
      shift 2
      ;;
    --small) small=yes; shift ;;
    *) usage "there is no option $1" ;;
  esac
done
[[ $output ]] || usage "name --output"
read -r -a lori <<<"${LORI:-lori}"

seeds=(1 2 3) ranks=(24 40) budgets=(50 100 200 400) students=(fitted random fresh)
rows=40000 traced=1000 tested=400 teaching=700
if [[ $small ]]; then
  seeds=(1) budgets=(2 4) rows=256 traced=32 tested=4 teaching=4
fi

# Makes an output where its last file is not there; what the command says goes into a log.
make() {
  local made=$1 last=$2
  shift 2
  [[ -e $last ]] || "${lori[@]}" "$@" --output "$made" >>"$output/log.txt" 2>&1 || {
    echo "reduce.sh: ${lori[*]} $* --output $made failed; $output/log.txt has its message" >&2
    exit 1
  }
}

# A training: its folder, its steps, its seed, and the model that it starts from.
train() {
  local run=$1 steps=$2 seed=$3 model=$4
  make "$run" "$run/final/config.json" teach --model "$model" --data "$output/$seed/train.jsonl" --answer-prefix = --steps "$steps" \
    --seed "$seed" --batch-size 64 --learning-rate 3e-3 --schedule half-cosine --warmup-steps $((steps < 10 ? 1 : steps / 10)) \
    --beta2 0.98 --threads "$threads" --resume
}

# Accuracy in per cent, by the strict rule, of a run on the test questions.
accuracy() {
  local run=$1
  make "$run/test" "$run/test/evaluation.json" evaluate --model "$run" --data "$output/test.jsonl" --batch-size 128 \
    --max-new-tokens 40 --latency-questions 0 --threads "$threads" --resume
  awk -F '[:,]' '/"accuracy_strict"/ { printf "%.1f", 100 * $2; found = 1 } END { exit !found }' "$run/test/evaluation.json"
}

# Makes an output that is one file, or a folder that appears when it is complete.
once() {
  local whole=$1
  shift
  make "$whole" "$whole" "$@"
}

# What all students of a seed start from.
prepare() {
  local seed=$1 at=$output/$1 rank kind
  mkdir -p "$at"
  once "$at/train.jsonl" task write chain --rows "$rows" --seed "$seed" --tokenizer-output "$at/tokenizer"
  once "$at/new" model new --width 64 --heads 4 --positions 64 --tokenizer "$at/tokenizer" --seed "$seed"
  train "$at/teacher" "$teaching" "$seed" "$at/new"
  once "$at/states.safetensors" trajectories --model "$at/teacher" --data "$at/train.jsonl" --limit "$traced" --threads "$threads"
  for rank in "${ranks[@]}"; do
    for kind in multilinear-svd random; do
      once "$at/$kind-$rank.safetensors" subspace fit --trajectories "$at/states.safetensors" --kind "$kind" --seed "$seed" \
        --hidden-rank "$rank" --threads "$threads"
    done
    once "$at/fitted-$rank" model reduce --model "$at/teacher" --subspace "$at/multilinear-svd-$rank.safetensors"
    once "$at/random-$rank" model reduce --model "$at/teacher" --subspace "$at/random-$rank.safetensors"
    once "$at/fresh-$rank" model reduce --model "$at/new" --subspace "$at/random-$rank.safetensors"
  done
}

mkdir -p "$output"
once "$output/test.jsonl" task write chain --part test --test-rows "$tested"
for seed in "${seeds[@]}"; do
  prepare "$seed"
done

echo "Accuracy in per cent by the strict rule, of the seeds ${seeds[*]}, then their mean."
echo
for seed in "${seeds[@]}"; do
  found=$(accuracy "$output/$seed/teacher")
  echo "Teacher of seed $seed, width 64, $teaching steps: $found"
done
echo
echo "| width | steps | ${students[0]} | ${students[1]} | ${students[2]} |"
echo "| --- | --- | --- | --- | --- |"
for rank in "${ranks[@]}"; do
  for steps in "${budgets[@]}"; do
    line="| $rank | $steps |"
    for student in "${students[@]}"; do
      all=()
      for seed in "${seeds[@]}"; do
        run=$output/$seed/$student-$rank-$steps
        train "$run" "$steps" "$seed" "$output/$seed/$student-$rank"
        found=$(accuracy "$run")
        all+=("$found")
      done
      mean=$(printf '%s\n' "${all[@]}" | awk '{ sum += $1 } END { printf "%.1f", sum / NR }')
      line+=" ${all[*]}; $mean |"
    done
    echo "$line"
  done
done
