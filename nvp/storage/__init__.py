"""Where results are kept: a folder or a bucket, five tables, one driver at a time.

    store         files that appear whole or not at all, locally or in an object store
    place         a place as a user names it: a path or a URI, without keys in it
    unreachable   error messages for a storage that cannot be reached
    json_object   JSON objects that carry their checksum
    sealed        files whose name carries the checksum of their content
    owner         whose a file is: the trial inside, held against its folder
    lock          one driver for each study folder: a kernel lock, or a lease
    lease         the lease, for buckets and network mounts
    columns       the types of columns, their meanings and units
    schema        every column of every table
    codec         rows to the bytes of an Arrow file, and back
    writer        the rows of a running trial, and the row that commits it
    index         which trials are finished, and which files hold their rows
    reader        the rows of a table, and the error of a trial in one line
    archive       reading packs: many finished trials in one file a table
    compact       writing packs: `nvp compact STUDY`
    plans         the plans in study.json, and the command that runs a trial of one again
    study_folder  the folder of a study's preset, and its study.json
    studies       the studies of a storage, and the arguments that name one
    leftovers     temporary files of processes that ended while they wrote
    incidents     what went wrong around the trials

Others start with `open_study`, `read_index` and `read_table` to read, with `TrialWriter` to write.
"""
