#!/usr/bin/env bash
# What several processes leave against what one leaves: a table of hashes, and what is printed where one of them fails. A model of fresh
# weights and a task that is made here; nothing is downloaded.
#
#   bash bench/ranks.sh OUT [LAUNCHER...]     the table, in Markdown
#   bash bench/ranks.sh OUT failures          commands that fail, and the lines that they print
#
# OUT       folder for data, models and logs
# LAUNCHER  openmpi, mpich, pmi2 or pmix (srun of a Slurm that runs, the last with Open MPI); left out, the first two
#
# LORI names the program (the build of this checkout where it is not set); 4 ranks of one thread each are the most that are started. The
# exit code is 1 where a command of the table failed or left something else than one process does.
set -uo pipefail
out=${1:?folder for data and logs}
shift
here=$(cd "$(dirname "$0")/.." && pwd)
read -ra lori <<< "${LORI:-dotnet $here/src/LoRi.Cli/bin/Release/net10.0/lori.dll}"
mkdir -p "$out" && cd "$out" || exit 1

launched() { # launcher ranks command...
    local launcher=$1 ranks=$2
    shift 2
    case $launcher in
        openmpi) mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none -n "$ranks" "$@" ;;
        mpich) mpirun.mpich -n "$ranks" "$@" ;;
        pmi2 | pmix) srun "--mpi=$launcher" --overcommit -n "$ranks" "$@" ;;
    esac
}

ready() {
    [ -d model ] && return
    "${lori[@]}" task write chain --rows 400 --output train.jsonl --tokenizer-output tokenizer &&
        "${lori[@]}" model new --tokenizer tokenizer --width 64 --heads 4 --layers 3 --output model
}

steps="--steps 12" parts="--batch-size 8 --accumulation 4"
learning="--data train.jsonl --answer-prefix = --threads 1 --validation-fraction 0"
student="--teacher model --latent-steps 2 --layer-rank 2 --hidden-rank 8 --steps 6 --batch-size 8 --accumulation 4 $learning"
stages=(teach distill adapters trajectories subspace evaluate)

words() { # stage output: the words of its command line
    case $1 in
        teach) echo "teach --model model $steps $parts $learning --output $2" ;;
        distill) echo "distill --method lori $student --output $2" ;;
        adapters) echo "distill --method lori $student --lora-rank 4 --lora-dropout 0.1 --output $2" ;;
        trajectories) echo "trajectories --model model --data train.jsonl --answer-prefix = --batch-size 32 --threads 1 --output $2.safetensors" ;;
        subspace) echo "subspace fit --trajectories trajectories-alone.safetensors --threads 1 --output $2.safetensors" ;;
        evaluate) echo "evaluate --model teach-alone --data train.jsonl --limit 60 --batch-size 8 --max-new-tokens 12 --threads 1 --output $2" ;;
    esac
}

hash() { # stage output: what it left, without times; fails where that is not there
    case $1 in
        teach | distill | adapters) cat "$2"/final/*.safetensors ;;
        trajectories | subspace) cat "$2.safetensors" ;;
        evaluate) sed -E 's/"seconds":[^,}]*//' "$2/predictions.jsonl" ;;
    esac | sha256sum | cut -c 1-12
}

made() { # stage name command...: runs it once; a hash, or why there is none
    local stage=$1 output=$1-$2 found
    shift 2
    [ -f "$output.done" ] || { rm -rf "$output" "$output.safetensors"; "$@" > "$output.log" 2>&1 && touch "$output.done"; }
    if [ ! -f "$output.done" ]; then
        echo "failed: $(grep -m 1 'lori: error' "$output.log" || tail -n 1 "$output.log")"
        return 1
    fi
    found=$(hash "$stage" "$output" 2>> "$output.log") || { echo "failed: what $output should have left cannot be read"; return 1; }
    echo "$found"
}

table() {
    local stage launcher ranks alone found isMade isRight=yes
    printf '| stage | one process |'
    for launcher in "$@"; do for ranks in 1 2 4; do printf ' %s, %s |' "$launcher" "$ranks"; done; done
    printf '\n| --- | --- |%s\n' "$(for launcher in "$@"; do printf ' --- | --- | --- |'; done)"
    for stage in "${stages[@]}"; do
        read -ra line <<< "$(words "$stage" "$stage-alone")"
        isMade=yes
        alone=$(made "$stage" alone "${lori[@]}" "${line[@]}") || isMade='' isRight=''
        printf '| %s | %s |' "$stage" "$alone"
        for launcher in "$@"; do
            for ranks in 1 2 4; do
                read -ra line <<< "$(words "$stage" "$stage-$launcher-$ranks")"
                if found=$(made "$stage" "$launcher-$ranks" launched "$launcher" "$ranks" "${lori[@]}" "${line[@]}") &&
                    [ "$isMade" ] && [ "$found" = "$alone" ]; then
                    printf ' same |'
                else
                    printf ' %s |' "$found"
                    isRight=''
                fi
            done
        done
        printf '\n'
    done
    [ "$isRight" ]
}

shown() { # what is said of it, command...
    printf '== %s\n' "$1"
    shift
    "$@" 2>&1 | grep -E 'lori: error|stopped|finished in|saved|signal' | sed "s/ on \(node \)\?$(hostname)\b/ on \1HOST/g" | cut -c 1-240
    printf 'exit code %s\n\n' "${PIPESTATUS[0]}"
}

# Sends a signal to one of the two ranks of a long run, once it has saved.
signalled() { # signal output
    local run ranks
    read -ra line <<< "$(steps="--steps 4000 --checkpoint-every 20" words teach "$2")"
    rm -rf "$2"
    launched openmpi 2 "${lori[@]}" "${line[@]}" &
    run=$!
    until compgen -G "$2/checkpoints/step-*" > /dev/null; do
        kill -0 "$run" 2> /dev/null || { echo "lori: error: the run ended before it saved" >&2; wait "$run"; return; }
        sleep 0.1
    done
    mapfile -t ranks < <(pgrep -f "^${lori[*]} teach .*--output $2")
    if [ ${#ranks[@]} -gt 0 ]; then kill -s "$1" "${ranks[-1]}"; else echo "lori: error: no rank is found to send $1 to" >&2; fi
    wait "$run"
}

failures() {
    local line
    shown 'SIGKILL to one rank: mpirun -n 2 lori teach; kill -9 RANK' signalled KILL killed
    shown 'SIGTERM to one rank: mpirun -n 2 lori teach; kill -TERM RANK' signalled TERM stopped
    read -ra line <<< "$(words teach refused)"
    shown "the other family's library: LORI_MPI=libmpich.so.12 mpirun.openmpi -n 2 lori teach" \
        env LORI_MPI=libmpich.so.12 mpirun.openmpi --allow-run-as-root --oversubscribe -n 2 "${lori[@]}" "${line[@]}"
    shown 'no such library: LORI_MPI=libabsent.so mpirun.openmpi -n 2 lori teach' \
        env LORI_MPI=libabsent.so mpirun.openmpi --allow-run-as-root --oversubscribe -n 2 "${lori[@]}" "${line[@]}"
    shown 'a folder that one rank does not see: rank 1 with nothing mounted over the model' \
        mpirun.openmpi --allow-run-as-root --oversubscribe -n 1 "${lori[@]}" "${line[@]}" : \
        -n 1 unshare --mount sh -c 'mount -t tmpfs none model && exec "$@"' sh "${lori[@]}" "${line[@]}"
    read -ra line <<< "$(parts="--batch-size 9 --accumulation 3" words teach refused)"
    shown 'parts that ranks cannot share: mpirun -n 2 lori teach --batch-size 9 --accumulation 3' \
        launched openmpi 2 "${lori[@]}" "${line[@]}"
}

if [ "${1:-}" != failures ]; then
    for launcher in "$@"; do
        case $launcher in openmpi | mpich | pmi2 | pmix) ;; *) echo "no launcher $launcher: openmpi, mpich, pmi2 or pmix" >&2; exit 2 ;; esac
    done
fi
ready > ready.log 2>&1 || { cat ready.log >&2; exit 1; }
if [ "${1:-}" = failures ]; then failures; elif [ $# -gt 0 ]; then table "$@"; else table openmpi mpich; fi
