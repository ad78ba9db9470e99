"""What the Display panel says of maps in memory."""

from vrnn.ui.panels.display import residency_rows
from vrnn.workspace.map_residency import Residency


def test_budgets_and_what_is_there_are_told():
    status = Residency(
        1 << 30, 21, 370, 900 << 20, 2 << 30, 1500 << 20, 466, 815, 443, 11.64 * 2**20
    )
    assert residency_rows(status) == [
        ("on the GPU", "900 MB of 1,024 MB"),
        ("whole there", "443 of 815 layers"),
        ("in main memory", "1,500 MB of 2,048 MB"),
        ("whole there", "466 of 815 layers"),
        ("sent to the GPU", "11.6 MB a second"),
    ]


def test_what_is_no_map_of_a_layer_and_counts_as_such_is_told():
    status = Residency(1 << 30, 0, 0, host_held={"portraits": 3 << 20, "pinned copies": 0})
    rows = residency_rows(status)
    assert ("of it portraits", "3 MB") in rows
    assert not any("pinned" in name for name, _ in rows)


def test_without_a_budget_none_is_told():
    assert ("in main memory", "0 MB") in residency_rows(Residency(1 << 30, 0, 0))
