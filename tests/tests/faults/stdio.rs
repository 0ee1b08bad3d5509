//! What programs write that they should not, and what they do not write.
