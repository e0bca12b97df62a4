#!/bin/bash
# A study on Slurm, on one node or on several; docs/slurm.md says more. In the project's folder:
#     sbatch --nodes=2 slurm.sh studies/sgd_noise.py --preset paper
# The same line again continues. Flags of sbatch win over the lines below.
#SBATCH --job-name=nvp
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:TERM@120
#SBATCH --open-mode=append
#SBATCH --output=nvp-%j.out

. .venv/bin/activate  # where nvp is installed; every node has to see this folder

# On SIGTERM the study saves its running trials and ends. A job that is preempted, requeued or
# cancelled is COMPLETING, and Slurm sends SIGTERM to all of its processes; those of Ray block it,
# since the trials are in them, and srun, which would then kill them, goes once Ray is up. Two
# minutes before the time is up the job is RUNNING, and this script alone gets SIGTERM; the study
# must not get it twice.
asked_to_end=
trap 'end_study' TERM
job_state() { squeue --noheader --jobs="$SLURM_JOB_ID" --format=%T; }

end_study() {
  asked_to_end=$(job_state)
  asked_to_end=${asked_to_end:-UNKNOWN}
  if [ "$asked_to_end" = RUNNING ]; then kill -TERM $study 2> /dev/null; fi
}

wait_for() {  # the end of a process; a trap interrupts `wait`, which returns the process's code
  local code=0
  while kill -0 "$1" 2> /dev/null; do wait "$1"; code=$?; done
  return $code
}

blocking_sigterm='import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
os.execvp(sys.argv[1], sys.argv[1:])'

start_ray() {  # on every node of the job, in the background; the first one is the head
  [ -s ~/.ray/auth_token ] || ray get-auth-token --generate > /dev/null
  chmod 600 ~/.ray/auth_token
  export RAY_AUTH_MODE=token RAY_ADDRESS=auto RAY_TMPDIR=/tmp/nvp-$SLURM_JOB_ID
  head=$(srun --nodes=1 --ntasks=1 --relative=0 hostname -I | cut -d ' ' -f 1)
  export RAY_raylet_start_wait_time_s=120  # 30 s are too few on a slow shared disk
  port=$((20000 + SLURM_JOB_ID % 5000 * 2))  # and the next one; two jobs may share a node
  srun --overlap --kill-on-bad-exit=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
    --output="nvp-$SLURM_JOB_ID-ray.out" python -c "$blocking_sigterm" bash -c '
    mkdir -p "$RAY_TMPDIR"
    if [ "$SLURM_PROCID" = 0 ]; then
      exec ray start --block --head --node-ip-address='"$head"' --port='"$port"' \
        --ray-client-server-port='$((port + 1))' --num-cpus="${SLURM_CPUS_PER_TASK:-1}" \
        --include-dashboard=false
    fi
    is_up() { (exec 3<> /dev/tcp/'"$head/$port"') 2> /dev/null; }
    until is_up; do sleep 1; done
    while is_up; do  # a node whose Ray did not start, or died, joins again
      ray start --block --address='"$head:$port"' --num-cpus="${SLURM_CPUS_PER_TASK:-1}"
      sleep 2
    done
  ' &
  cluster=$!
  nodes=0
  until=$((SECONDS + 600))  # then the study starts with the nodes that there are; others may follow
  while [ "$nodes" -lt "$SLURM_NNODES" ] && [ -z "$asked_to_end" ] && [ $SECONDS -lt $until ]; do
    kill -0 $cluster 2> /dev/null || { echo "Ray did not start: nvp-$SLURM_JOB_ID-ray.out says why"; exit 1; }
    sleep 2
    nodes=$(python -m nvp.running.cluster_address "$head:$port" 2> /dev/null | grep -c .)
  done
  disown $cluster
  kill -KILL $(pgrep -P $cluster) $cluster  # first its child, which else ends what it started
  echo "Ray: $nodes of $SLURM_NNODES nodes at $head:$port"
}

ray_step() { squeue --noheader --steps --jobs="$SLURM_JOB_ID" --format=%i | grep -E '\.[0-9]+$'; }

end_ray() {
  local step  # none is left where Ray's head has died
  while step=$(ray_step); do
    # Slurm refuses it in a job that was cancelled, whose steps it ends itself, after `KillWait`
    scancel --signal=KILL $step 2> /dev/null || [ "$(job_state)" = RUNNING ] || return
    sleep 1
  done
  srun --overlap rm -rf "/tmp/nvp-$SLURM_JOB_ID"
}

start_ray

code=130
if [ -z "$asked_to_end" ]; then
  python "$@" &
  study=$!
  wait_for $study
  code=$?
fi
end_ray

if [ "$asked_to_end" = RUNNING ]; then
  echo "the time is nearly up: the job goes back into the queue, and continues"
  scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
