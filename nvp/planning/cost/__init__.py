"""The cost of trials, measured or estimated before they start.

disk_use           bytes of tables and checkpoints
free_disk          whether they fit on the disk
hours              hours, from finished trials or two short runs
fastest_precision  precision=auto and layout=auto, measured on the driver
gpu_sharing        how many trials should share a GPU, measured with real processes
"""
