"""The GPU campaign: a fixed list of measurements and studies, worked off in pieces of minutes.

item        one entry of the list: a command, and how long it needs
items       the list, most valuable first
runner      works it off until the time is over; what has run is known from the folder
record      what became of an item: a JSON file; the machine; the summary
bundle      the folder as one small file that is easily carried, and back
without_paths  the study.json of a bundle names no path of its machine
shortened   paper presets at 30 epochs
merge       brings a campaign's results into evidence/ and the documents
directions  the quick studies of a GPU against those of a CPU
section     what the merge writes into docs/benchmarks.md

`python -m benchmarks.campaign --minutes 9`; docs/gpu.md says what it needs.
"""
