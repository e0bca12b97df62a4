"""Pretrained weights: what `model.weights` names, where its file is, its way into a network.

    constructor          the function that builds a model, and its library
    source               Source: where a file is, or comes from
    naming               which source `model.weights` names
    torchvision_weights  torchvision:IMAGENET1K_V2
    timm_weights         timm:a1_in1k
    download             a file from the network, whole or not at all
    fetching             the driver's part (fetch), and a trial's (find_copy): they have one file
    own_downloads        constructors that would download by themselves
    tensors              reading the tensors of a file
    loading              their way into a network

The driver fetches each file once, before anything starts. A trial only reads it, and only if it has
the SHA-256 of the driver's.
"""

from nvp.models.pretrained.fetching import Weights, fetch, find_copy, find_weights
from nvp.models.pretrained.loading import load_module, load_torchvision, load_weights
from nvp.models.pretrained.naming import find_source
from nvp.models.pretrained.own_downloads import refuse_own_download
from nvp.models.pretrained.source import Source
from nvp.models.pretrained.tensors import read_weights

__all__ = [
    "Source",
    "Weights",
    "fetch",
    "find_copy",
    "find_source",
    "find_weights",
    "load_module",
    "load_torchvision",
    "load_weights",
    "read_weights",
    "refuse_own_download",
]
