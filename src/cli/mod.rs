//! (being built)

#[cfg(feature = "sim")]
pub mod platform;
