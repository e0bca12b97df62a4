"""What a trial is: its configuration, its name, and the axes that a study sweeps.

    trial_config    TrialConfig and its sections: frozen dataclasses of plain JSON values
    sections/       the sections that have a file of their own
    identity        the name of a trial: a hash of what differs from the defaults
    revision        new names for the trials whose results a fix moved
    dotted_paths    reading and replacing the fields of a configuration by dotted paths
    extra           the open settings of a section, for what a user names there
    own_settings    which settings a user's function takes
    annotations     a value in the type that a parameter is annotated with
    dotted_names    `package.module:attribute`, imported where it is looked up
    user_modules    the user's modules that dotted names reach
    fields          fields that know their type, range and meaning
    numbers         numbers as a design holds them: plain, of at most 12 digits
    registry        looking a name up, and naming the nearest one when it is not there
    space           the axes of a design: grid, uniform, log_uniform, integers, conditions
    environment     the variables NVP_..., read and checked in one place
    closed_pipe     a reader that went away (`| head`): a command ends quietly
    cores           how many cores this process may use
    memory          whether an exception says that memory ran out
    whole_file      a local file that is written whole, or stays as it was
    command_parser  the parser of every command line
    seed            named random streams, each a function of (seed, stream, epoch)

Others use the configuration classes, `trial_id`, `look_up` and `make_generator` most.
"""
