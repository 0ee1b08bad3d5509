//! What clients do to the fronts, and how the server ends.
