#!/usr/bin/env bash
# What one GPU tells in a quarter of an hour: SmolLM2-135M on GSM8K, by one seed, in bfloat16. The explicit teacher, answering at once,
# LoRi, CODI, and latent steps with the loss of the answer alone; then every test set, and one page about all of them.
#
#   experiments/gpu.sh --model SmolLM2-135M --train gsm8k/train.jsonl --output runs/gpu \
#       --test gsm8k/test.jsonl gsmhardv2.jsonl SVAMP.json MultiArith.json
#
# Trainings share --minutes (12): the teacher has a quarter, each student three sixteenths. Seconds a step are measured by a dry run,
# and as many steps are made as fit, ten epochs at most. --small shows on a CPU that all of it runs: a fresh model of width 64 with the
# tokenizer of --model, three steps each, eight questions of each set. LORI names the program where it is not on the path,
# LORI_LIBTORCH a libtorch with CUDA.
set -euo pipefail

model='' train='' output='' minutes=12 small='' tests=()
usage() {
  echo "gpu.sh: $1; usage: experiments/gpu.sh --model FOLDER --train FILE --test FILE... --output FOLDER [--minutes N] [--small]" >&2
  exit 2
}
while (($# > 0)); do
  case $1 in
    --model | --train | --output | --minutes)
      (($# > 1)) || usage "$1 has no value"
      declare "${1#--}=$2"
      shift 2
      ;;
    --test)
      shift
      while (($# > 0)) && [[ $1 != --* ]]; do tests+=("$1"); shift; done
      ;;
    --small) small=yes; shift ;;
    *) usage "there is no option $1" ;;
  esac
done
[[ $model && $train && $output && ${#tests[@]} -gt 0 ]] || usage "name --model, --train, --test and --output"
[[ $minutes =~ ^[0-9]+$ ]] || usage "--minutes $minutes is no whole number"
read -r -a lori <<<"${LORI:-lori}"

mkdir -p "$output"
if [[ $small ]]; then
  where=(--device cpu --dtype float32)
  length=(--limit 32 --batch-size 4)
  asked=(--limit 8 --max-new-tokens 16 --latency-questions 1)
  [[ -d $output/fresh ]] || "${lori[@]}" model new --tokenizer "$model" --output "$output/fresh" --json >"$output/fresh.json"
  model=$output/fresh
else
  where=(--device cuda --dtype bfloat16)
  length=(--batch-size 32)
  asked=(--batch-size 128)
fi

# Steps of a training that fit into some seconds: its own dry run says seconds a step, and what it takes before the first.
steps_in() {
  local seconds=$1
  shift
  if [[ $small ]]; then
    echo 3
    return
  fi
  "$@" --dry-run --epochs 10 2>&1 | awk -v seconds="$seconds" '
    /^steps: / { gsub(",", "", $2); most = $2 }
    /^teacher: about / { split($3, clock, ":"); seconds -= clock[1] * 3600 + clock[2] * 60 + clock[3] }
    /^time: / { pace += $2 }
    END { if (!(pace > 0)) exit 1; steps = int(seconds / pace); print (steps < 1 ? 1 : (steps > most ? most : steps)) }'
}

# Trains a run of some name for some seconds, where it is not there, and asks every test set.
run() {
  local name=$1 seconds=$2 steps
  shift 2
  local training=("${lori[@]}" "$@" --data "$train" --output "$output/$name" --seed 1 --learning-rate 3e-4 "${length[@]}" "${where[@]}")
  if [[ ! -e $output/$name/final ]]; then
    steps=$(steps_in "$seconds" "${training[@]}") || { echo "gpu.sh: the dry run of $name told no time; run it by hand" >&2; exit 1; }
    echo "$name: $steps steps"
    "${training[@]}" --steps "$steps" --resume
  fi
}

evaluate() {
  local name=$1 test
  for test in "${tests[@]}"; do
    "${lori[@]}" evaluate --model "$output/$name" --data "$test" --output "$output/$name/on-$(basename "${test%.*}")" --resume \
      "${asked[@]}" "${where[@]}"
  done
}

start=$SECONDS
run cot $((minutes * 60 / 4)) teach --model "$model"
run no-cot $((minutes * 60 * 3 / 16)) distill --method no-cot --teacher "$output/cot"
for method in lori codi latent-ce; do
  run "$method" $((minutes * 60 * 3 / 16)) distill --method "$method" --teacher "$output/cot" --latent-steps 5
done
echo "trainings took $((SECONDS - start)) s"
for name in cot no-cot lori codi latent-ce; do
  evaluate "$name"
done
"${lori[@]}" report "$output"/{cot,no-cot,lori,codi,latent-ce} --output "$output/page.html" --questions 0
echo "$output/page.html: all runs and test sets; $((SECONDS - start)) s in all"
