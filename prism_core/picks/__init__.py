"""What people chose, kept on this machine: preferences from which heads can be trained later."""
