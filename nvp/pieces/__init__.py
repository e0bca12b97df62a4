"""The pieces by themselves, for a loop of one's own: observe, prune and shrink any network.

    observe          nvp.observe: what each neuron does over some inputs
    prune            nvp.prune: one-shot pruning by the criterion of any method
    prune_checks     what it cannot do on a network or its inputs, said before anything changes
    shrink           nvp.shrink: masked neurons are removed for good
    seen_network     the network that nvp sees, or what to do that it sees one
    batches          inputs as a user has them: a tensor, a loader, any iterable of batches

They work on networks that were adopted (`nvp.adopt`) and on networks of `NeuronLayer`.
"""
