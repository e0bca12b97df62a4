"""The same sweep by nvp and by a script of Ray Tune alone, each as one whole command.

script   the sweep as one writes it with Ray Tune, torch and a DataLoader; frozen by its hash
study    the sweep as a study of nvp
compare  runs both in turn, and compares their seconds: `python -m benchmarks.plain_tune`
mnist_script, mnist_study, compare_mnist  the same of eight trials of a laptop study
"""
