"""The log of faults, in tests."""

from vrnn.storage.fault_log import fault_log


def faults_in() -> str:
    """What stands in the log; '' while there is none."""
    return fault_log.file.read_text() if fault_log.file.exists() else ""
