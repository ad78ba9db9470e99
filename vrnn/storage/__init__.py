"""Files and folders, notes and plug-ins: read and written with care."""
