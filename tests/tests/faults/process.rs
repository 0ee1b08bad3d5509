//! Processes and their trees: nothing is left behind.
