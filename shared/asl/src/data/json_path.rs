//! JSONPath as AWS runs it.
