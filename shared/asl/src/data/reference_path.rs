//! Paths that name one place in a document.
