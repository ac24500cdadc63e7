"""Where a planned call comes from: its values, what the user asked for, and the instructions that would explain it."""
