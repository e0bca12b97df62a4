"""A network of neurons: the module that is watched, masked and removed.

    neuron_layer      NeuronLayer: affine -> norm -> keep mask (-> + residual) -> activation
    norms             normalisations: which keep neurons apart, which mix them, and psBN
    subsample         the residual shortcut without parameters
    masked_index      the indices at which masks are False
    groups            finding layers, groups masked together, and the maps that read them
    group             Group: units that are masked together, with all entries that are theirs
    entries           entries of a parameter: set to 0, or kept alone, moments along
    held_weights      masked weights stay 0 in a loop of somebody else's
    tap               seeing, and replacing, what the neurons of any network put out
    neuron_masks      masking neurons, with all weights that touch them
    weight_masks      masking single weights
    wiring            which layer reads which, and how much signal flows there
    ties              one tensor that a network has under several names
    removal           removing masked neurons physically (shrinking)
    constant_folding  folding neurons with a constant output into the biases of their readers
    dense_index       where the parameters of a shrunk network were in the dense one
    dropout           dropout that draws the same after a removal
    dispatch_mode     the mode that sees each operation below autograd
    flops             floating-point operations for one image
    precision         forward passes in float32 or bfloat16
    train_state       everything that changes while training
    own_networks/     checks of networks of NeuronLayer, made when they are built
    adopting/         finding the neurons of any module
    adopted/          networks that were adopted: masks and names beside a user's module

Others find neurons with `neuron_layers` and `find_groups` of `groups`, and in no other way. Both
answer the same for networks of `NeuronLayer` and for adopted ones.
"""
