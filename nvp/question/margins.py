"""Margins: how small a difference must be to count as none, stated before a study runs.

Without one, nothing can show that two things are alike: a verdict is then "undecided".
"""

from nvp.question.question import Margin

OF_DEATHS = Margin(
    0.01,
    "one neuron in a hundred; the smallest effect on deaths that a source shows is 0.06 "
    "(about 1,955 to 1,674 of 4,800 channels)",
)
OF_ACCURACY = Margin(0.01, "one image in a hundred; what all trade-offs here count as no loss")
OF_READ_ACCURACY = Margin(0.005, "an accuracy that is read off a figure is known no better")
OF_LENETS = Margin(0.005, "half of the error of a LeNet on MNIST, which is about 1 %")
OF_REMOVED = Margin(0.07, "the source calls about 300 and about 340 of 576 channels as many")
OF_WEIGHTS = Margin(0.01, "the sources state shares of weights in whole percents")
