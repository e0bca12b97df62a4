"""Running trials, in this process or on Ray, and all that a run needs around it.

    local            one trial after another in this process; the signals that stop a run
    ray/             on Ray Tune; only this package and cluster_address know Ray
    progress         the display of a running study
    provenance       commit, versions, host and script of a start
    node_check       whether a node has all that trials need
    cluster_address  reaching a Ray cluster, or saying in one line why not
    cluster_yaml     a cluster's YAML: read, checked, compared with the nodes there are

Others start with `run_in_process` and `ray.run_sweep`.
"""
