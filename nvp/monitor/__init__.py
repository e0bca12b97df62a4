"""The same rows from somebody else's training loop: `nvp.Monitor`.

    monitor          Monitor: observe a network epoch by epoch, and finish its trial
    monitored_trial  a trial from its first observation to its row
    configuration    the free configuration of a monitored trial, and the name that it gives
    measured         what the loop itself measured: losses, accuracies, the learning rate
    probe            the examples that the network is observed over
    watched          the network that is observed, adopted where it has to be
    measuring        one observation of a network
    observed_rows    an observation as rows of the tables
    marks            the masks and deaths that the next observation is compared with
    changes          what happened to the network between two observations
    going_on         refuses another probe or network for a trial that goes on
    entry            an observation as one file
    log              the files of a trial's observations, from which its tables are made
    recording        the rows of a trial on their way to storage
    study_entry      the trials and the starts of a monitored study in its study.json
    own_modules      the user's own modules that a trial depends on
    one_monitor      one monitor for each trial
    arguments        what a callback of a trainer hands on to its Monitor
    lightning        NeuronMonitor, a callback of Lightning's Trainer
    hugging_face     NeuronMonitor, a callback of Hugging Face's Trainer

A trial is named by its configuration and seed, as ours are. Others start with `Monitor`.
"""
