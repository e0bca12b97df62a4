"""Running trials: in this process or on Ray, and what is around it.

local            one trial after another in this process; the signals that stop a run
ray/             on Ray Tune; the only package that knows Ray, beside cluster_address
progress         what a person sees while a study runs
provenance       commit, versions, host and script of a start
node_check       whether a node has what trials need
cluster_address  reaching a Ray cluster, or saying why not
cluster_yaml     a cluster's YAML: read, checked, compared with the nodes there are
"""
