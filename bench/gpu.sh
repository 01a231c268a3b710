#!/usr/bin/env bash
# One GPU in at most eight minutes: does the program load there, and what does a step take. Fresh weights of SmolLM2-135M's shape, a task
# that is made here; nothing is downloaded.
#
#   bash bench/gpu.sh PROGRAM TORCH OUT [DEVICE]
#
# PROGRAM  folder of `dotnet publish src/LoRi.Cli -c Release -r linux-x64 --self-contained`; of its libtorch/ only TorchSharp's own library
#          has to travel where PyTorch is installed
# TORCH    torch/lib of an installed PyTorch, or - for the libtorch beside the program
# OUT      folder for gpu.md, the summaries and the logs
# DEVICE   cuda (default), or cpu: the same at a small size, to try the script
#
# TOKENIZER names a tokenizer (file or folder), such as SmolLM2's of 49,152 tokens; without it the task's own 28 words are the tokens, which
# makes the head cheaper than a real one.
set -u
program=${1:?folder of the program} torch=${2:?torch/lib, or -} out=${3:?folder for results} device=${4:-cuda}
mkdir -p "$out" && out=$(cd "$out" && pwd)
begin=$SECONDS

lori() {
    if [ "$torch" = - ]; then "$program/lori" "$@"; else "$program/lori" --libtorch "$torch" --libtorch-any-version "$@"; fi
}

if [ "$device" = cuda ]; then
    shape=(--width 576 --layers 30 --heads 9 --key-value-heads 3 --inner-width 1536) batches="8 32 128" steps=20 limit=420 type=bfloat16
else
    shape=(--width 64 --layers 3 --heads 4) batches="4 8" steps=3 limit=120 type=float32
fi

lori info > "$out/info.txt" 2>&1 || { echo "the program does not load:"; cat "$out/info.txt"; exit 1; }
grep -iE "libtorch|cuda" "$out/info.txt"
if [ "$device" = cuda ] && ! grep -iE "^cuda" "$out/info.txt" | grep -qv "not available"; then
    echo "no CUDA device is seen"
    exit 1
fi

lori task write chain --group affine7 --rows 4096 --output "$out/rows.jsonl" --tokenizer-output "$out/tokenizer" > "$out/task.log" 2>&1 ||
    { cat "$out/task.log"; exit 1; }
lori model new "${shape[@]}" --tokenizer "${TOKENIZER:-$out/tokenizer}" --output "$out/model" > "$out/model.log" 2>&1 || { cat "$out/model.log"; exit 1; }

# Launches of kernels are counted where a C compiler is there, by a library that stands before the runtime's.
counter=
if [ "$device" = cuda ] && command -v cc > /dev/null; then
    cat > "$out/launches.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
typedef struct { unsigned x, y, z; } dim3;
static unsigned long count;
int cudaLaunchKernel(const void *f, dim3 g, dim3 b, void **a, size_t m, void *s) {
    static int (*next)(const void *, dim3, dim3, void **, size_t, void *);
    if (!next) next = dlsym(RTLD_NEXT, "cudaLaunchKernel");
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    return next(f, g, b, a, m, s);
}
int cudaLaunchKernelExC(const void *c, const void *f, void **a) {
    static int (*next)(const void *, const void *, void **);
    if (!next) next = dlsym(RTLD_NEXT, "cudaLaunchKernelExC");
    __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    return next(c, f, a);
}
__attribute__((destructor)) static void say(void) {
    const char *file = getenv("LAUNCHES");
    FILE *out = file ? fopen(file, "w") : 0;
    if (out) { fprintf(out, "%lu\n", count); fclose(out); }
}
C
    cc -shared -fPIC -o "$out/launches.so" "$out/launches.c" -ldl 2> "$out/launches.log" && counter=$out/launches.so
fi

# step METHOD ROWS STEPS: trains in a process of its own.
step() {
    local run="$out/$1-$2-$3" own=()
    [ "$1" = no-cot ] || own+=(--latent-steps 5)
    [ "$1" = lori ] && own+=(--hidden-rank 32 --layer-rank 3)
    LAUNCHES="$run.launches" LD_PRELOAD="$counter" lori distill --method "$1" --teacher "$out/model" --data "$out/rows.jsonl" \
        --output "$run" --steps "$3" --batch-size "$2" --learning-rate 1e-4 --answer-prefix "=" --dtype "$type" --device "$device" "${own[@]}" > "$run.log" 2>&1
}

for method in no-cot codi lori; do
    for rows in $batches; do
        if [ $((SECONDS - begin)) -gt $limit ]; then
            echo "$method at $rows rows: left out, the time was up"
            continue
        fi
        if step "$method" "$rows" "$steps"; then
            echo "$method at $rows rows: done"
        else
            echo "$method at $rows rows: $(tail -n 1 "$out/$method-$rows-$steps.log")"
        fi
    done
done

# value FILE KEY: a number of a summary.
value() { grep -oE "\"$2\": *[-0-9.eE+]+" "$1" | head -n 1 | sed 's/.*: *//'; }

{
    echo "# One GPU"
    echo
    grep -iE "^(libtorch|cuda|lori)" "$out/info.txt" | sed 's/^/    /'
    echo
    echo "Fresh weights (${shape[*]}), $type, $device, $steps steps of each, the first one included."
    echo
    echo "| method | rows a step | tokens/s | share of the measured ceiling | seconds | peak GB | launches a step |"
    echo "| --- | --: | --: | --: | --: | --: | --: |"
    for method in no-cot codi lori; do
        for rows in $batches; do
            run="$out/$method-$rows-$steps"
            [ -f "$run/summary.json" ] || continue
            launches=-
            [ -f "$run.launches" ] && launches=$(($(cat "$run.launches") / steps))
            echo "| $method | $rows | $(value "$run/summary.json" tokens_per_second | cut -d. -f1) | $(value "$run/summary.json" share_of_ceiling | cut -c1-5)" \
                "| $(value "$run/summary.json" training_seconds | cut -c1-6) | $(value "$run/summary.json" peak_memory_bytes | awk '{ printf "%.2f", $1 / 1e9 }') | $launches |"
        done
    done
    echo
    echo "Launches count the whole process, its start and the teacher's pass as well. $((SECONDS - begin)) seconds in all."
} | tee "$out/gpu.md"
