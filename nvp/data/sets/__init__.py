"""Data sets: one file each, which declares a `DataSet`; `nvp.data` has the registry."""
