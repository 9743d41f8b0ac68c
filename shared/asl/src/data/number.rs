//! JSON text with numbers as Java prints them.
