#!/usr/bin/env bash
# Ranks on GPUs, in a few minutes: does NCCL load and carry, does one rank with it train to the bits of a process without it, are two
# ranks on one card refused by name, and, where there are two cards, are two ranks' bits those of one. Fresh small weights, a task that is
# made here; nothing is downloaded. Exits with 1 where anything is not as it should be.
#
#   bash bench/gpu-ranks.sh PROGRAM TORCH OUT [STANDIN.c]
#
# PROGRAM    folder of `dotnet publish src/LoRi.Cli -c Release -r linux-x64 --self-contained`
# TORCH      torch/lib of an installed PyTorch, or - for the libtorch beside the program
# OUT        folder for gpu-ranks.md and the logs
# STANDIN.c  tests/LoRi.Training.Tests/Support/StandIn/nccl.c, to try the script without a card: memory of the processor in place of
#            cards, and a library in place of NCCL
#
# NCCL names the library where `lori info` finds none; MPIRUN the launcher (default: mpirun with root allowed), which may be absent.
set -u
program=${1:?folder of the program} torch=${2:?torch/lib, or -} out=${3:?folder for results} standin=${4:-}
mkdir -p "$out" && out=$(cd "$out" && pwd)
begin=$SECONDS failed=0
words=("$program/lori")
[ "$torch" = - ] || words+=(--libtorch "$torch" --libtorch-any-version)

lori() { "${words[@]}" "$@"; }
value() { lori info --json | grep -oE "\"$1\": ?(\"[^\"]*\"|[a-z0-9]+)" | sed -E 's/^[^:]*: ?//; s/"//g'; }
say() { echo "$1" | tee -a "$out/gpu-ranks.md"; }

# check NAME RESULT: a row of the table; RESULT is yes, no, or why it was left out.
check() {
    say "| $1 | $2 |"
    [ "$2" != no ] || failed=1
}

library=${NCCL:-}
if [ -n "$standin" ]; then
    library=$out/libnccl-standin.so
    gcc -x c -O2 -shared -fPIC -o "$library" "$standin" -lrt || exit 1
elif [ "$(value cuda)" != true ]; then
    echo "no CUDA device is seen"
    exit 1
fi

# "2.18.5, FILE", or why there is none.
version=$(LORI_NCCL=$library value nccl)
case $version in [0-9]*) library=${version#*, } ;; *) echo "no NCCL: $version"; exit 1 ;; esac

lori task write chain --group affine7 --rows 512 --output "$out/rows.jsonl" --tokenizer-output "$out/tokenizer" > "$out/task.log" 2>&1 &&
    lori model new --width 128 --layers 4 --heads 4 --tokenizer "$out/tokenizer" --output "$out/model" > "$out/model.log" 2>&1 ||
    { cat "$out/task.log" "$out/model.log"; exit 1; }

# train RUN WORDS...: eight steps of four parts by `lori` behind some words; gives the SHA-256 of what was trained.
train() {
    local run=$1
    shift
    rm -rf "${out:?}/$run"
    timeout 150 "$@" "${words[@]}" teach --model "$out/model" --data "$out/rows.jsonl" --output "$out/$run" --steps 8 --batch-size 16 \
        --accumulation 4 --learning-rate 1e-3 --answer-prefix "=" --threads 1 --rank-timeout 60 --device cuda > "$out/$run.log" 2>&1 || return 1
    sha256sum "$out/$run/final/model.safetensors" | cut -c1-64
}

same() { if [ -n "$1" ] && [ "$1" = "$2" ]; then echo yes; else echo no; fi; }

# As a launcher would start one process.
one=(env OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_LOCAL_RANK=0 LORI_NCCL="$library")
plain=(env)
[ -z "$standin" ] || plain=(env LORI_NCCL="$library")
launcher=${MPIRUN:-mpirun --allow-run-as-root --oversubscribe --bind-to none}
two=($launcher -n 2 env LORI_NCCL="$library")

: > "$out/gpu-ranks.md"
say "# Ranks on GPUs"
say ""
say "NCCL $version${standin:+ (a stand-in: nothing here is of a card)}; $(lori info | grep -iE '^(libtorch|CUDA)' | sed 's/  */ /g' | paste -sd '|' | sed 's/|/; /g')"
say ""
say "| what | as it should be |"
say "| --- | --- |"
first=$(train alone "${plain[@]}")
check "a process without NCCL trains" "$(same "${first:-}" "${first:-}")"
again=$(train again "${plain[@]}")
check "and again to the same bits" "$(same "$first" "$again")"
own=$(train one "${one[@]}")
check "one rank with NCCL, to the same bits" "$(same "$first" "$own")"
check "and NCCL was open" "$(grep -q "connected with itself (NCCL" "$out/one.log" && echo yes || echo no)"
if command -v "${two[0]}" > /dev/null; then
    train refused env CUDA_VISIBLE_DEVICES=0 "${two[@]}" > /dev/null && check "two ranks on one card are refused" no ||
        check "two ranks on one card are refused by name" \
            "$(grep -qE "is the card of rank 0 on .* and of rank 1 on " "$out/refused.log" && echo yes || echo no)"
    if [ -n "$standin" ] || [ "$(value cuda_devices)" -ge 2 ]; then
        both=$(train two "${two[@]}")
        check "two ranks on two cards, to the same bits" "$(same "$first" "$both")"
    else
        check "two ranks on two cards" "left out: one card"
    fi
else
    check "two ranks" "left out: no ${two[0]}"
fi

say ""
say "SHA-256 of the trained model: ${first:-none}, again ${again:-none}, one rank ${own:-none}${both:+, two ranks $both}. $((SECONDS - begin)) seconds."
[ "$failed" = 0 ] || grep -h "lori: error" "$out"/*.log
exit "$failed"
