"""Where results are kept: a folder or a bucket, five tables, one driver at a time.

store      files that appear whole or not at all, locally or in an object store
lock       one driver for each study folder; a kernel lock, or a lease
lease      the lease, for buckets and network mounts
schema     every column of every table
codec      rows to the bytes of an Arrow file, and back
writer     the rows of a running trial, and the row that commits it
reader     what is finished, and the rows of it
archive    many finished trials in one file a table
compact    putting finished trials into the archive
incidents  what went wrong around the trials
"""
