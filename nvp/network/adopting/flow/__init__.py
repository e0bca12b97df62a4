"""The labelled pass: one forward pass finds who reads whom in any network.

    slot_table     the entries of parameters, numbered; which go together, which must stay
    trails         what runs beside each tensor: the entries of parameters that it comes from
    operation      one operation below autograd
    labelled_pass  the forward pass that follows each operation
    heads          heads of attention, from their product to the weight that reads them
    rules/         how each kind of operation passes the entries on
    layers         from entries to layers, units and groups
    batch          along which dimension images lie where neurons are seen

A unit is a set of entries that are connected by what the operations have joined.
"""
