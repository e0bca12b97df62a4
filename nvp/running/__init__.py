"""Running trials, in this process or on Ray, and all that a run needs around it.

    local            one trial after another in this process
    ray/             on Ray Tune; only this package and cluster_address know Ray
    cells           cells of a notebook: what differs there from a script
    signals          what stops a run: Ctrl-C, a request to end, a closed terminal or pipe
    last_words       what a driver says when it ends: one line, and the command that continues
    exit_codes       the exit codes of a study's script
    progress         the display of a running study
    tracking         trackers beside a running study, a process each
    pace             how fast trials go, and the time that the others will take
    provenance       commit, versions, host and script of a start
    node_check       whether a node has all that trials need
    cluster_address  reaching a Ray cluster, or saying in one line why not
    own_cluster      the cluster that this machine is a node of, found without a flag
    cluster_yaml     a cluster's YAML: read, checked, compared with the nodes there are

Others start with `run_in_process` and `ray.run_sweep`.
"""
