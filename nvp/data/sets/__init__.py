"""Data sets: one file for each, which declares a `DataSet`; `nvp.data` has the registry.

cifar10, cifar100, fashion_mnist, mnist   downloaded by torchvision
digits                                    embedded: it comes with nvp
tiny_imagenet, imagenet, image_folder     folders of image files, by class
torchvision_sets                          downloading and reading what torchvision knows
idx_files                                 the files of MNIST and its relatives, read without it

A file has the facts of its set and `load(root)`; a line in DATASETS names it.
"""
