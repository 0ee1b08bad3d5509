//! What HTTP servers answer that they should not.
