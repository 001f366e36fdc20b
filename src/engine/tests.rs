//! The engine by its events: before, keys, after.
