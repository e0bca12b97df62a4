"""The papers' claims and published numbers beside our findings: docs/reproduction.md.

page          writes the page from its template, reproduction.md.j2
claim         a claim, and the comparison or number that tests it
claims/       CLAIMS: all of them, by source
findings      what the studies measured of the claims, corrected as families
verdict       whether a finding agrees with a claim, and a number with a published one
evidence      the rows of claims and of primary contrasts
runs          what ran, in words, and how well its networks classify
shares        numbers that some claims are about by themselves
published     published accuracies beside ours; reference.csv has them
bars          published bars of dead and pruned neurons; bars.csv has them
imagenet      the published table of ResNet-50; imagenet.csv has it
layer_rates   published pruning rates of layers; layer_rates.csv has them
layer_deaths  published fractions of dead neurons by layer; layer_deaths.csv has them
"""
