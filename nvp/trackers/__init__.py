"""Trackers: finished trials as runs in TensorBoard, MLflow or Weights & Biases.

    trial_run      what a tracker is given of a trial: TrialRun, and the protocol Tracker
    tracked_study  the study whose trials are exported: its rows, its plan, the labels of its trials
    curves         the curves of trials over their epochs, from the tables
    read_runs      trials of a study as TrialRuns
    named          trackers by name, or by a dotted name of one's own
    tensorboard    a folder of event files
    mlflow         an MLflow server, or its database
    wandb          files of Weights & Biases, offline unless asked otherwise
    export         writes the runs that a tracker lacks or has otherwise
    command        `nvp export-runs STUDY --to NAME`
    follow         the process that does so while a study runs

Reads tables, and needs neither torch nor ray. The package of a tracker is imported when it is used.
"""
