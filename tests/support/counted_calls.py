"""How much Python does, in calls of functions: the same on every machine and under any load."""

from cProfile import Profile


def calls_of(work):
    """Return what a function without arguments returns, and how many calls its thread made."""
    profile = Profile()
    profile.enable()
    try:
        result = work()
    finally:
        profile.disable()
    return result, sum(entry.callcount for entry in profile.getstats())
