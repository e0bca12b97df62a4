"""What figures look like and what things are called in them.

style     colours, sizes, orders, and saving a figure
words     names of keys, columns and levels, with units
captions  what a figure says of itself: how many seeds, what it leaves out
"""
