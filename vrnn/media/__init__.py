"""Where images come from: files, data sets, cameras, the clipboard, and noise. No torch."""
