"""vrnn from Python: one file for each kind of question, handed out by `vrnn` itself."""

from vrnn.api.pictures import render as render  # a former name that still works
