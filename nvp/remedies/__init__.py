"""Remedies against the loss of plasticity: what resets, renews or regularises while a trial trains.

    remedy          the type of a row of REMEDIES, and what a remedy does in a step and at a border
    redo            ReDo: dormant neurons are reset
    cbp             continual backprop: the least useful neurons are reset, a few at a time
    maturity        which of them are old enough, counted on the host
    snr             self-normalised resets: neurons that are silent for unusually long are reset
    shrink_perturb  weights shrink, and get noise
    l2_init         weights are pulled to their initial values
    ln_decay        decay of weights beside layer norm
    head            the output layer is drawn anew at each border
    fresh           the whole network is: the baseline without a past
    resetting       what remedies that reset neurons have in common
    neurons         which neurons can be reset, and who reads them
    neuron_reset    the reset of a neuron
    initial_law     the law of a layer's initial weights
    adam_counts     Adam's bias correction for entries that were reset
    fresh_network   the network of a trial, drawn anew
    own             a user's remedy, by a dotted name
    check           what a remedy needs of a trial, checked on the driver
    treatment       the remedy of a trial at work

To add one: a file here that declares a `Remedy`, a line in REMEDIES, and a card in docs/remedies. A
user's own needs neither: `remedy.name=package.module:attribute` names it.
"""

from nvp.remedies import cbp, fresh, head, l2_init, ln_decay, redo, shrink_perturb, snr
from nvp.remedies.remedy import Acting, Remedy, Treated

REMEDIES: dict[str, Remedy] = {
    "none": Remedy(
        summary="no remedy: the network ages undisturbed", start=lambda treated: Acting()
    ),
    "redo": redo.REMEDY,
    "cbp": cbp.REMEDY,
    "snr": snr.REMEDY,
    "shrink_perturb": shrink_perturb.REMEDY,
    "shrink_perturb_steps": shrink_perturb.IN_STEPS,
    "l2_init": l2_init.REMEDY,
    "ln_decay": ln_decay.REMEDY,
    "head": head.REMEDY,
    "fresh": fresh.REMEDY,
}
"""The remedies by name; `remedy.name` takes a name of it."""

__all__ = ["REMEDIES", "Acting", "Remedy", "Treated"]
