"""What the papers claim, beside what our studies found: docs/reproduction.md.

page         the page
claim        a claim and what tests it; claims/ has them all
evidence     what the tables of studies say of a claim
verdict      how a finding lies to a claim
shares       numbers that a claim is about by themselves
published    published accuracies beside ours; bars, imagenet and layer_rates: other tables
"""
